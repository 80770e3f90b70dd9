//! Describes the route from the client to the server.

use std::time::Duration;

/// Properties of the route to the server that affect all requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Route {
    pub(super) latency: Duration,
    pub(super) capacity: Option<usize>,
}

impl Route {
    /// Returns a route without added latency or limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Delays each response by `latency`, and each new connection by twice that: the round trips of TCP and TLS 1.3.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Responds to requests beyond `capacity` in flight with 429 and `Retry-After: 1`, as kube-apiserver does
    /// (apiserver `server/filters/maxinflight.go`).
    pub fn shed_above(mut self, capacity: usize) -> Self {
        self.capacity = Some(capacity);
        self
    }
}
