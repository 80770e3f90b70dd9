//! One request from start to end: read, counted, shed or delayed, met by a fault or handed on.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::Route;
use super::body::{self, Body};
use super::canned_response::CannedResponse;
use super::fault::Fault;
use super::in_flight::InFlightLimit;
use super::request_info::RequestInfo;
use super::rule::Rules;
use super::traffic::Counters;
use super::upstream::{BufferedRequest, Upstream};
use crate::error::Result;
use crate::test_cluster::Connection;

/// What all connections of a proxy share.
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

    /// Answers a request. An error ends the connection; where `reset` was set, by a reset.
    pub(super) async fn serve(
        self: Arc<Self>,
        request: Request<Incoming>,
        reset: Arc<AtomicBool>,
    ) -> io::Result<Response<Body>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let request = Request::from_parts(parts, body);
        let request_info = RequestInfo::new(request.method(), request.uri());
        self.traffic.count(&request_info);
        let Some(permit) = self.in_flight.try_acquire() else {
            self.traffic.shed.fetch_add(1, Ordering::Relaxed);
            self.delay().await;
            return Ok(CannedResponse::too_many_requests(1).into_response());
        };
        let most = &self.traffic.max_in_flight;
        most.fetch_max(permit.count, Ordering::Relaxed);
        self.delay().await;
        match self.rules.fault_for(&request_info) {
            None => self.forward(&request).await.map(with_body),
            Some(fault) => self.inject(fault, request, &reset).await,
        }
    }

    /// The way there and back.
    async fn delay(&self) {
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
    }

    async fn inject(
        self: &Arc<Self>,
        fault: Fault,
        request: BufferedRequest,
        reset: &AtomicBool,
    ) -> io::Result<Response<Body>> {
        let cut = || {
            reset.store(true, Ordering::Relaxed);
            Err(io::ErrorKind::ConnectionReset.into())
        };
        match fault {
            Fault::Replace(answer) => Ok(answer.into_response()),
            Fault::RespondAfterCommit(answer) => {
                self.forward(&request).await?;
                Ok(answer.into_response())
            }
            Fault::CommitLate(pause, answer) => {
                let state = Arc::clone(self);
                tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    state.forward(&request).await
                });
                Ok(answer.into_response())
            }
            Fault::ResetBeforeCommit => cut(),
            Fault::ResponseLost => {
                self.forward(&request).await?;
                cut()
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
        }
    }

    /// The server's answer. Where it gives none, neither does the proxy.
    async fn forward(&self, request: &BufferedRequest) -> io::Result<Response<Bytes>> {
        let mut answer = self
            .upstream
            .send(request)
            .await
            .ok_or(io::ErrorKind::ConnectionAborted)?;
        // A body that breaks off or trickles was promised in full.
        let length = answer.body().len();
        answer
            .headers_mut()
            .insert(header::CONTENT_LENGTH, length.into());
        Ok(answer)
    }
}

fn with_body(answer: Response<Bytes>) -> Response<Body> {
    answer.map(body::full)
}
