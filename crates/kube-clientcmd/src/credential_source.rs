//! Obtains the user's credential from its source and keeps it until it expires.
//!
//! The source is used again when the credential has expired or the server has rejected it; concurrent callers share the
//! result. Credentials are neither sent over plain HTTP nor printed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::blocking::run_blocking;
use super::credential::Credential;
use super::credential_error::{CredentialCause, CredentialError};
use super::exec_plugin::ExecPlugin;
use super::headers::bearer;
use super::oidc::Oidc;
use crate::go::errors::PathError;

/// How long a token from a file is used before the file is read again: client-go's one minute less ten seconds
/// (`transport/token_source.go`).
const TOKEN_FILE_PERIOD: SignedDuration = SignedDuration::from_secs(50);

/// The source of a credential.
pub(super) enum CredentialSource {
    /// No credential, or only the user's client certificate.
    None,
    /// A constant `Authorization` header.
    Fixed(HeaderValue),
    /// A token file, and the token to use if the file cannot be read.
    TokenFile(PathBuf, Option<String>),
    /// An exec plugin.
    ExecPlugin(Box<ExecPlugin>),
    /// client-go's auth provider `oidc`.
    Oidc(Box<Oidc>),
    /// No usable source.
    Unavailable(CredentialError),
}

/// A source and the latest credential from it.
pub(super) struct Credentials {
    source: CredentialSource,
    current: Mutex<Option<Arc<Credential>>>,
}

impl Credentials {
    /// Returns credentials that use `source` at the first call of [`Credentials::current`].
    pub(super) fn new(source: CredentialSource) -> Self {
        Self {
            source,
            current: Mutex::new(None),
        }
    }

    /// Returns whether obtaining a credential may prompt the user.
    pub(super) fn can_prompt(&self) -> bool {
        matches!(&self.source, CredentialSource::ExecPlugin(plugin) if plugin.can_prompt())
    }

    /// Returns the current credential; obtains one if there is none or it has expired.
    ///
    /// # Errors
    /// The source failed.
    pub(super) async fn current(&self) -> Result<Arc<Credential>, CredentialError> {
        let mut current = self.current.lock().await;
        if let Some(credential) = current.as_ref().filter(|it| !it.has_expired()) {
            return Ok(Arc::clone(credential));
        }
        self.obtain(&mut current, false).await
    }

    /// Returns a new credential in place of `rejected`; `None` if the source cannot have another one. Of concurrent callers
    /// with the same rejected credential, one uses the source.
    ///
    /// # Errors
    /// The source failed.
    pub(super) async fn refresh_rejected(
        &self,
        rejected: &Arc<Credential>,
    ) -> Result<Option<Arc<Credential>>, CredentialError> {
        if matches!(
            self.source,
            CredentialSource::None | CredentialSource::Fixed(_) | CredentialSource::Unavailable(_)
        ) {
            return Ok(None);
        }
        let mut current = self.current.lock().await;
        if let Some(credential) = current.as_ref().filter(|it| !Arc::ptr_eq(it, rejected)) {
            return Ok(Some(Arc::clone(credential)));
        }
        // A replacement that no server has accepted yet: a further one would be rejected too.
        if rejected.is_replacement && !rejected.accepted.load(Ordering::Relaxed) {
            return Ok(None);
        }
        self.obtain(&mut current, true).await.map(Some)
    }

    async fn obtain(
        &self,
        current: &mut Option<Arc<Credential>>,
        is_rejected: bool,
    ) -> Result<Arc<Credential>, CredentialError> {
        let mut fresh = match &self.source {
            CredentialSource::None => Credential::default(),
            CredentialSource::Fixed(authorization) => Credential {
                authorization: Some(authorization.clone()),
                ..Credential::default()
            },
            CredentialSource::TokenFile(path, fallback) => {
                match (read_token(path).await, fallback, &*current) {
                    (Ok(token), ..) => {
                        let expires = Timestamp::now().saturating_add(TOKEN_FILE_PERIOD).ok();
                        Credential::with_header(bearer(&token)?, expires)
                    }
                    // The file can no longer be read: keeps its last token.
                    (Err(_), _, Some(last)) => Credential {
                        authorization: last.authorization.clone(),
                        expires: Timestamp::now().saturating_add(TOKEN_FILE_PERIOD).ok(),
                        ..Credential::default()
                    },
                    (Err(_), Some(token), None) => Credential::with_header(bearer(token)?, None),
                    (Err(error), None, None) => return Err(error),
                }
            }
            CredentialSource::ExecPlugin(plugin) => plugin.run().await?,
            CredentialSource::Oidc(oidc) => oidc.token(is_rejected).await?,
            CredentialSource::Unavailable(error) => return Err(error.clone()),
        };
        // The issuer's clock differs, or the lifetime is very short. Leaves the decision to the server; otherwise the source
        // would be used before every request.
        if fresh.has_expired() {
            fresh.expires = None;
        }
        fresh.is_replacement = is_rejected;
        let fresh = Arc::new(fresh);
        *current = Some(Arc::clone(&fresh));
        Ok(fresh)
    }
}

/// Reads a token file on a blocking thread.
async fn read_token(path: &Path) -> Result<Zeroizing<String>, CredentialError> {
    let path = path.to_owned();
    run_blocking(move || read_token_blocking(&path)).await
}

/// Reads the token in a file and trims white space.
fn read_token_blocking(path: &Path) -> Result<Zeroizing<String>, CredentialError> {
    let bytes = Zeroizing::new(
        std::fs::read(path)
            .map_err(|error| CredentialCause::TokenFile(PathError::open(path, error)))?,
    );
    let token = String::from_utf8_lossy(&bytes).trim().to_owned();
    if token.is_empty() {
        return Err(CredentialCause::EmptyTokenFile(path.to_owned()).into());
    }
    Ok(Zeroizing::new(token))
}

#[cfg(test)]
mod tests;
