//! A `kube::Client` that authenticates each request, for `kube::Api`, watchers and controllers.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use kube::client::Body;
use tower::{BoxError, Service};

use crate::Connection;

/// Sends requests with the connection's current credential. The connection acquires the credential before the first request,
/// and renews it when it expires and after a 401. Concurrent requests share one renewal.
#[derive(Clone)]
struct Authenticated(Connection);

impl Service<Request<Body>> for Authenticated {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // The HTTP client queues requests itself.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let connection = self.0.clone();
        Box::pin(async move {
            let client = connection.client().await?;
            let repeat = try_clone(&request);
            let response = client.send(request).await?;
            if response.status() != StatusCode::UNAUTHORIZED {
                return Ok(response);
            }
            let Some(repeat) = repeat else {
                return Ok(response);
            };
            match connection.refresh_rejected(&client).await? {
                Some(renewed) => Ok(renewed.send(repeat).await?),
                None => Ok(response),
            }
        })
    }
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

impl Connection {
    /// Returns a `kube::Client` for this connection, whose default namespace is the connection's, else `default`.
    ///
    /// Sends nothing yet; a credential that cannot be acquired is an error of the first request.
    pub fn kube_client(&self) -> kube::Client {
        let namespace = self.namespace.as_deref().unwrap_or("default");
        kube::Client::new(Authenticated(self.clone()), namespace)
    }
}
