//! Sends a request once: the innermost layer around a connection's `kube::Client`.
//!
//! Applies the time limit, reads the response up to its limit, and checks that it follows the Kubernetes API.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kube::client::Body;
use kube_clientcmd::{Connection, RequestPhase, RequestProgress, SendError};
use tokio::time::Instant;
use tower::Service;

use super::cluster_health::ClusterHealth;
use super::request_error::{self, RequestErrorKind};
use super::request_options::{RequestOptions, ResponseBody};
use super::response_check::{self, ResponseCheck};
use super::warning_header;

/// Sends each request once, and once more if the connection has another credential after a 401.
#[derive(Clone)]
pub(super) struct AttemptService {
    pub(super) connection: Connection,
    pub(super) client: kube::Client,
    pub(super) health: Arc<ClusterHealth>,
}

/// How long the server took, in the response's extensions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Latency(pub(super) Duration);

impl Service<Request<Body>> for AttemptService {
    type Response = Response<ResponseBody>;
    type Error = RequestErrorKind;
    type Future = BoxFuture<'static, Result<Self::Response, RequestErrorKind>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), RequestErrorKind>> {
        // The HTTP client queues requests itself.
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let service = self.clone();
        async move { service.attempt(request).await }.boxed()
    }
}

impl AttemptService {
    async fn attempt(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<ResponseBody>, RequestErrorKind> {
        let options = RequestOptions::of(&request);
        if let Some(observer) = &options.observer {
            observer.mark_sent();
        }
        let method = request.method().clone();
        let path = request.uri().path_and_query().cloned();
        let progress = RequestProgress::new();
        let mut phases = progress.subscribe();
        request.extensions_mut().insert(progress);
        let mut round_trip = pin!(self.round_trip(request, options.limit));
        let limit = self.connection.request_timeout;
        let mut begun = Instant::now();
        let mut in_flight = Some(self.health.track_attempt());
        // Only the server's time is limited: an exec plugin may prompt the user after a 401.
        let answered = loop {
            let deadline = in_flight
                .as_ref()
                .and(limit)
                .map(|limit| (limit, begun + limit));
            tokio::select! {
                biased;
                answered = &mut round_trip => break answered,
                Ok(()) = phases.changed() => match *phases.borrow_and_update() {
                    RequestPhase::Authenticating => {
                        self.health.record_response();
                        in_flight = None;
                    }
                    RequestPhase::Sent(at) => {
                        begun = at;
                        in_flight.get_or_insert_with(|| self.health.track_attempt());
                    }
                },
                limit = expired(deadline) => break Err(RequestErrorKind::TimedOut(limit)),
                // The server has rejected the request, and the interrupted run does not send it again.
                () = self.health.stop().stopped(), if in_flight.is_none() => {
                    break Err(RequestErrorKind::Interrupted);
                }
            }
        };
        let mut response = answered?;
        let took = begun.elapsed();
        self.health.record_response();
        if let Some(date) = text(response.headers(), &header::DATE) {
            self.health.record_date(date);
        }
        drop(in_flight);
        let warnings = response.headers().get_all(header::WARNING);
        let warnings: Vec<_> = warnings.iter().flat_map(warning_header::texts).collect();
        for text in warnings {
            self.health.events().server_warning(text).await;
        }
        tracing::trace!(
            "{method} {} {} in {} milliseconds",
            path.as_ref().map_or("/", |path| path.as_str()),
            response.status().as_u16(),
            took.as_millis()
        );
        response.extensions_mut().insert(Latency(took));
        check(&method, response)
    }

    async fn round_trip(
        &self,
        request: Request<Body>,
        limit: Option<usize>,
    ) -> Result<Response<ResponseBody>, RequestErrorKind> {
        let response = self.client.send(request).await;
        let response = response
            .map_err(|error| request_error::transport(self.connection.send_error(&error)))?;
        let (parts, body) = response.into_parts();
        let limit = match limit {
            None if parts.status.is_success() => {
                return Ok(Response::from_parts(parts, ResponseBody::Stream(body)));
            }
            limit => limit.unwrap_or(super::request_options::OBJECT_LIMIT),
        };
        match Limited::new(body, limit).collect().await {
            Ok(body) => Ok(Response::from_parts(
                parts,
                ResponseBody::Full(body.to_bytes()),
            )),
            Err(error) if error.is::<LengthLimitError>() => {
                let line = format!(
                    "error: the server's response is larger than {} MiB",
                    limit >> 20
                );
                Err(RequestErrorKind::InvalidResponse(line.into()))
            }
            Err(error) => Err(request_error::transport(SendError::of_body(error.as_ref()))),
        }
    }
}

/// Checks the body of a 2xx response: the server may report an error in it, or another server may have sent it.
fn check(
    method: &http::Method,
    mut response: Response<ResponseBody>,
) -> Result<Response<ResponseBody>, RequestErrorKind> {
    let status = response.status();
    let ResponseBody::Full(body) = response.body() else {
        return Ok(response);
    };
    if !status.is_success() {
        return Ok(response);
    }
    let content_type = text(response.headers(), &header::CONTENT_TYPE);
    match response_check::check(method, status, content_type, body) {
        ResponseCheck::Valid => Ok(response),
        ResponseCheck::ErrorStatus(code) => {
            *response.status_mut() = code;
            Ok(response)
        }
        ResponseCheck::Invalid(line) => Err(RequestErrorKind::InvalidResponse(line.into())),
    }
}

/// Returns a header's value as text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Waits until the deadline and returns the limit; waits forever without one.
async fn expired(deadline: Option<(Duration, Instant)>) -> Duration {
    match deadline {
        Some((limit, at)) => {
            tokio::time::sleep_until(at).await;
            limit
        }
        None => std::future::pending().await,
    }
}

/// Returns whether the status means that the server or a proxy is overloaded.
pub(super) fn is_overload(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    )
}
