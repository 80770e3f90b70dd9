//! Defines the credential of a user.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderValue;
use jiff::Timestamp;
use rustls::sign::CertifiedKey;

/// A credential: a token or password, or a client certificate with its key. Never printed.
#[derive(Default)]
pub(super) struct Credential {
    pub(super) authorization: Option<HeaderValue>,
    pub(super) client_certificate: Option<Arc<CertifiedKey>>,
    pub(super) expires: Option<Timestamp>,
    /// Whether it replaced a credential that the server rejected.
    pub(super) is_replacement: bool,
    /// Whether a server has accepted it.
    pub(super) accepted: AtomicBool,
}

impl Credential {
    /// Returns a credential that is sent as this `Authorization` header.
    pub(super) fn with_header(authorization: HeaderValue, expires: Option<Timestamp>) -> Self {
        Self {
            authorization: Some(authorization),
            expires,
            ..Self::default()
        }
    }

    /// Records that a server responded with a status other than 401.
    pub(super) fn mark_accepted(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    /// Returns whether its time of expiry has passed.
    pub(super) fn has_expired(&self) -> bool {
        self.expires
            .is_some_and(|expires| Timestamp::now() > expires)
    }
}
