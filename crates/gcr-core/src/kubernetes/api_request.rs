//! Sends a prepared request, with retries, and returns status, headers and body.
//!
//! Applies the time limit of each attempt, the retry policy, the limit on a response's size, and the limiter. Does
//! not depend on the resource. `response_check` decides whether a response is valid.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use kube::client::Body;
use tokio::time::Instant;

use super::adaptive_limiter::RequestClass;
use super::request_error::{self, RequestErrorKind};
use super::response_check::{self, ResponseCheck};
use super::retry::{self, RetryPolicy};
use super::warning_header;
use super::{ApiError, ClusterClient, RequestError};
use bytes::Bytes;
use kube_clientcmd::{RequestPhase, RequestProgress, SendError};

/// Maximum size of a response with one object, in bytes. A Secret's data is at most 1 MiB, its metadata far less.
pub const OBJECT_LIMIT: usize = 4 << 20;
/// Maximum size of a response with one page of a list, in bytes.
pub const LIST_LIMIT: usize = 32 << 20;

/// A request that can be sent any number of times: all requests of the plugins are safe to repeat. Has no `Debug`: the
/// body may contain a key.
#[derive(Clone)]
pub struct ApiRequest {
    /// The HTTP method.
    pub method: Method,
    /// Path and query, relative to the server's root.
    pub path: String,
    /// The body's media type; `None` without a body.
    pub content_type: Option<&'static str>,
    /// The media type of the response.
    pub accept: &'static str,
    /// The body, shared by attempts and targets.
    pub body: Bytes,
    /// Maximum size of the response, in bytes.
    pub limit: usize,
    /// `verb resource [name]`, as in client-go's error messages.
    pub description: String,
}

/// Learns of each attempt of a write.
pub trait WriteObserver: Send + Sync {
    /// Records that an attempt is about to be sent.
    fn mark_sent(&self);
}

/// Media type of complete objects.
pub const JSON: &str = "application/json";
/// Media type of metadata only, so that the server sends no Secret data (API concepts, "Metadata-only fetches").
pub const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/// A successful response. Has no `Debug`: it may contain a Secret.
pub struct ApiResponse {
    /// 200 or 201.
    pub status: StatusCode,
    /// The complete body.
    pub body: Bytes,
    /// The server's clock: the `Date` header, if it sent one.
    pub date: Option<String>,
    /// Whether an earlier attempt of the same request may have been applied.
    pub may_have_applied: bool,
}

impl ApiResponse {
    /// Decodes the body as JSON.
    ///
    /// # Errors
    /// [`RequestErrorKind::InvalidResponse`], without any content of the body: it may be a Secret.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, RequestError> {
        serde_json::from_slice(&self.body).map_err(|error| RequestError::not_json(&error))
    }
}

enum Attempt {
    Answered(StatusCode, HeaderMap, Bytes),
    Failed(RequestErrorKind),
}

/// Checks the body of a 2xx response: the server may report an error in it, or another server may have sent it.
fn validate_response(request: &ApiRequest, outcome: Attempt) -> Attempt {
    let Attempt::Answered(status, headers, body) = outcome else {
        return outcome;
    };
    if !status.is_success() {
        return Attempt::Answered(status, headers, body);
    }
    let content_type = text(&headers, &header::CONTENT_TYPE);
    match response_check::check(&request.method, status, content_type, &body) {
        ResponseCheck::Valid => Attempt::Answered(status, headers, body),
        ResponseCheck::ErrorStatus(code) => Attempt::Answered(code, headers, body),
        ResponseCheck::Invalid(line) => {
            Attempt::Failed(RequestErrorKind::InvalidResponse(line.into()))
        }
    }
}

impl ClusterClient {
    /// Sends `request` and retries transient failures by the rules of [`retry`]. Records each attempt of a write in
    /// `observer`; `None` means that the request changes nothing.
    ///
    /// # Errors
    /// The last attempt's error, with whether any attempt may have been applied.
    pub async fn send(
        &self,
        request: &ApiRequest,
        observer: Option<Arc<dyn WriteObserver>>,
    ) -> Result<ApiResponse, RequestError> {
        let mut retry_policy = RetryPolicy::begin();
        let mut outcome_unknown = false;
        let writes = observer.is_some();
        loop {
            if let Some(cause) = self.unavailable_reason() {
                return Err(RequestError {
                    cause,
                    outcome_unknown,
                });
            }
            // Before acquiring the permit: an exec plugin may be slow, and other requests may have a credential
            // already.
            if let Err(error) = self.obtain_credential().await {
                // Without a credential, retrying is pointless.
                let cause = RequestErrorKind::NotConnected(error.kubectl_line().into());
                return Err(self.mark_unavailable(cause, outcome_unknown).await);
            }
            let permit = self.acquire().await;
            // The run may have been interrupted, or the cluster marked unavailable, while waiting for the permit.
            if let Some(cause) = self.unavailable_reason() {
                return Err(RequestError {
                    cause,
                    outcome_unknown,
                });
            }
            let answer = self.attempt(request, observer.as_deref());
            let (outcome, took) = if writes {
                answer.await
            } else {
                // On an interrupt, reads in flight are cancelled; only writes are awaited.
                tokio::select! {
                    answer = answer => answer,
                    () = self.stopped() => {
                        return Err(RequestError { cause: RequestErrorKind::Interrupted, outcome_unknown });
                    }
                }
            };
            let outcome = validate_response(request, outcome);
            if let Attempt::Answered(status, ..) = &outcome {
                match *status {
                    StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                        permit.on_overload()
                    }
                    // The duration of a list depends on its length more than on the server's load.
                    _ if request.limit == OBJECT_LIMIT => {
                        permit.on_response(request_class(request, *status), took)
                    }
                    _ => {}
                }
            }
            drop(permit);
            let (cause, pause) = match outcome {
                Attempt::Answered(status, headers, body) if status.is_success() => {
                    let date = text(&headers, &header::DATE).map(str::to_owned);
                    return Ok(ApiResponse {
                        status,
                        body,
                        date,
                        may_have_applied: outcome_unknown,
                    });
                }
                Attempt::Answered(status, headers, _) if status.is_redirection() => {
                    let cause = RequestErrorKind::Api(Box::new(ApiError::redirect(
                        status,
                        self.server(),
                        text(&headers, &header::LOCATION).filter(|location| !location.is_empty()),
                    )));
                    return Err(RequestError {
                        cause,
                        outcome_unknown,
                    });
                }
                Attempt::Answered(status, headers, body) => {
                    let content_type = text(&headers, &header::CONTENT_TYPE);
                    let api_error =
                        ApiError::read(status, content_type, &body, &request.description);
                    let unauthorized = api_error.is_unauthorized();
                    outcome_unknown |= writes && retry::may_have_applied(&api_error);
                    let cause = RequestErrorKind::Api(Box::new(api_error));
                    if unauthorized {
                        // The client has tried another credential if there is one.
                        return Err(self.mark_unavailable(cause, outcome_unknown).await);
                    }
                    let retry_after = text(&headers, &header::RETRY_AFTER)
                        .and_then(|seconds| seconds.parse().ok())
                        .map(Duration::from_secs);
                    let pause = match status {
                        StatusCode::TOO_MANY_REQUESTS => retry_policy.after_throttle(retry_after),
                        status if retry::is_retryable(status) => {
                            retry_policy.after_error(retry_after)
                        }
                        _ => None,
                    };
                    (cause, pause)
                }
                // The server responded, but not with an object of the API: a write may have been applied.
                Attempt::Failed(cause @ RequestErrorKind::InvalidResponse(_)) => {
                    return Err(RequestError {
                        cause,
                        outcome_unknown: outcome_unknown || writes,
                    });
                }
                Attempt::Failed(cause @ RequestErrorKind::Interrupted) => {
                    return Err(RequestError {
                        cause,
                        outcome_unknown,
                    });
                }
                Attempt::Failed(cause) => {
                    outcome_unknown |= writes
                        && matches!(
                            cause,
                            RequestErrorKind::ConnectionLost(_) | RequestErrorKind::TimedOut(_)
                        );
                    let unreachable =
                        !self.has_answered() && matches!(cause, RequestErrorKind::NotConnected(_));
                    if unreachable || self.unresponsive_for() >= retry::UNRESPONSIVE_TIMEOUT {
                        return Err(self.mark_unavailable(cause, outcome_unknown).await);
                    }
                    if matches!(cause, RequestErrorKind::TimedOut(_)) && !self.has_answered() {
                        let Some(pause) = retry_policy.after_first_timeout() else {
                            return Err(self.mark_unavailable(cause, outcome_unknown).await);
                        };
                        (cause, Some(pause))
                    } else {
                        (cause, retry_policy.after_error(None))
                    }
                }
            };
            let error = RequestError {
                cause,
                outcome_unknown,
            };
            let Some(pause) = pause else {
                return Err(error);
            };
            tracing::debug!(
                "{} {}: {}; retrying in {}",
                request.method,
                request.path,
                error.error_text(),
                request_error::seconds(pause)
            );
            if !self.wait(pause).await {
                return Err(RequestError {
                    cause: RequestErrorKind::Interrupted,
                    outcome_unknown,
                });
            }
        }
    }

    /// Sends the request once, and once more if the client has another credential after a 401. Returns the result and
    /// how long the last of the two took.
    async fn attempt(
        &self,
        request: &ApiRequest,
        observer: Option<&dyn WriteObserver>,
    ) -> (Attempt, Duration) {
        if let Some(observer) = observer {
            observer.mark_sent();
        }
        let progress = RequestProgress::new();
        let mut phases = progress.subscribe();
        let mut round_trip = pin!(self.round_trip(request, progress));
        let limit = self.request_timeout();
        let mut begun = Instant::now();
        let mut in_flight = Some(self.track_request());
        // Only the server's time is limited: an exec plugin may prompt the user after a 401.
        let outcome = loop {
            let deadline = in_flight
                .as_ref()
                .and(limit)
                .map(|limit| (limit, begun + limit));
            tokio::select! {
                biased;
                outcome = &mut round_trip => break outcome,
                Ok(()) = phases.changed() => match *phases.borrow_and_update() {
                    RequestPhase::Authenticating => {
                        self.record_response();
                        in_flight = None;
                    }
                    RequestPhase::Sent(at) => {
                        begun = at;
                        in_flight.get_or_insert_with(|| self.track_request());
                    }
                },
                limit = expired(deadline) => break Attempt::Failed(RequestErrorKind::TimedOut(limit)),
                // The server has rejected the request, and the interrupted run does not send it again.
                () = self.stopped(), if in_flight.is_none() => {
                    break Attempt::Failed(RequestErrorKind::Interrupted);
                }
            }
        };
        let took = begun.elapsed();
        if let Attempt::Answered(status, headers, _) = &outcome {
            self.record_response();
            for text in headers
                .get_all(header::WARNING)
                .iter()
                .flat_map(warning_header::texts)
            {
                self.server_warning(text).await;
            }
            tracing::trace!(
                "{} {} {} in {} milliseconds",
                request.method,
                request.path,
                status.as_u16(),
                took.as_millis()
            );
        }
        (outcome, took)
    }

    async fn round_trip(&self, api_request: &ApiRequest, progress: RequestProgress) -> Attempt {
        let mut request = Request::builder()
            .method(api_request.method.clone())
            .uri(&api_request.path)
            .header(header::ACCEPT, api_request.accept)
            .extension(progress);
        if let Some(content_type) = api_request.content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let request = match request.body(Body::from(api_request.body.clone())) {
            Ok(request) => request,
            Err(error) => {
                return Attempt::Failed(RequestErrorKind::InvalidResponse(
                    format!("error: {error}").into(),
                ));
            }
        };
        let response = match self.client.send(request).await {
            Ok(response) => response,
            Err(error) => {
                return Attempt::Failed(request_error::transport(self.send_error(&error)));
            }
        };
        let (parts, body) = response.into_parts();
        match Limited::new(body, api_request.limit).collect().await {
            Ok(body) => Attempt::Answered(parts.status, parts.headers, body.to_bytes()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                Attempt::Failed(RequestErrorKind::InvalidResponse(
                    format!(
                        "error: the server's response is larger than {} MiB",
                        api_request.limit >> 20
                    )
                    .into(),
                ))
            }
            Err(error) => {
                Attempt::Failed(request_error::transport(SendError::of_body(error.as_ref())))
            }
        }
    }
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

/// Returns the class of a request: the limiter compares durations only within a class.
fn request_class(request: &ApiRequest, status: StatusCode) -> RequestClass {
    match (request.content_type, status) {
        (None, _) => RequestClass::Read,
        (Some("application/apply-patch+yaml"), StatusCode::CREATED) => RequestClass::Create,
        (Some("application/apply-patch+yaml"), _) => RequestClass::Apply,
        _ => RequestClass::Patch,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
