//! Runs the steps of a handshake, each (credential, target) pair once per process.

mod run;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

use super::key_exchange::KeyCheck;
use super::login::{Login, LoginDigest};
use super::pull_target::PullTarget;
use super::step::Finding;
use super::token_exchange::is_google_registry;
use crate::http_client::{HttpClient, is_loopback};

/// The options of a handshake.
#[derive(Clone, Copy, Debug)]
pub struct HandshakeOptions {
    /// The time limit per registry.
    pub timeout: Duration,
    /// Whether credentials are also sent to hosts that are not Google's, each to its own host.
    pub allow_any_host: bool,
}

/// The host is not a registry of Google, and the options do not allow others.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("refusing to send the credential to {host}, which is not a registry of Google")]
pub struct UnsupportedHost {
    /// The host.
    pub host: String,
}

/// Values that are computed once per key and shared by all callers.
type Once<K, V> = Mutex<HashMap<K, Arc<OnceCell<V>>>>;

/// Proves credentials against registries. Callers run checks concurrently; equal checks share one handshake.
pub struct Handshake {
    http: HttpClient,
    options: HandshakeOptions,
    findings: Once<(LoginDigest, PullTarget), Arc<Finding>>,
    keys: Once<LoginDigest, KeyCheck>,
}

impl Default for HandshakeOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            allow_any_host: false,
        }
    }
}

impl Handshake {
    /// Creates a prover without results.
    #[must_use]
    pub fn new(http: HttpClient, options: HandshakeOptions) -> Self {
        Self {
            http,
            options,
            findings: Mutex::default(),
            keys: Mutex::default(),
        }
    }

    /// Returns the secrets that are redacted in findings.
    #[must_use]
    pub fn redactor(&self) -> &gcr_core::domain::redactor::Redactor {
        self.http.redactor()
    }

    /// Returns the result of the handshake. Equal calls share it.
    ///
    /// # Errors
    /// Fails without any request for a host that is not Google's, unless the options allow it.
    pub async fn check(
        &self,
        login: &Login,
        target: &PullTarget,
    ) -> Result<Arc<Finding>, UnsupportedHost> {
        self.ensure_supported(target)?;
        let digest = login.digest();
        let shared = cell(&self.findings, (digest, target.clone()));
        let keys = cell(&self.keys, digest);
        let finding =
            shared.get_or_init(|| async { Arc::new(self.run(login, target, &keys).await) });
        Ok(Arc::clone(finding.await))
    }

    /// Makes a new handshake even if there is a result, because a change at Google takes minutes to be effective.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub async fn check_again(
        &self,
        login: &Login,
        target: &PullTarget,
    ) -> Result<Finding, UnsupportedHost> {
        self.ensure_supported(target)?;
        Ok(self.run(login, target, &OnceCell::new()).await)
    }

    fn ensure_supported(&self, target: &PullTarget) -> Result<(), UnsupportedHost> {
        let url = target.url("");
        let is_supported = url.is_some_and(|url| {
            self.options.allow_any_host || is_google_registry(&url) || is_loopback(&url)
        });
        let host = || UnsupportedHost {
            host: target.host.clone(),
        };
        is_supported.then_some(()).ok_or_else(host)
    }
}

fn cell<K: Eq + Hash, V>(map: &Once<K, V>, key: K) -> Arc<OnceCell<V>> {
    // Each change is one insertion: a holder that panicked leaves a usable map.
    let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(map.entry(key).or_default())
}
