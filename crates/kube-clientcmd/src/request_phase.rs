//! Tracks one request through authentication, for a caller with a time limit per attempt.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

/// What a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestPhase {
    /// The credential: none has been obtained yet, or the server rejected the last one with a 401. An exec plugin may run
    /// and prompt the user.
    Authenticating,
    /// The server's response to the attempt that began at this time.
    Sent(Instant),
}

/// Publishes the phase of one request. Insert a clone into the request's extensions.
///
/// A time limit for the server should not include the time that an exec plugin takes, and the duration of a request is that
/// of its last attempt.
#[derive(Debug, Clone)]
pub struct RequestProgress(Arc<watch::Sender<RequestPhase>>);

impl RequestProgress {
    /// Returns the progress of a request that has not been sent yet.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(RequestPhase::Authenticating)))
    }

    /// Returns a receiver of the phases.
    pub fn subscribe(&self) -> watch::Receiver<RequestPhase> {
        self.0.subscribe()
    }

    pub(crate) fn set(&self, phase: RequestPhase) {
        self.0.send_replace(phase);
    }
}

impl Default for RequestProgress {
    fn default() -> Self {
        Self::new()
    }
}
