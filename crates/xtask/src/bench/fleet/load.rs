//! The load generator: sends requests that are ready, over so many connections that are kept, and does nothing else. No
//! limiter, no retries, no report: what a server can do is what this gets out of it.
//!
//! One thread, hyper over rustls without a pool, since each worker has a connection of its own.

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

/// A request, ready to be sent.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Path and query.
    pub(super) path: String,
    /// What the body is; empty where there is none.
    pub(super) content_type: &'static str,
    pub(super) accept: &'static str,
    pub(super) body: Bytes,
    /// An answer that is as good as success.
    pub(super) tolerated: Option<StatusCode>,
}

/// What is sent one after the other.
pub(super) type Job = Vec<Call>;

/// Sends all jobs, `concurrency` side by side, each over a connection that is made first. Returns the milliseconds from
/// the first connection to the last answer, and how many were answered.
///
/// # Errors
/// A request was not answered with success; there is no second try.
pub(super) fn send(
    endpoint: &Endpoint,
    jobs: impl IntoIterator<Item = Job>,
    concurrency: usize,
) -> Result<f64> {
    let jobs: VecDeque<Job> = jobs.into_iter().collect();
    let jobs = Arc::new(Mutex::new(jobs));
    let runtime = runtime()?;
    let begun = Instant::now();
    runtime.block_on(async {
        let mut workers = JoinSet::new();
        for _ in 0..concurrency {
            workers.spawn(work(endpoint.clone(), Arc::clone(&jobs)));
        }
        while let Some(worked) = workers.join_next().await {
            worked.map_err(|error| Error::during("the load generator", error))??;
        }
        Ok(begun.elapsed().as_secs_f64() * 1000.0)
    })
}

/// Sends one request and returns what came back.
///
/// # Errors
/// As [`send`].
pub(super) fn ask(endpoint: &Endpoint, call: Call) -> Result<Bytes> {
    runtime()?.block_on(async {
        let mut connection = Connection::make(endpoint).await?;
        connection.send(endpoint, call).await
    })
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::during("the load generator", error))
}

async fn work(endpoint: Endpoint, jobs: Arc<Mutex<VecDeque<Job>>>) -> Result<()> {
    let next = || {
        let mut jobs = jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.pop_front()
    };
    let mut connection = Connection::make(&endpoint).await?;
    while let Some(job) = next() {
        for call in job {
            connection.send(&endpoint, call).await?;
        }
    }
    Ok(())
}

struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    async fn make(endpoint: &Endpoint) -> Result<Self> {
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
        // How it ends is told to whoever sends.
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    async fn send(&mut self, endpoint: &Endpoint, call: Call) -> Result<Bytes> {
        let line = || format!("{} {}", call.method, call.path);
        let failed = |error: &dyn std::fmt::Display| Error::during(line(), error);
        let mut request = Request::builder()
            .method(&call.method)
            .uri(&call.path)
            .header(header::HOST, &endpoint.authority)
            .header(header::AUTHORIZATION, &endpoint.authorization)
            .header(header::ACCEPT, call.accept);
        if !call.content_type.is_empty() {
            request = request.header(header::CONTENT_TYPE, call.content_type);
        }
        let request = request
            .body(Full::new(call.body.clone()))
            .map_err(|error| failed(&error))?;
        self.0.ready().await.map_err(|error| failed(&error))?;
        let answer = self.0.send_request(request).await;
        let (head, body) = answer.map_err(|error| failed(&error))?.into_parts();
        let body = body.collect().await.map_err(|error| failed(&error))?;
        let body = body.to_bytes();
        if head.status.is_success() || call.tolerated == Some(head.status) {
            Ok(body)
        } else {
            let said = String::from_utf8_lossy(&body);
            Err(failed(&format!("{}\n{said}", head.status)))
        }
    }
}
