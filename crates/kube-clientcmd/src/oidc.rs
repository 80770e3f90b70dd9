//! Implements client-go's auth provider `oidc` (`plugin/pkg/client/auth/oidc`): takes an ID token from the kubeconfig,
//! refreshes it when it has expired, and writes the new one back.
//!
//! There is no interactive login.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::base64_data::{Base64Error, decode, not_base64};
use super::blocking::{Interrupted, finish_blocking};
use super::credential::Credential;
use super::environment::Environment;
use super::headers::{InvalidHeader, bearer};
use super::oidc_file::{self, WriteBackError};
use super::oidc_issuer::{Issuer, IssuerError};
use super::trust::{Trust, TrustError};
use crate::go::errors::PathError;

/// How long before its expiry a token counts as expired.
const EXPIRY_DELTA: SignedDuration = SignedDuration::from_secs(10);

/// The `config` of an auth provider cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum SettingsError {
    #[error("Must provide {0}")]
    Missing(&'static str),
    #[error(transparent)]
    Base64(#[from] Base64Error),
    #[error(transparent)]
    File(#[from] PathError),
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// There is no valid ID token. The messages are client-go's.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum OidcError {
    #[error("No valid id-token, and cannot refresh without refresh-token")]
    NoRefreshToken,
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    #[error(
        "token response did not contain an id_token, either the scope \"openid\" wasn't requested upon login, or the provider doesn't support id_tokens as part of the refresh response"
    )]
    NoIdToken,
    #[error("could not persist new tokens: {0}")]
    WriteBack(#[from] WriteBackError),
    #[error("ID Token is not a valid JWT")]
    NotAJwt,
    #[error(transparent)]
    Base64(#[from] Base64Error),
    #[error("parsing claims: no time of expiry")]
    NoExpiry,
    #[error(transparent)]
    Token(#[from] InvalidHeader),
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// The settings of a user's auth provider and the kubeconfig file with them.
pub(super) struct Oidc {
    settings: Arc<Mutex<BTreeMap<String, String>>>,
    issuer: Issuer,
    user: String,
    file: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Claims {
    /// Seconds since 1970; 0 if absent.
    #[serde(default)]
    exp: Seconds,
}

/// A number, or a string with a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

impl Default for Seconds {
    fn default() -> Self {
        Self::Number(0.0)
    }
}

impl Seconds {
    /// Returns the time; [`Timestamp::MAX`] if it is later than that.
    fn timestamp(&self) -> Option<Timestamp> {
        let seconds = match self {
            Self::Number(number) => *number,
            Self::Text(text) => serde_json::from_str(text).ok()?,
        };
        let max = Timestamp::MAX;
        if seconds >= max.as_second() as f64 {
            return Some(max);
        }
        Timestamp::from_second(seconds as i64).ok()
    }
}

impl Oidc {
    /// Returns the auth provider with the `config` of the user `user` in the kubeconfig `file`.
    ///
    /// # Errors
    /// A setting is missing, or the issuer's certificate authority cannot be used.
    pub(super) fn new(
        settings: BTreeMap<String, String>,
        user: &str,
        file: Option<PathBuf>,
        environment: &Environment,
        user_agent: HeaderValue,
    ) -> Result<Self, SettingsError> {
        let given = |key: &str| settings.get(key).filter(|value| !value.is_empty());
        let required = |key| given(key).cloned().ok_or(SettingsError::Missing(key));
        let url = required("idp-issuer-url")?;
        let client_id = required("client-id")?;
        let bundle = match (
            given("idp-certificate-authority-data"),
            given("idp-certificate-authority"),
        ) {
            (Some(data), _) => Some(decode(data)?),
            (None, Some(path)) => {
                Some(std::fs::read(path).map_err(|error| PathError::open(path.as_ref(), error))?)
            }
            (None, None) => None,
        };
        let trust = Trust::new(bundle, false, None)?;
        let client_secret = given("client-secret").cloned().unwrap_or_default();
        Ok(Self {
            settings: Arc::new(Mutex::new(settings)),
            issuer: Issuer {
                url,
                client_id,
                client_secret,
                trust,
                environment: environment.clone(),
                user_agent,
            },
            user: user.to_owned(),
            file,
        })
    }

    /// Returns the current ID token, or a new one if it has expired or `is_rejected` by the server. A new one is written to
    /// the kubeconfig before it is used.
    ///
    /// # Errors
    /// The issuer returned no token, or the kubeconfig cannot be written.
    pub(super) async fn token(&self, is_rejected: bool) -> Result<Credential, OidcError> {
        let mut settings = Arc::clone(&self.settings).lock_owned().await;
        let given = |key: &str| settings.get(key).filter(|value| !value.is_empty());
        if let Some(token) = given("id-token") {
            let expires = expiry(token)?;
            if !is_rejected && Timestamp::now() < expires {
                return Ok(Credential::with_header(bearer(token)?, Some(expires)));
            }
        }
        let refresh_token = given("refresh-token").ok_or(OidcError::NoRefreshToken)?;
        let tokens = self.issuer.refresh(refresh_token).await?;
        let Some(token) = tokens.id_token else {
            return Err(OidcError::NoIdToken);
        };
        let mut fresh = settings.clone();
        if let Some(refresh_token) = tokens.refresh_token {
            fresh.insert("refresh-token".to_owned(), refresh_token.to_string());
        }
        fresh.insert("id-token".to_owned(), token.to_string());
        // The issuer may have invalidated the old refresh token: the new one must not be lost, even if this future is
        // dropped.
        let (file, user) = (self.file.clone(), self.user.clone());
        finish_blocking(move || {
            if let Some(file) = file {
                oidc_file::write_back(&file, &user, &fresh)?;
            }
            *settings = fresh;
            Ok::<_, OidcError>(())
        })
        .await?;
        // A token without a readable expiry is still sent: the server decides.
        Ok(Credential::with_header(
            bearer(&token)?,
            expiry(&token).ok(),
        ))
    }
}

/// Returns the time at which an ID token counts as expired.
///
/// # Errors
/// The token is not a JWT, or has no valid time of expiry.
fn expiry(token: &str) -> Result<Timestamp, OidcError> {
    let parts: Vec<&str> = token.split('.').collect();
    let [_, claims, _] = parts.as_slice() else {
        return Err(OidcError::NotAJwt);
    };
    let claims = URL_SAFE_NO_PAD
        .decode(claims)
        .map_err(|error| not_base64(&error, claims))?;
    let claims: Claims = serde_json::from_slice(&claims).map_err(|_| OidcError::NoExpiry)?;
    claims
        .exp
        .timestamp()
        .and_then(|expires| expires.checked_sub(EXPIRY_DELTA).ok())
        .ok_or(OidcError::NoExpiry)
}
