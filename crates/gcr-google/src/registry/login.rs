//! Holds the user and password of an entry of a Docker config, and recognizes what they are.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_core::domain::redactor::Redactor;
use gcr_core::domain::service_account_key::ServiceAccountKey;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::verdict::Verdict;

/// A user and a password for a registry.
#[derive(Clone)]
pub struct Login {
    /// The user, which is public.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// Identifies a login without its password.
pub(super) type LoginDigest = [u8; 32];

/// The type of a login, by its user.
pub(super) enum LoginKind {
    /// A service account key.
    Key(Box<ServiceAccountKey>),
    /// An access token.
    AccessToken,
    /// Anything else.
    Other,
}

/// A password that does not fit its user.
pub(super) struct InvalidLogin {
    pub(super) verdict: Verdict,
    pub(super) reason: String,
}

impl Login {
    /// Creates a login.
    #[must_use]
    pub fn new(username: impl Into<String>, password: SecretString) -> Self {
        Self {
            username: username.into(),
            password,
        }
    }

    pub(super) fn digest(&self) -> LoginDigest {
        let mut hash = Sha256::new();
        hash.update(self.username.as_bytes());
        // A user contains no colon, at which clients split it from the password.
        hash.update(b":");
        hash.update(self.password.expose_secret().as_bytes());
        hash.finalize().into()
    }

    /// Returns the type of the login, and adds its secrets to the redactor.
    pub(super) fn kind(&self, redactor: &Redactor) -> Result<LoginKind, InvalidLogin> {
        let password = self.password.expose_secret();
        let file = match self.username.as_str() {
            "_json_key" => Zeroizing::new(password.as_bytes().to_vec()),
            "_json_key_base64" => {
                redactor.add_secret(password);
                let decoded = STANDARD.decode(password.trim()).map_err(|_| InvalidLogin {
                    verdict: Verdict::BadEncoding,
                    reason: "the password is not base64".to_owned(),
                })?;
                Zeroizing::new(decoded)
            }
            "oauth2accesstoken" | "_dcgcloud_token" | "_token" => {
                redactor.add_secret(password);
                return Ok(LoginKind::AccessToken);
            }
            _ => {
                redactor.add_secret(password);
                return Ok(LoginKind::Other);
            }
        };
        match ServiceAccountKey::parse(file) {
            Ok(key) => {
                redactor.add_key(&key);
                Ok(LoginKind::Key(Box::new(key)))
            }
            Err(error) => {
                redactor.add_secret(password);
                Err(InvalidLogin {
                    verdict: Verdict::NotAKey,
                    reason: format!("the password {error}"),
                })
            }
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Login")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}
