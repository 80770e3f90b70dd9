//! The load generator: sends prepared requests over a fixed number of kept connections. It has no limiter, retries or
//! report, so its throughput is that of the server.
//!
//! It uses one thread, and hyper over rustls without a connection pool, because each worker has its own connection.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use gcr_test_support::{Error, Result};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::endpoint::Endpoint;

/// A prepared request.
#[derive(Clone)]
pub(super) struct ApiRequest {
    pub(super) method: Method,
    /// Path and query.
    pub(super) path: String,
    /// Media type of the body; empty without a body.
    pub(super) content_type: &'static str,
    pub(super) accept: &'static str,
    pub(super) body: Bytes,
    /// An error status that counts as success.
    pub(super) accepted: Option<StatusCode>,
}

/// Requests that are sent one after the other.
pub(super) type RequestSequence = Vec<ApiRequest>;

/// Sends all sequences over `concurrency` connections. Returns the milliseconds from opening the connections to the
/// last response.
///
/// # Errors
/// A request fails; requests are not retried.
pub(super) fn send_all(
    endpoint: &Endpoint,
    sequences: impl IntoIterator<Item = RequestSequence>,
    concurrency: usize,
) -> Result<f64> {
    let sequences: VecDeque<RequestSequence> = sequences.into_iter().collect();
    let sequences = Arc::new(Mutex::new(sequences));
    let runtime = runtime()?;
    let started = Instant::now();
    runtime.block_on(async {
        let mut workers = JoinSet::new();
        for _ in 0..concurrency {
            workers.spawn(work(endpoint.clone(), Arc::clone(&sequences)));
        }
        while let Some(result) = workers.join_next().await {
            result.map_err(|error| Error::during("run the load generator", error))??;
        }
        Ok(started.elapsed().as_secs_f64() * 1000.0)
    })
}

/// Sends one request and returns the body of the response.
///
/// # Errors
/// The request fails.
pub(super) fn send_one(endpoint: &Endpoint, request: ApiRequest) -> Result<Bytes> {
    runtime()?.block_on(async {
        let mut connection = Connection::connect(endpoint).await?;
        connection.send(endpoint, request).await
    })
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::during("run the load generator", error))
}

async fn work(endpoint: Endpoint, sequences: Arc<Mutex<VecDeque<RequestSequence>>>) -> Result<()> {
    let next = || {
        let mut sequences = sequences.lock().unwrap_or_else(PoisonError::into_inner);
        sequences.pop_front()
    };
    let mut connection = Connection::connect(&endpoint).await?;
    while let Some(sequence) = next() {
        for request in sequence {
            connection.send(&endpoint, request).await?;
        }
    }
    Ok(())
}

struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    async fn connect(endpoint: &Endpoint) -> Result<Self> {
        Self::open(endpoint)
            .await
            .map_err(|error| Error::during(&endpoint.authority, error))
    }

    async fn open(endpoint: &Endpoint) -> io::Result<Self> {
        let tcp = TcpStream::connect(&endpoint.authority).await?;
        tcp.set_nodelay(true)?;
        let tls = endpoint.tls.connect(endpoint.name.clone(), tcp).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(tls))
            .await
            .map_err(io::Error::other)?;
        // The task drives the connection; `send_request` reports its errors.
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    async fn send(&mut self, endpoint: &Endpoint, request: ApiRequest) -> Result<Bytes> {
        let line = || format!("{} {}", request.method, request.path);
        let failed = |error: &dyn std::fmt::Display| Error::during(line(), error);
        let mut builder = Request::builder()
            .method(&request.method)
            .uri(&request.path)
            .header(header::HOST, &endpoint.authority)
            .header(header::AUTHORIZATION, &endpoint.authorization)
            .header(header::ACCEPT, request.accept);
        if !request.content_type.is_empty() {
            builder = builder.header(header::CONTENT_TYPE, request.content_type);
        }
        let http_request = builder
            .body(Full::new(request.body.clone()))
            .map_err(|error| failed(&error))?;
        self.0.ready().await.map_err(|error| failed(&error))?;
        let response = self.0.send_request(http_request).await;
        let (head, body) = response.map_err(|error| failed(&error))?.into_parts();
        let body = body.collect().await.map_err(|error| failed(&error))?;
        let body = body.to_bytes();
        if head.status.is_success() || request.accepted == Some(head.status) {
            Ok(body)
        } else {
            let text = String::from_utf8_lossy(&body);
            Err(failed(&format!("{}\n{text}", head.status)))
        }
    }
}
