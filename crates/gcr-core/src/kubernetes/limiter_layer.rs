//! Holds a permit of the adaptive limiter while a request is in flight, and tells the limiter how it went.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode};
use kube::client::Body;
use tower::Service;

use super::adaptive_limiter::{AdaptiveLimiter, RequestClass};
use super::api_error::ApiError;
use super::attempt_layer::{Latency, is_overload};
use super::cluster_health::ClusterHealth;
use super::request_error::RequestErrorKind;
use super::request_options::{Probe, RequestOptions, ResponseBody};

/// Limits the requests in flight of the inner service.
#[derive(Clone)]
pub(super) struct LimiterService<S> {
    pub(super) inner: S,
    pub(super) limiter: Arc<AdaptiveLimiter>,
    pub(super) health: Arc<ClusterHealth>,
}

impl<S> Service<Request<Body>> for LimiterService<S>
where
    S: Service<Request<Body>, Response = Response<ResponseBody>, Error = RequestErrorKind>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
{
    type Response = Response<ResponseBody>;
    type Error = RequestErrorKind;
    type Future = BoxFuture<'static, Result<Self::Response, RequestErrorKind>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), RequestErrorKind>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let service = self.clone();
        async move { service.send(request).await }.boxed()
    }
}

impl<S> LimiterService<S>
where
    S: Service<Request<Body>, Response = Response<ResponseBody>, Error = RequestErrorKind> + Clone,
{
    async fn send(mut self, request: Request<Body>) -> Result<S::Response, RequestErrorKind> {
        let options = RequestOptions::of(&request);
        let permit = self.limiter.acquire().await;
        // The run may have been interrupted, or the cluster marked unavailable, while waiting for the permit.
        if self.health.stop().is_stopped() {
            return Err(RequestErrorKind::Interrupted);
        }
        if self.health.is_unavailable() && request.extensions().get::<Probe>().is_none() {
            return Err(RequestErrorKind::ClusterUnavailable);
        }
        let answered = if options.writes {
            self.inner.call(request).await
        } else {
            // On an interrupt, reads in flight are cancelled; only writes are awaited.
            tokio::select! {
                answered = self.inner.call(request) => answered,
                () = self.health.stop().stopped() => return Err(RequestErrorKind::Interrupted),
            }
        };
        if let Err(RequestErrorKind::TooManyOpenFiles(_)) = &answered {
            // Fewer requests in flight need fewer connections.
            permit.on_overload();
        }
        let response = answered?;
        let status = response.status();
        if is_overload(status) && !is_refusal_of_budget(&response) {
            permit.on_overload();
        } else if let Some(class) = options.class
            && let Some(Latency(took)) = response.extensions().get()
        {
            permit.on_response(class_of(class, status), *took);
        }
        Ok(response)
    }
}

/// Returns whether a 429 is the refusal of a PodDisruptionBudget, which says nothing about the server's load.
fn is_refusal_of_budget(response: &Response<ResponseBody>) -> bool {
    let ResponseBody::Full(body) = response.body() else {
        return false;
    };
    response.status() == StatusCode::TOO_MANY_REQUESTS
        && ApiError::read(response.status(), None, body, "").is_refused_by_budget()
}

/// An apply that created its object counts in a class of its own.
fn class_of(class: RequestClass, status: StatusCode) -> RequestClass {
    match (class, status) {
        (RequestClass::Apply, StatusCode::CREATED) => RequestClass::Create,
        _ => class,
    }
}
