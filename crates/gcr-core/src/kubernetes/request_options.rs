//! Defines what the layers of a cluster's client need to know about a request. Travels in the request's extensions.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request};
use kube::client::Body;

use super::adaptive_limiter::RequestClass;
use crate::safety::Safety;

/// Maximum size of a response with one object, in bytes. A Secret's data is at most 1 MiB, its metadata far less.
pub const OBJECT_LIMIT: usize = 4 << 20;
/// Maximum size of a response with one page of a list, in bytes.
pub(super) const LIST_LIMIT: usize = 32 << 20;

/// Learns of each attempt of a write.
pub trait WriteObserver: Send + Sync {
    /// Records that an attempt is about to be sent.
    fn mark_sent(&self);
}

/// What the layers need to know about a request.
#[derive(Clone)]
pub(super) struct RequestOptions {
    /// Whether and when it may be repeated.
    pub(super) safety: Safety,
    /// Whether it changes anything, unlike a read and a dry run. Writes in flight are awaited on an interrupt.
    pub(super) writes: bool,
    /// Learns of each attempt.
    pub(super) observer: Option<Arc<dyn WriteObserver>>,
    /// Maximum size of the response, in bytes. `None` for a watch, whose response never ends.
    pub(super) limit: Option<usize>,
    /// The class in which the limiter compares latencies. `None` for a list, whose duration depends on its length more than on
    /// the server's load.
    pub(super) class: Option<RequestClass>,
    /// `verb resource [name]`, as in client-go's error messages.
    pub(super) description: Arc<str>,
}

impl RequestOptions {
    /// Returns the options in the request's extensions, or careful ones for a request that kube's own API types made.
    pub(super) fn of(request: &Request<Body>) -> Self {
        request
            .extensions()
            .get()
            .cloned()
            .unwrap_or_else(|| Self::for_kube(request))
    }

    fn for_kube(request: &Request<Body>) -> Self {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let query = request.uri().query().unwrap_or_default();
        let is_watch = query
            .split('&')
            .any(|pair| pair == "watch=true" || pair == "watch=1" || pair == "follow=true");
        Self {
            safety: if reads {
                Safety::Idempotent
            } else {
                Safety::AtMostOnce
            },
            writes: !reads,
            observer: None,
            limit: (!is_watch).then_some(LIST_LIMIT),
            class: None,
            description: format!("{} {}", request.method(), request.uri().path())
                .to_lowercase()
                .into(),
        }
    }
}

/// Marks the request that probes an unavailable cluster, in its extensions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe;

/// The body of a response.
pub(super) enum ResponseBody {
    /// Read completely.
    Full(Bytes),
    /// The stream of a watch.
    Stream(Body),
}

impl From<ResponseBody> for Body {
    fn from(body: ResponseBody) -> Self {
        match body {
            ResponseBody::Full(bytes) => bytes.into(),
            ResponseBody::Stream(body) => body,
        }
    }
}

/// Returns a copy of the request with its extensions, or `None` if its body is a stream.
pub(super) fn try_clone(request: &Request<Body>) -> Option<Request<Body>> {
    let mut copy = Request::new(request.body().try_clone()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    Some(copy)
}
