//! Retries transient failures by the rules of [`super::retry`]: the outermost layer of a cluster's client.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode, header};
use kube::client::Body;
use kube_clientcmd::Connection;
use tower::Service;

use super::api_error::ApiError;
use super::attempt_layer::text;
use super::cluster_health::{Admission, ClusterHealth};
use super::request_error::{RequestError, RequestErrorKind, seconds};
use super::request_options::{Probe, RequestOptions, ResponseBody, try_clone};
use super::retry::{self, RetryPolicy};
use crate::safety::Safety;

/// The pause before a connection is tried again that could not be opened because too many files are open.
const OPEN_FILES_PAUSE: Duration = Duration::from_millis(250);

/// Retries the requests of the inner service.
#[derive(Clone)]
pub(super) struct RetryService<S> {
    pub(super) inner: S,
    pub(super) connection: Connection,
    pub(super) health: Arc<ClusterHealth>,
}

/// Whether an earlier attempt of the same request may have been applied, in the response's extensions.
#[derive(Debug, Clone, Copy)]
pub(super) struct MayHaveApplied(pub(super) bool);

/// The result of one attempt.
enum Attempt {
    /// The final result.
    Done(Result<Response<ResponseBody>, RequestErrorKind>),
    /// No request to this cluster can succeed at present.
    Unavailable(RequestErrorKind),
    /// A transient error, and the pause before the next attempt; `None` after the last.
    Transient(RequestErrorKind, Option<Duration>),
}

impl<S> Service<Request<Body>> for RetryService<S>
where
    S: Service<Request<Body>, Response = Response<ResponseBody>, Error = RequestErrorKind>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = RequestError;
    type Future = BoxFuture<'static, Result<Response<Body>, RequestError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), RequestError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let service = self.clone();
        async move { service.send(request).await }.boxed()
    }
}

impl<S> RetryService<S>
where
    S: Service<Request<Body>, Response = Response<ResponseBody>, Error = RequestErrorKind> + Clone,
{
    async fn send(mut self, request: Request<Body>) -> Result<Response<Body>, RequestError> {
        let options = RequestOptions::of(&request);
        let health = Arc::clone(&self.health);
        let mut policy = RetryPolicy::begin();
        let mut outcome_unknown = false;
        let mut open = None;
        let fail = |cause, outcome_unknown| {
            Err(RequestError {
                cause,
                outcome_unknown,
            })
        };
        loop {
            let admission = match health.check() {
                Ok(admission) => admission,
                Err(cause) => return fail(cause, outcome_unknown),
            };
            open.get_or_insert_with(|| health.open_request());
            // Before acquiring the permit: an exec plugin may be slow, and other requests may have a credential already.
            // Without a credential, retrying is pointless.
            if let Err(error) = self.connection.authenticate().await {
                let cause = RequestErrorKind::NotConnected(error.kubectl_line().into());
                return Err(health.mark_unavailable(cause, outcome_unknown).await);
            }
            let Some(mut copy) = try_clone(&request) else {
                let line = "error: a request whose body is a stream cannot be sent";
                return fail(RequestErrorKind::InvalidResponse(line.into()), false);
            };
            if admission == Admission::Probe {
                copy.extensions_mut().insert(Probe);
            }
            let answered = self.inner.call(copy).await;
            let is_answered = answered.is_ok();
            let attempt = self.classify(&options, answered, &mut policy, &mut outcome_unknown);
            if admission == Admission::Probe
                && is_answered
                && !matches!(attempt, Attempt::Unavailable(_))
            {
                health.mark_available();
            }
            let (cause, pause) = match attempt {
                Attempt::Done(Ok(mut response)) => {
                    let applied = MayHaveApplied(outcome_unknown);
                    response.extensions_mut().insert(applied);
                    return Ok(response.map(Body::from));
                }
                Attempt::Done(Err(cause)) => return fail(cause, outcome_unknown),
                Attempt::Unavailable(cause) => {
                    return Err(health.mark_unavailable(cause, outcome_unknown).await);
                }
                Attempt::Transient(cause, pause) => (cause, pause),
            };
            // An action that must not happen twice is not repeated once it may have happened.
            let is_final = options.safety == Safety::AtMostOnce && outcome_unknown;
            let Some(pause) = pause.filter(|_| !is_final) else {
                return fail(cause, outcome_unknown);
            };
            let error = RequestError {
                cause,
                outcome_unknown,
            };
            let path = request.uri().path_and_query();
            tracing::debug!(
                "{} {}: {}; retrying in {}",
                request.method(),
                path.map_or("/", |path| path.as_str()),
                error.error_text(),
                seconds(pause)
            );
            if !health.stop().sleep(pause).await {
                return fail(RequestErrorKind::Interrupted, outcome_unknown);
            }
        }
    }

    fn classify(
        &self,
        options: &RequestOptions,
        answered: Result<Response<ResponseBody>, RequestErrorKind>,
        policy: &mut RetryPolicy,
        outcome_unknown: &mut bool,
    ) -> Attempt {
        let response = match answered {
            Ok(response) if response.status().is_success() => {
                if options.writes {
                    self.health.record_accepted_write();
                }
                return Attempt::Done(Ok(response));
            }
            Ok(response) => response,
            // The server responded, but not with an object of the API: a write may have been applied.
            Err(cause @ RequestErrorKind::InvalidResponse(_)) => {
                *outcome_unknown |= options.writes;
                return Attempt::Done(Err(cause));
            }
            Err(cause @ (RequestErrorKind::Interrupted | RequestErrorKind::ClusterUnavailable)) => {
                return Attempt::Done(Err(cause));
            }
            Err(cause) => return self.classify_failure(options, cause, policy, outcome_unknown),
        };
        let status = response.status();
        if status.is_redirection() {
            let location = text(response.headers(), &header::LOCATION);
            let location = location.filter(|location| !location.is_empty());
            let error = ApiError::redirect(status, &self.connection.server, location);
            return Attempt::Done(Err(RequestErrorKind::Api(Box::new(error))));
        }
        let body = match response.body() {
            ResponseBody::Full(body) => body.as_ref(),
            ResponseBody::Stream(_) => &[],
        };
        let content_type = text(response.headers(), &header::CONTENT_TYPE);
        let api_error = ApiError::read(status, content_type, body, &options.description);
        *outcome_unknown |= options.writes && retry::may_have_applied(&api_error);
        let is_unauthorized = api_error.is_unauthorized();
        let failed_webhook = api_error.failed_webhook();
        let is_hopeless =
            failed_webhook.is_some_and(|name| self.health.record_failed_webhook(name));
        let is_refused_by_budget = api_error.is_refused_by_budget();
        let cause = RequestErrorKind::Api(Box::new(api_error));
        if is_unauthorized {
            // The connection has tried another credential if there is one.
            return Attempt::Unavailable(cause);
        }
        let retry_after = text(response.headers(), &header::RETRY_AFTER)
            .and_then(|seconds| seconds.parse().ok())
            .map(Duration::from_secs);
        match status {
            // An answer about one pod, not about the server's load (`policy/v1` Eviction).
            StatusCode::TOO_MANY_REQUESTS if is_refused_by_budget => Attempt::Done(Err(cause)),
            StatusCode::TOO_MANY_REQUESTS => {
                Attempt::Transient(cause, policy.after_throttle(retry_after))
            }
            status if retry::is_retryable(status) && !is_hopeless => {
                Attempt::Transient(cause, policy.after_error(retry_after))
            }
            _ => Attempt::Done(Err(cause)),
        }
    }

    /// Classifies an attempt without a response.
    fn classify_failure(
        &self,
        options: &RequestOptions,
        cause: RequestErrorKind,
        policy: &mut RetryPolicy,
        outcome_unknown: &mut bool,
    ) -> Attempt {
        if matches!(cause, RequestErrorKind::TooManyOpenFiles(_)) {
            // Waits for a connection of another request, like after a 429: the fault is not the server's.
            return Attempt::Transient(cause, policy.after_throttle(Some(OPEN_FILES_PAUSE)));
        }
        let timed_out = matches!(cause, RequestErrorKind::TimedOut(_));
        let was_sent = timed_out || matches!(cause, RequestErrorKind::ConnectionLost(_));
        *outcome_unknown |= options.writes && was_sent;
        let has_answered = self.health.has_answered();
        let is_unreachable = !has_answered && !was_sent;
        if is_unreachable || self.health.unresponsive_for() >= retry::UNRESPONSIVE_TIMEOUT {
            return Attempt::Unavailable(cause);
        }
        if timed_out && !has_answered {
            return match policy.after_first_timeout() {
                Some(pause) => Attempt::Transient(cause, Some(pause)),
                None => Attempt::Unavailable(cause),
            };
        }
        Attempt::Transient(cause, policy.after_error(None))
    }
}
