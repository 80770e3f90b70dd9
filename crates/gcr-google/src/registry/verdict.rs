//! Decides what a response means. Matches the code and a keyword, never a whole sentence: Google's wording changes.

use std::fmt;

use http::StatusCode;

use crate::api_error::ApiError;

/// The result of proving a credential. The names are stable.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Verdict {
    /// The registry accepts the credential for the requested pull.
    Ok,
    /// The password is no service account key.
    NotAKey,
    /// The credential cannot be decoded.
    BadEncoding,
    /// The key was deleted, disabled or has expired: Google does not tell them apart.
    KeyRevoked,
    /// The service account does not exist.
    AccountDeleted,
    /// The service account is disabled.
    AccountDisabled,
    /// The clock of this machine is wrong.
    ClockSkew,
    /// The access token has expired or was revoked.
    TokenExpired,
    /// The registry refuses the credential for an unknown reason.
    Unauthorized,
    /// No credential reached the registry.
    NoCredentialForHost,
    /// The role is missing, or the repository: Google does not tell them apart.
    PermissionDenied,
    /// The API of Artifact Registry is not enabled.
    ApiDisabled,
    /// The repository does not exist.
    RepositoryNotFound,
    /// The image or tag does not exist. The credential works.
    ImageNotFound,
    /// The project still uses the Container Registry, which is shut down.
    NotMigrated,
    /// The registry does not respond.
    RegistryUnreachable,
    /// The registry is overloaded or temporarily out of order.
    RegistryBusy,
    /// The response has no known meaning.
    Unrecognized,
}

impl Verdict {
    /// Returns the stable name, such as `key-revoked`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotAKey => "not-a-key",
            Self::BadEncoding => "bad-encoding",
            Self::KeyRevoked => "key-revoked",
            Self::AccountDeleted => "account-deleted",
            Self::AccountDisabled => "account-disabled",
            Self::ClockSkew => "clock-skew",
            Self::TokenExpired => "token-expired",
            Self::Unauthorized => "unauthorized",
            Self::NoCredentialForHost => "no-credential-for-host",
            Self::PermissionDenied => "permission-denied",
            Self::ApiDisabled => "api-disabled",
            Self::RepositoryNotFound => "repository-not-found",
            Self::ImageNotFound => "image-not-found",
            Self::NotMigrated => "not-migrated",
            Self::RegistryUnreachable => "registry-unreachable",
            Self::RegistryBusy => "registry-busy",
            Self::Unrecognized => "unrecognized",
        }
    }

    /// Returns what the verdict means, in words that follow the registry's name.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "the credential works",
            Self::NotAKey => "the password is no service account key",
            Self::BadEncoding => "the credential cannot be decoded",
            Self::KeyRevoked => "the key was deleted, disabled or has expired",
            Self::AccountDeleted => "the service account does not exist",
            Self::AccountDisabled => "the service account is disabled",
            Self::ClockSkew => "the clock of this machine is wrong",
            Self::TokenExpired => "the access token has expired or was revoked",
            Self::Unauthorized => "the registry refuses the credential",
            Self::NoCredentialForHost => "no credential reached the registry",
            Self::PermissionDenied => "the role is missing, or the repository does not exist",
            Self::ApiDisabled => "the API artifactregistry.googleapis.com is not enabled",
            Self::RepositoryNotFound => "the repository does not exist",
            Self::ImageNotFound => "the image or tag does not exist; the credential works",
            Self::NotMigrated => "the project was never migrated to Artifact Registry",
            Self::RegistryUnreachable => "the registry does not respond",
            Self::RegistryBusy => "the registry is temporarily unable to respond",
            Self::Unrecognized => "the response is not known",
        }
    }

    /// Returns whether the same credential may work some minutes later: after a key or a binding was created.
    #[must_use]
    pub fn may_pass(self) -> bool {
        !matches!(
            self,
            Self::Ok | Self::NotAKey | Self::BadEncoding | Self::NotMigrated | Self::ImageNotFound
        )
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Returns what the refusal of a key by its token endpoint means; `None` if it says nothing about the key.
pub(super) fn of_key_refusal(error: &ApiError) -> Option<Verdict> {
    let message = error.message().to_lowercase();
    let says = |word: &str| message.contains(word);
    match error.code() {
        "disabled_client" => Some(Verdict::AccountDisabled),
        "invalid_grant" if says("disabled") => Some(Verdict::AccountDisabled),
        "invalid_grant" if says("not found") => Some(Verdict::AccountDeleted),
        "invalid_grant" if says("timeframe") || says("short-lived") => Some(Verdict::ClockSkew),
        "invalid_grant" if says("signature") => Some(Verdict::KeyRevoked),
        "invalid_grant" => Some(Verdict::Unauthorized),
        _ => None,
    }
}

/// Returns what an error of a registry or its token endpoint means. `is_access_token` says what the credential is.
pub(super) fn of_registry_error(error: &ApiError, is_access_token: bool) -> Verdict {
    let message = error.message().to_lowercase();
    let says = |word: &str| message.contains(word);
    if says("unable to parse json key") {
        return Verdict::NotAKey;
    }
    if error.status() == StatusCode::PRECONDITION_FAILED {
        return Verdict::NotMigrated;
    }
    if says("repo does not exist") {
        return Verdict::RepositoryNotFound;
    }
    if says("has not been used in project") || says("api is disabled") || says("service_disabled") {
        return Verdict::ApiDisabled;
    }
    match (error.status().as_u16(), error.code()) {
        (_, "NAME_UNKNOWN") => Verdict::RepositoryNotFound,
        (_, "MANIFEST_UNKNOWN") => Verdict::ImageNotFound,
        (401 | 403, _) if says("unauthenticated request") || says("no credential was supplied") => {
            Verdict::NoCredentialForHost
        }
        (401, _) if is_access_token => Verdict::TokenExpired,
        (401, _) => Verdict::Unauthorized,
        (403, _) if error.code() == "DENIED" || says("permission") || says("denied") => {
            Verdict::PermissionDenied
        }
        (429 | 500 | 502 | 503 | 504, _) => Verdict::RegistryBusy,
        _ => Verdict::Unrecognized,
    }
}

#[cfg(test)]
mod tests;
