//! Holds an access token with its expiry, and reads the responses of OAuth token endpoints.

use std::time::Duration;

use gcr_core::domain::access_token::AccessToken;
use gcr_core::domain::server_clock::ServerClock;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::call_error::CallError;
use crate::exchange;
use crate::http_client::{HttpClient, HttpRequest};

/// An access token, and when it expires.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// The token.
    pub token: AccessToken,
    /// When it expires by the clock of the issuer, if that is known.
    pub expires_at: Option<Timestamp>,
    /// The clock of the issuer.
    pub clock: ServerClock,
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    access_token: Zeroizing<String>,
    /// Seconds: a number, or a string of one.
    #[serde(default)]
    expires_in: Value,
}

impl IssuedToken {
    /// Validates a received token, and adds it to the redactor.
    ///
    /// # Errors
    /// Fails if the text is not a token that fits into a header.
    pub(crate) fn new(
        http: &HttpClient,
        host: &str,
        mut text: Zeroizing<String>,
        expires_at: Option<Timestamp>,
        clock: ServerClock,
    ) -> Result<Self, CallError> {
        let bytes = std::mem::take(&mut *text).into_bytes();
        let token = AccessToken::parse(Zeroizing::new(bytes)).map_err(|error| {
            CallError::InvalidResponse {
                host: host.to_owned(),
                reason: format!("the access token {error}"),
            }
        })?;
        http.redactor().add_secret(token.expose());
        Ok(Self {
            token,
            expires_at,
            clock,
        })
    }

    /// Returns whether the token is valid for at least `margin` from `now`, a time of this machine. A token without expiry
    /// counts as valid.
    #[must_use]
    pub fn is_valid_for(&self, margin: Duration, now: Timestamp) -> bool {
        let Some(expires_at) = self.expires_at else {
            return true;
        };
        let left = expires_at.duration_since(self.clock.at(now));
        Duration::try_from(left).is_ok_and(|left| left >= margin)
    }
}

/// Sends a request to a token endpoint once (RFC 6749 section 5.1) and returns the access token.
///
/// # Errors
/// Fails if there is no response, if the endpoint refuses, and if the response has no access token.
pub(crate) async fn request(
    http: &HttpClient,
    request: HttpRequest,
) -> Result<IssuedToken, CallError> {
    let host = request.host();
    let sent = Timestamp::now();
    let (reply, clock): (Reply, _) = exchange::json_and_clock(http, request).await?;
    let seconds = match &reply.expires_in {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64(),
    };
    let lifetime = seconds.map(Duration::from_secs);
    let expires_at = lifetime.and_then(|it| clock.at(sent).checked_add(it).ok());
    IssuedToken::new(http, &host, reply.access_token, expires_at, clock)
}
