//! Handles one request: reads and counts it, sheds or delays it, and injects a fault or forwards it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::body::{self, Body};
use super::canned_response::CannedResponse;
use super::fault::Fault;
use super::in_flight::InFlightLimit;
use super::request_info::RequestInfo;
use super::route::Route;
use super::rule::Rules;
use super::traffic::Counters;
use super::upstream::{BufferedRequest, Upstream};
use crate::error::Result;
use crate::test_cluster::Connection;

/// State shared by all connections of a proxy.
pub(super) struct ProxyState {
    pub(super) rules: Rules,
    pub(super) traffic: Counters,
    pub(super) latency: Duration,
    in_flight: InFlightLimit,
    upstream: Upstream,
}

impl ProxyState {
    pub(super) fn new(connection: &Connection, route: Route) -> Result<Self> {
        Ok(Self {
            rules: Rules::default(),
            traffic: Counters::default(),
            latency: route.latency,
            in_flight: InFlightLimit::new(route.capacity),
            upstream: Upstream::new(connection)?,
        })
    }

    /// Handles a request. An error closes the connection, with a TCP reset if `reset` is set.
    pub(super) async fn serve(
        self: Arc<Self>,
        request: Request<Incoming>,
        reset: Arc<AtomicBool>,
    ) -> io::Result<Response<Body>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let request = Request::from_parts(parts, body);
        let request_info = RequestInfo::new(&request);
        self.traffic.count(&request_info);
        let Some(permit) = self.in_flight.try_acquire() else {
            self.traffic.shed.fetch_add(1, Ordering::Relaxed);
            self.delay().await;
            return Ok(CannedResponse::too_many_requests(1).into_response());
        };
        let maximum = &self.traffic.max_in_flight;
        maximum.fetch_max(permit.count, Ordering::Relaxed);
        self.delay().await;
        match self.rules.fault_for(&request_info) {
            None => self.forward(&request).await.map(with_body),
            Some(fault) => self.inject(fault, request, &reset).await,
        }
    }

    /// Waits for the route's latency.
    async fn delay(&self) {
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
    }

    async fn inject(
        self: &Arc<Self>,
        fault: Fault,
        mut request: BufferedRequest,
        reset: &AtomicBool,
    ) -> io::Result<Response<Body>> {
        let reset_connection = || {
            reset.store(true, Ordering::Relaxed);
            Err(io::ErrorKind::ConnectionReset.into())
        };
        match fault {
            Fault::Replace(response) => Ok(response.into_response()),
            Fault::RespondAfterCommit(response) => {
                self.forward(&request).await?;
                Ok(response.into_response())
            }
            Fault::CommitLate(delay, response) => {
                let state = Arc::clone(self);
                tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    state.forward(&request).await
                });
                Ok(response.into_response())
            }
            Fault::ResetBeforeCommit => reset_connection(),
            Fault::ResponseLost => {
                self.forward(&request).await?;
                reset_connection()
            }
            Fault::Truncated => Ok(self
                .forward(&request)
                .await?
                .map(|body| body::truncated(&body))),
            Fault::Hang => std::future::pending().await,
            Fault::HangAfterCommit => {
                self.forward(&request).await?;
                std::future::pending().await
            }
            Fault::Trickle => Ok(self.forward(&request).await?.map(body::trickling)),
            Fault::ConcurrentWrite => {
                self.upstream.label_object(&request).await;
                self.forward(&request).await.map(with_body)
            }
            Fault::ChangeRequest(edit) => {
                let Some(body) = edit.apply(request.body()) else {
                    return Ok(CannedResponse::not_json("request").into_response());
                };
                request.headers_mut().remove(header::CONTENT_LENGTH);
                *request.body_mut() = body;
                self.forward(&request).await.map(with_body)
            }
            Fault::ChangeResponse(edit) => {
                // The server compresses large bodies for clients that accept it.
                request.headers_mut().remove(header::ACCEPT_ENCODING);
                let response = self.forward(&request).await?;
                let Some(body) = edit.apply(response.body()) else {
                    return Ok(CannedResponse::not_json("response").into_response());
                };
                Ok(with_body(with_length(response.map(|_| body))))
            }
            Fault::SetRequestHeader(name, value) => {
                let value = HeaderValue::from_str(&value).map_err(io::Error::other)?;
                request.headers_mut().insert(name, value);
                self.forward(&request).await.map(with_body)
            }
            Fault::SetResponseHeader(name, value) => {
                let value = HeaderValue::from_str(&value).map_err(io::Error::other)?;
                let mut response = self.forward(&request).await?;
                response.headers_mut().insert(name, value);
                Ok(with_body(response))
            }
            Fault::Delay(delay) => {
                tokio::time::sleep(delay).await;
                self.forward(&request).await.map(with_body)
            }
        }
    }

    /// Returns the server's response; fails if the server sends none.
    async fn forward(&self, request: &BufferedRequest) -> io::Result<Response<Bytes>> {
        let response = self
            .upstream
            .send(request)
            .await
            .ok_or(io::ErrorKind::ConnectionAborted)?;
        // A truncated or slow body must still announce its full length.
        Ok(with_length(response))
    }
}

fn with_length(mut response: Response<Bytes>) -> Response<Bytes> {
    let length = response.body().len();
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length.into());
    response
}

fn with_body(response: Response<Bytes>) -> Response<Body> {
    response.map(body::full)
}
