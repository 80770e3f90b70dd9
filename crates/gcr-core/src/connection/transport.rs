//! The HTTP client of one connection: kube's layers over a connector of our own.
//!
//! kube's own stack leaves Nagle's algorithm on: the first request of each connection then waits for the server's
//! delayed acknowledgement of the TLS handshake, 40 ms where a request takes 2. It also logs and repeats; this one does
//! neither, and follows no redirect. Decides nothing: the configuration is ready when it comes here.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::uri::Scheme;
use http::{HeaderName, HeaderValue, Request, Response, Uri};
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::dns::{GaiAddrs, GaiResolver, Name};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt as _};
use tower::util::{BoxCloneService, MapErr, MapRequest};
use tower::{BoxError, Service, ServiceBuilder};
use tower_http::decompression::DecompressionLayer;

use super::proxy::{Proxy, ProxyKind};
use super::trust::Tls;

/// How long a connection may take to be made (client-go's dialer).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// HTTP to anywhere, with one way of trust and one proxy.
pub(super) type Http = BoxCloneService<Request<Body>, Response<Incoming>, legacy::Error>;

/// A host's name leads to no address.
#[derive(Debug, thiserror::Error)]
#[error("lookup {host}: no such host")]
pub(crate) struct LookupFailed {
    /// The name.
    pub(crate) host: String,
    source: io::Error,
}

/// The proxy was not reached, or is not trusted.
#[derive(Debug, thiserror::Error)]
#[error("proxyconnect tcp: {0}")]
pub(crate) struct ProxyFailed(#[source] pub(crate) BoxError);

/// The system's resolver, whose failures say which name.
#[derive(Clone)]
struct Resolver(GaiResolver);

impl Service<Name> for Resolver {
    type Response = GaiAddrs;
    type Error = LookupFailed;
    type Future = Pin<Box<dyn Future<Output = Result<GaiAddrs, LookupFailed>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), LookupFailed>> {
        self.0.poll_ready(context).map_err(|source| LookupFailed {
            host: String::new(),
            source,
        })
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let host = name.as_str().to_owned();
        let found = self.0.call(name);
        Box::pin(async move { found.await.map_err(|source| LookupFailed { host, source }) })
    }
}

/// HTTP with `tls`, through `proxy` if there is one.
pub(super) fn http(tls: &Tls, proxy: Option<&Proxy>) -> Http {
    let mut tcp = HttpConnector::new_with_resolver(Resolver(GaiResolver::new()));
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let Some(proxy) = proxy else {
        return over(tls, tcp);
    };
    let url = proxy.url.clone();
    match proxy.kind {
        ProxyKind::Http => over(tls, authorized(Tunnel::new(url, proxied(tcp)), proxy)),
        ProxyKind::Https => over(
            tls,
            authorized(Tunnel::new(url, proxied(tls.over(tcp))), proxy),
        ),
        ProxyKind::Socks5 => {
            let socks = SocksV5::new(url, tcp);
            match proxy.user.clone() {
                Some((user, password)) => over(tls, socks.with_auth(user, password)),
                None => over(tls, socks),
            }
        }
    }
}

/// A way to a proxy, whose failures say so.
fn proxied<C>(way: C) -> MapErr<C, fn(C::Error) -> ProxyFailed>
where
    C: Service<Uri, Error: Into<BoxError>>,
{
    MapErr::new(way, |error| ProxyFailed(error.into()))
}

/// The proxy's own credential, where its address carries one.
fn authorized<C>(tunnel: Tunnel<C>, proxy: &Proxy) -> Tunnel<C> {
    match &proxy.user {
        Some((user, password)) => match super::credential::basic(user, password) {
            Ok(value) => tunnel.with_auth(value),
            Err(_) => tunnel,
        },
        None => tunnel,
    }
}

/// With the port: hyper's tunnels take it for 443 where none is named, whatever the scheme.
fn with_port(address: Uri) -> Uri {
    if address.port().is_some() || address.scheme() != Some(&Scheme::HTTP) {
        return address;
    }
    let mut parts = address.clone().into_parts();
    let host = address.host().unwrap_or_default();
    parts.authority = format!("{host}:80").parse().ok();
    Uri::from_parts(parts).unwrap_or(address)
}

fn over<C>(tls: &Tls, connector: C) -> Http
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    BoxCloneService::new(
        legacy::Client::builder(TokioExecutor::new())
            .build(tls.over(MapRequest::new(connector, with_port))),
    )
}

/// Where requests go and what each carries.
#[derive(Clone)]
pub(super) struct RequestDefaults {
    pub(super) server: Uri,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) compression: bool,
}

/// A client that asks `envelope`'s server.
///
/// # Errors
/// The line to print.
pub(super) fn client(http: Http, envelope: &RequestDefaults) -> Result<kube::Client, String> {
    let mut config = kube::Config::new(envelope.server.clone());
    config.headers.clone_from(&envelope.headers);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(DecompressionLayer::new().gzip(envelope.compression))
        .layer(
            config
                .extra_headers_layer()
                .map_err(|error| format!("error: {error}"))?,
        )
        .map_err(BoxError::from)
        .service(http);
    Ok(kube::Client::new(service, "default"))
}
