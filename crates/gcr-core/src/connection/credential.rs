//! What says who we are: where it comes from, and the one that is in use.
//!
//! A source is asked once and again when its answer has expired or was refused: whoever waits shares the answer. Nothing
//! here is ever sent over plain HTTP, and nothing is shown.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use rustls::sign::CertifiedKey;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::blocking::run_blocking;
use super::exec_plugin::ExecPlugin;
use super::oidc::Oidc;
use crate::domain::escape_control::escape_control;
use crate::domain::go_errors::path_error;

/// How long a token that was read from a file is good: client-go reads it again after a minute, less ten seconds
/// (`transport/token_source.go`).
const TOKEN_FILE_PERIOD: SignedDuration = SignedDuration::from_secs(50);

/// One credential. Holds a token or a key; never printed.
#[derive(Default)]
pub(super) struct Credential {
    pub(super) authorization: Option<HeaderValue>,
    pub(super) identity: Option<Arc<CertifiedKey>>,
    pub(super) expires: Option<Timestamp>,
    /// It came in place of one that was refused.
    pub(super) replaces: bool,
    /// A server has taken it.
    pub(super) accepted: AtomicBool,
}

impl Credential {
    /// A token, until further notice.
    pub(super) fn token(token: &str, expires: Option<Timestamp>) -> Result<Self, String> {
        Ok(Self {
            authorization: Some(bearer(token)?),
            expires,
            ..Self::default()
        })
    }

    /// A server has answered to it, whatever else it said.
    pub(super) fn accepted(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    /// Whether it should not be sent any more.
    pub(super) fn has_expired(&self) -> bool {
        self.expires
            .is_some_and(|expires| Timestamp::now() > expires)
    }
}

/// `Authorization` with a token.
pub(super) fn bearer(token: &str) -> Result<HeaderValue, String> {
    header(&Zeroizing::new(format!("Bearer {token}")))
}

/// `Authorization` with user name and password.
pub(super) fn basic(user: &str, password: &str) -> Result<HeaderValue, String> {
    let plain = Zeroizing::new(format!("{user}:{password}"));
    header(&Zeroizing::new(format!(
        "Basic {}",
        STANDARD.encode(plain.as_bytes())
    )))
}

fn header(value: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        "Unable to connect to the server: net/http: invalid header field value for \"Authorization\"".to_owned()
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Where a credential comes from.
pub(super) enum CredentialSource {
    /// The connection wants none, or has it in its certificate.
    None,
    /// It is there.
    Fixed(HeaderValue),
    /// A file, and the token to use where it cannot be read.
    TokenFile(PathBuf, Option<String>),
    /// A credential plugin.
    ExecPlugin(Box<ExecPlugin>),
    /// client-go's `oidc`.
    Oidc(Box<Oidc>),
    /// There is no way to get one: the line to print.
    Unavailable(String),
}

/// A source and its latest answer.
pub(super) struct Credentials {
    source: CredentialSource,
    held: Mutex<Option<Arc<Credential>>>,
}

impl Credentials {
    /// Nothing is asked yet.
    pub(super) fn new(source: CredentialSource) -> Self {
        Self {
            source,
            held: Mutex::new(None),
        }
    }

    /// Whether the user may be asked something for it.
    pub(super) fn can_prompt(&self) -> bool {
        matches!(&self.source, CredentialSource::ExecPlugin(plugin) if plugin.can_prompt())
    }

    /// The credential to use now.
    ///
    /// # Errors
    /// The line to print.
    pub(super) async fn current(&self) -> Result<Arc<Credential>, String> {
        let mut held = self.held.lock().await;
        if let Some(credential) = held.as_ref().filter(|it| !it.has_expired()) {
            return Ok(Arc::clone(credential));
        }
        self.ask(&mut held, false).await
    }

    /// Another credential than `refused`; `None` where there cannot be one. Of many whose request was refused, one asks.
    ///
    /// # Errors
    /// The line to print.
    pub(super) async fn refresh_rejected(
        &self,
        refused: &Arc<Credential>,
    ) -> Result<Option<Arc<Credential>>, String> {
        if matches!(
            self.source,
            CredentialSource::None | CredentialSource::Fixed(_) | CredentialSource::Unavailable(_)
        ) {
            return Ok(None);
        }
        let mut held = self.held.lock().await;
        if let Some(credential) = held.as_ref().filter(|it| !Arc::ptr_eq(it, refused)) {
            return Ok(Some(Arc::clone(credential)));
        }
        // A new one that nobody has taken yet: another would be no better.
        if refused.replaces && !refused.accepted.load(Ordering::Relaxed) {
            return Ok(None);
        }
        self.ask(&mut held, true).await.map(Some)
    }

    async fn ask(
        &self,
        held: &mut Option<Arc<Credential>>,
        refused: bool,
    ) -> Result<Arc<Credential>, String> {
        let mut fresh = match &self.source {
            CredentialSource::None => Credential::default(),
            CredentialSource::Fixed(authorization) => Credential {
                authorization: Some(authorization.clone()),
                ..Credential::default()
            },
            CredentialSource::TokenFile(path, instead) => {
                match (read_token(path).await, instead, &*held) {
                    (Ok(token), ..) => {
                        let again = Timestamp::now().saturating_add(TOKEN_FILE_PERIOD).ok();
                        Credential::token(&token, again)?
                    }
                    // A file that has gone leaves its last token in use.
                    (Err(_), _, Some(last)) => Credential {
                        authorization: last.authorization.clone(),
                        expires: Timestamp::now().saturating_add(TOKEN_FILE_PERIOD).ok(),
                        ..Credential::default()
                    },
                    (Err(_), Some(token), None) => Credential::token(token, None)?,
                    (Err(error), None, None) => return Err(error),
                }
            }
            CredentialSource::ExecPlugin(plugin) => plugin.run().await.map_err(|error| {
                format!("Unable to connect to the server: getting credentials: {error}")
            })?,
            CredentialSource::Oidc(oidc) => oidc
                .token(refused)
                .await
                .map_err(|error| format!("Unable to connect to the server: {error}"))?,
            CredentialSource::Unavailable(line) => return Err(line.clone()),
        };
        // By a clock that differs from ours, or as good as: the server judges, or we would ask before every request.
        if fresh.has_expired() {
            fresh.expires = None;
        }
        fresh.replaces = refused;
        let fresh = Arc::new(fresh);
        *held = Some(Arc::clone(&fresh));
        Ok(fresh)
    }
}

async fn read_token(path: &Path) -> Result<Zeroizing<String>, String> {
    let path = path.to_owned();
    run_blocking(move || token_in(&path)).await
}

/// The token in a file, without the white space around it.
fn token_in(path: &Path) -> Result<Zeroizing<String>, String> {
    let bytes = Zeroizing::new(
        std::fs::read(path)
            .map_err(|error| format!("error: {}", path_error("open", path, &error)))?,
    );
    let token = String::from_utf8_lossy(&bytes).trim().to_owned();
    if token.is_empty() {
        return Err(format!(
            "error: read empty token from file \"{}\"",
            escape_control(&path.to_string_lossy())
        ));
    }
    Ok(Zeroizing::new(token))
}

#[cfg(test)]
mod tests;
