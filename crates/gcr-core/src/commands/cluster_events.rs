//! Sends the events of a cluster's client to the reporter.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::engine::{Event, EventSender};
use crate::kubernetes::EventSink;

/// The event sink of one cluster.
pub struct ClusterEvents {
    /// The cluster's kubeconfig context, if it has one.
    pub context: Option<Arc<str>>,
    /// The reporter.
    pub events: EventSender,
}

impl EventSink for ClusterEvents {
    fn server_warning(&self, text: String) -> BoxFuture<'_, ()> {
        self.events.send(Event::ServerWarning(text)).boxed()
    }

    fn cluster_unavailable(&self, line: String) -> BoxFuture<'_, ()> {
        let context = self.context.clone();
        self.events.send(Event::Error { line, context }).boxed()
    }
}
