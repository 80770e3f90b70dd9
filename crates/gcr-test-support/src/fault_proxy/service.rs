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
use super::answer::Answer;
use super::asked::Asked;
use super::body::{self, Body};
use super::fault::Fault;
use super::gate::Gate;
use super::rule::Rules;
use super::traffic::Counters;
use super::upstream::{Upstream, Whole};
use crate::cluster::Connection;
use crate::error::Result;

/// What all connections of a proxy share.
pub(super) struct Proxying {
    pub(super) rules: Rules,
    pub(super) traffic: Counters,
    pub(super) latency: Duration,
    gate: Gate,
    upstream: Upstream,
}

impl Proxying {
    pub(super) fn new(connection: &Connection, route: Route) -> Result<Self> {
        Ok(Self {
            rules: Rules::default(),
            traffic: Counters::default(),
            latency: route.latency,
            gate: Gate::new(route.capacity),
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
        let asked = Asked::read(request.method(), request.uri());
        self.traffic.count(&asked);
        let Some(inside) = self.gate.enter() else {
            self.traffic.shed.fetch_add(1, Ordering::Relaxed);
            self.way().await;
            return Ok(Answer::too_many_requests(1).response());
        };
        let most = &self.traffic.most_in_flight;
        most.fetch_max(inside.count, Ordering::Relaxed);
        self.way().await;
        match self.rules.meet(&asked) {
            None => self.hand_on(&request).await.map(whole),
            Some(fault) => self.meet(fault, request, &reset).await,
        }
    }

    /// The way there and back.
    async fn way(&self) {
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
    }

    async fn meet(
        self: &Arc<Self>,
        fault: Fault,
        request: Whole,
        reset: &AtomicBool,
    ) -> io::Result<Response<Body>> {
        let cut = || {
            reset.store(true, Ordering::Relaxed);
            Err(io::ErrorKind::ConnectionReset.into())
        };
        match fault {
            Fault::Instead(answer) => Ok(answer.response()),
            Fault::After(answer) => {
                self.hand_on(&request).await?;
                Ok(answer.response())
            }
            Fault::Late(pause, answer) => {
                let proxying = Arc::clone(self);
                tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    proxying.hand_on(&request).await
                });
                Ok(answer.response())
            }
            Fault::ResetBefore => cut(),
            Fault::ReplyLost => {
                self.hand_on(&request).await?;
                cut()
            }
            Fault::Truncated => Ok(self
                .hand_on(&request)
                .await?
                .map(|body| body::broken_off(&body))),
            Fault::Hang => std::future::pending().await,
            Fault::HangAfter => {
                self.hand_on(&request).await?;
                std::future::pending().await
            }
            Fault::Trickle => Ok(self.hand_on(&request).await?.map(body::trickling)),
            Fault::Overtaken => {
                self.upstream.touch(&request).await;
                self.hand_on(&request).await.map(whole)
            }
        }
    }

    /// The server's answer. Where it gives none, neither does the proxy.
    async fn hand_on(&self, request: &Whole) -> io::Result<Response<Bytes>> {
        let mut answer = self
            .upstream
            .ask(request)
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

fn whole(answer: Response<Bytes>) -> Response<Body> {
    answer.map(body::whole)
}
