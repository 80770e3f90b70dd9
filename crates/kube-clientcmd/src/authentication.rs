//! The service of a connection's `kube::Client`: authenticates each request, and repeats it once after a 401.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use kube::client::Body;
use tokio::time::Instant;
use tower::{BoxError, Service, ServiceExt as _};

use crate::connection::{AuthenticatedTransport, Connection};
use crate::request_phase::{RequestPhase, RequestProgress};
use crate::transport::ResponseBody;

/// How much of the body of a 401 is read, so that its connection can be used again, in bytes.
const DRAIN_LIMIT: usize = 64 << 10;
/// How long the rest of such a body is awaited.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// Sends requests with the connection's current credential. The connection obtains the credential before the first request,
/// and again when it has expired or the server has rejected it. Concurrent requests share one refresh.
#[derive(Clone)]
struct Authentication(Connection);

impl Connection {
    /// Returns a `kube::Client` for this connection. Its default namespace is the connection's, else `default`.
    ///
    /// The client authenticates each request. It obtains the credential before the first request, which may run an exec
    /// plugin, and again when it has expired or the server has rejected it with a 401. Requests that were rejected with
    /// the same credential share one refresh, and each of them is repeated once. A credential that cannot be obtained is a
    /// [`CredentialError`](crate::CredentialError) inside `kube::Error::Service`; [`Connection::send_error`] finds it.
    ///
    /// All clients of a connection and of its clones share the credential and the open connections. Must be called within
    /// a tokio runtime.
    pub fn client(&self) -> kube::Client {
        let namespace = self.namespace.as_deref().unwrap_or("default");
        kube::Client::new(Authentication(self.clone()), namespace)
    }
}

impl Service<Request<Body>> for Authentication {
    type Response = Response<ResponseBody>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // The HTTP client queues requests itself.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(respond(self.0.clone(), request))
    }
}

async fn respond(
    connection: Connection,
    request: Request<Body>,
) -> Result<Response<ResponseBody>, BoxError> {
    let transport = match connection.transport().await {
        Ok(transport) => transport,
        Err(error) => return Err(Box::new(error)),
    };
    let repeat = try_clone(&request);
    let response = send(&transport, request).await?;
    if response.status() != StatusCode::UNAUTHORIZED {
        return Ok(response);
    }
    let Some(repeat) = repeat else {
        return Ok(response);
    };
    set_phase(&repeat, RequestPhase::Authenticating);
    let refreshed = match connection.refresh_rejected(&transport).await {
        Ok(Some(refreshed)) => refreshed,
        Ok(None) => return Ok(response),
        // Like client-go, returns the server's response.
        Err(error) => {
            tracing::debug!("refreshing credentials: {error}");
            return Ok(response);
        }
    };
    tracing::debug!(
        "{} {}: error: You must be logged in to the server (Unauthorized); retrying with another credential",
        repeat.method(),
        repeat.uri()
    );
    // The connection is closed if the body is longer or late.
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, drain(response.into_body())).await;
    send(&refreshed, repeat).await
}

/// Reads up to [`DRAIN_LIMIT`] bytes of a body.
async fn drain(mut body: ResponseBody) {
    let mut size = 0;
    while let Some(Ok(frame)) = body.frame().await {
        size += frame.data_ref().map_or(0, Bytes::len);
        if size > DRAIN_LIMIT {
            return;
        }
    }
}

fn set_phase(request: &Request<Body>, phase: RequestPhase) {
    if let Some(progress) = request.extensions().get::<RequestProgress>() {
        progress.set(phase);
    }
}

/// Sends one request with the credential of `transport`.
async fn send(
    transport: &AuthenticatedTransport,
    mut request: Request<Body>,
) -> Result<Response<ResponseBody>, BoxError> {
    if let Some(authorization) = &transport.credential.authorization {
        request
            .headers_mut()
            .insert(header::AUTHORIZATION, authorization.clone());
    }
    set_phase(&request, RequestPhase::Sent(Instant::now()));
    let response = transport.http.clone().oneshot(request).await?;
    if response.status() != StatusCode::UNAUTHORIZED {
        transport.credential.mark_accepted();
    }
    Ok(response)
}

/// Returns a copy of the request, or `None` if its body is a stream.
fn try_clone(request: &Request<Body>) -> Option<Request<Body>> {
    let mut copy = Request::new(request.body().try_clone()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    Some(copy)
}
