//! Shares the tokens of one source: all that wait for a token get the result of one request.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gcr_core::domain::access_token::AccessToken;
use jiff::Timestamp;
use tokio::sync::Mutex;

use super::credential_error::CredentialError;
use super::token_source::TokenSource;
use crate::issued_token::IssuedToken;

/// A token that expires sooner is renewed before use. Google's libraries renew 3 minutes 45 seconds before the end.
const MARGIN: Duration = Duration::from_secs(225);

/// The tokens of a source, one per list of scopes.
pub struct SharedToken {
    source: Box<dyn TokenSource>,
    origin: String,
    /// The number of requests to the source that have ended.
    ended: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tokens: HashMap<String, IssuedToken>,
    last_error: Option<CredentialError>,
}

impl SharedToken {
    /// Creates the tokens of a source. `origin` names the source in errors.
    pub fn new(source: Box<dyn TokenSource>, origin: String) -> Self {
        Self {
            source,
            origin,
            ended: AtomicU64::new(0),
            state: Mutex::default(),
        }
    }

    /// Adds a token that the source has issued already.
    pub(super) fn with_token(mut self, scopes: &[&str], token: IssuedToken) -> Self {
        let tokens = &mut self.state.get_mut().tokens;
        tokens.insert(scopes.join(" "), token);
        self
    }

    /// Returns the source and how it was found.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns a token that is valid for at least some minutes if the source has one. Callers that wait at the same time
    /// share the result, a failure too.
    ///
    /// # Errors
    /// Fails with the reason of the source.
    pub async fn token(&self, scopes: &[&str]) -> Result<IssuedToken, CredentialError> {
        let ended_before = self.ended.load(Ordering::Relaxed);
        let mut state = self.state.lock().await;
        let key = scopes.join(" ");
        if let Some(token) = state.tokens.get(&key)
            && token.is_valid_for(MARGIN, Timestamp::now())
        {
            return Ok(token.clone());
        }
        // A request ended while this caller waited for it, and left no valid token. A token that is already about to expire
        // is the best that the source has.
        if self.ended.load(Ordering::Relaxed) != ended_before {
            if let Some(error) = &state.last_error {
                return Err(error.clone());
            }
            if let Some(token) = state.tokens.get(&key) {
                return Ok(token.clone());
            }
        }
        let result = self.source.token(scopes).await;
        self.ended.fetch_add(1, Ordering::Relaxed);
        match result {
            Ok(token) => {
                state.last_error = None;
                state.tokens.insert(key, token.clone());
                Ok(token)
            }
            Err(reason) => {
                let error = CredentialError::of(&self.origin, reason);
                state.last_error = Some(error.clone());
                Err(error)
            }
        }
    }

    /// Forgets a token that a server has refused as expired, so that the next call gets a new one.
    pub async fn forget(&self, refused: &AccessToken) {
        let mut state = self.state.lock().await;
        let is_other = |token: &IssuedToken| token.token.expose() != refused.expose();
        state.tokens.retain(|_, token| is_other(token));
    }
}

impl fmt::Debug for SharedToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SharedToken({})", self.origin)
    }
}

#[cfg(test)]
mod tests;
