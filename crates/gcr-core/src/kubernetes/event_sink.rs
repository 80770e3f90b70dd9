//! Defines where a cluster's client sends what the user should see.

use futures_util::future::BoxFuture;

/// Receives the events of one cluster's client. Waits while the receiver is busy.
pub trait EventSink: Send + Sync {
    /// Receives the text of a `Warning:` header, with control characters escaped.
    fn server_warning(&self, text: String) -> BoxFuture<'_, ()>;

    /// Receives the complete error line when the cluster becomes unavailable, once per outage.
    fn cluster_unavailable(&self, line: String) -> BoxFuture<'_, ()>;
}

impl EventSink for () {
    /// Drops the text: completion prints nothing but candidates.
    fn server_warning(&self, _: String) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn cluster_unavailable(&self, _: String) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
