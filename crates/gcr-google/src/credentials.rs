//! Finds the operator's credentials for Google and gets access tokens from them.
//!
//! | source | file |
//! |---|---|
//! | a file with an access token | `access_token_file` |
//! | a credential file, by its `type` | `credential_file`: `service_account`, `authorized_user`, `impersonated_service_account`, `external_account` |
//! | the gcloud program | `gcloud` |
//! | the metadata server of Google Cloud | `metadata_server` |
//!
//! `gcp_auth` signs for service account keys (see `jwt`). The rest is done here, because its `provider()` reads only service
//! account keys from `GOOGLE_APPLICATION_CREDENTIALS`, ignores `CLOUDSDK_CONFIG`, `GCE_METADATA_HOST` and proxies, runs gcloud
//! as a blocking process and guesses the expiry of its token, waits without limit for a metadata server, knows neither
//! impersonation nor workload identity federation nor quota projects, and drops the reason of every failure.

mod access_token_file;
mod authorized_user;
mod credential_error;
mod credential_file;
mod external_account;
mod gcloud;
mod impersonated_service_account;
mod metadata_server;
mod program;
mod search;
mod service_account;
mod shared_token;
mod subject_token;

use futures_util::future::BoxFuture;

pub use credential_error::{CredentialError, SourceError};
pub use search::{CredentialOptions, find};
pub use shared_token::SharedToken;

use crate::issued_token::IssuedToken;

/// A source of access tokens.
pub trait TokenSource: Send + Sync {
    /// Gets a new token.
    fn token<'a>(
        &'a self,
        scopes: &'a [&'a str],
    ) -> BoxFuture<'a, Result<IssuedToken, SourceError>>;
}

/// The type of the account behind a credential.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AccountType {
    /// A person. Google bills a project for the person's requests, so requests must name one.
    User,
    /// A service account, whose own project is billed.
    Service,
    /// Not known, as for an access token.
    Unknown,
}

/// The credentials that were found, and how.
#[derive(Debug)]
pub struct Credentials {
    /// The tokens.
    pub token: SharedToken,
    /// The type of the account that the tokens stand for.
    pub account_type: AccountType,
    /// The project that the credential file names for billing.
    pub quota_project: Option<String>,
}

impl Credentials {
    /// Returns the project for the header `x-goog-user-project`: the flag's, the credential file's, or for a person
    /// `project`.
    #[must_use]
    pub fn billing_project(&self, flag: Option<&str>, project: Option<&str>) -> Option<String> {
        let of_user = project.filter(|_| self.account_type == AccountType::User);
        let file = self.quota_project.as_deref();
        flag.or(file).or(of_user).map(str::to_owned)
    }
}
