//! Builds the HTTP client of a connection from kube's layers and a connector with `TCP_NODELAY`.
//!
//! kube's own connector leaves Nagle's algorithm enabled: the first request of each connection then waits about 40 ms for
//! the server's delayed acknowledgement of the TLS handshake. kube's client also logs and retries requests; this one does
//! neither, and follows no redirects.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, header};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::dns::{GaiAddrs, GaiResolver, Name};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt as _};
use tower::util::{BoxCloneSyncService, MapErr, MapRequest};
use tower::{BoxError, Service, ServiceBuilder, service_fn};
use tower_http::decompression::DecompressionLayer;

use super::connect_error::{LookupFailed, ProxyFailed};
use super::headers::basic;
use super::proxy::{Proxy, ProxyKind};
use super::server_address::bare_host;
use super::trust::Tls;

/// The time limit to establish a TCP connection (client-go's dialer).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// An HTTP client for any host, with fixed TLS and proxy settings.
pub(super) type Http = BoxCloneSyncService<Request<Body>, Response<Incoming>, legacy::Error>;

/// The system's resolver. Its errors contain the host name.
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

/// Returns an HTTP client with the given TLS settings that connects through `proxy`, if there is one. `user_agent` is sent to
/// the proxy; requests have their own headers.
pub(super) fn http(tls: &Tls, proxy: Option<&Proxy>, user_agent: &HeaderValue) -> Http {
    let mut tcp = HttpConnector::new_with_resolver(Resolver(GaiResolver::new()));
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let tcp = MapRequest::new(tcp, |address| dialed(UNSPECIFIED_IS_UNREACHABLE, address));
    let Some(proxy) = proxy else {
        return over(tls, tcp);
    };
    let url = proxy.url.clone();
    match proxy.kind {
        ProxyKind::Http => over(
            tls,
            with_headers(Tunnel::new(url, to_proxy(tcp)), proxy, user_agent),
        ),
        ProxyKind::Https => over(
            tls,
            with_headers(Tunnel::new(url, to_proxy(tls.over(tcp))), proxy, user_agent),
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

/// Wraps the errors of a connector to a proxy in [`ProxyFailed`].
fn to_proxy<C>(connector: C) -> MapErr<C, fn(C::Error) -> ProxyFailed>
where
    C: Service<Uri, Error: Into<BoxError>>,
{
    MapErr::new(connector, |error| ProxyFailed(error.into()))
}

/// Adds the headers of a `CONNECT` request: `User-Agent`, and the user and password of the proxy's address, if there are any.
fn with_headers<C>(tunnel: Tunnel<C>, proxy: &Proxy, user_agent: &HeaderValue) -> Tunnel<C> {
    let agent = (header::USER_AGENT, user_agent.clone());
    let tunnel = tunnel.with_headers(HeaderMap::from_iter([agent]));
    match &proxy.user {
        Some((user, password)) => match basic(user, password) {
            Ok(value) => tunnel.with_auth(value),
            Err(_) => tunnel,
        },
        None => tunnel,
    }
}

/// Whether this system cannot connect to an unspecified address. Elsewhere that reaches the loopback interface.
const UNSPECIFIED_IS_UNREACHABLE: bool = cfg!(any(windows, target_os = "openbsd"));

/// Returns the address to dial. Like Go (`net/ipsock_posix.go`, `toLocal`), replaces `0.0.0.0` and `::`, which local clusters
/// write to kubeconfigs, by the loopback address on systems that cannot connect to them.
fn dialed(unspecified_is_unreachable: bool, address: Uri) -> Uri {
    if !unspecified_is_unreachable {
        return address;
    }
    let loopback = match bare_host(&address).parse() {
        Ok(IpAddr::V4(ip)) if ip.is_unspecified() => "127.0.0.1",
        Ok(IpAddr::V6(ip)) if ip.is_unspecified() => "[::1]",
        // Written as an IPv6 address, which Go treats as IPv4.
        Ok(IpAddr::V6(ip)) if ip.to_ipv4_mapped().is_some_and(|ip| ip.is_unspecified()) => {
            "127.0.0.1"
        }
        _ => return address,
    };
    let authority = match address.port() {
        Some(port) => format!("{loopback}:{port}"),
        None => loopback.to_owned(),
    };
    let mut parts = address.clone().into_parts();
    parts.authority = authority.parse().ok();
    Uri::from_parts(parts).unwrap_or(address)
}

/// Adds the default port to an `http` address: hyper's tunnels use port 443 for any address without a port.
fn with_port(address: Uri) -> Uri {
    if address.port().is_some() || address.scheme() != Some(&Scheme::HTTP) {
        return address;
    }
    let mut parts = address.clone().into_parts();
    let host = address.host().unwrap_or_default();
    parts.authority = format!("{host}:80").parse().ok();
    Uri::from_parts(parts).unwrap_or(address)
}

/// Returns an HTTP client over `connector`.
fn over<C>(tls: &Tls, connector: C) -> Http
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    BoxCloneSyncService::new(
        legacy::Client::builder(TokioExecutor::new())
            .build(tls.over(MapRequest::new(connector, with_port))),
    )
}

/// The server's address and the settings of every request.
#[derive(Clone)]
pub(super) struct RequestDefaults {
    pub(super) server: Uri,
    /// `User-Agent`, also for the proxy.
    pub(super) user_agent: HeaderValue,
    /// All headers, including `User-Agent`.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) compression: bool,
}

/// The body of a response, decompressed.
pub(super) type ResponseBody = UnsyncBoxBody<Bytes, BoxError>;
/// Sends requests to the server of a connection, without a credential.
pub(super) type Transport = BoxCloneSyncService<Request<Body>, Response<ResponseBody>, BoxError>;

/// Returns the service for the server in `defaults`.
///
/// # Errors
/// A header is invalid.
pub(super) fn to_server(http: Http, defaults: &RequestDefaults) -> kube::Result<Transport> {
    let mut config = kube::Config::new(defaults.server.clone());
    config.headers.clone_from(&defaults.headers);
    let service = ServiceBuilder::new()
        .map_response(|response: Response<_>| response.map(boxed))
        .layer(config.base_uri_layer())
        .layer(DecompressionLayer::new().gzip(defaults.compression))
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(http);
    Ok(BoxCloneSyncService::new(service))
}

/// Returns a service that sends requests with a client that the caller has built.
pub(super) fn of_client(client: kube::Client) -> Transport {
    BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
        let client = client.clone();
        async move {
            let response = client.send(request).await.map_err(BoxError::from)?;
            Ok(response.map(boxed))
        }
    }))
}

fn boxed<B>(body: B) -> ResponseBody
where
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    body.map_err(Into::into).boxed_unsync()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialed_replaces_unspecified_address_where_it_is_unreachable() {
        for (address, expected) in [
            ("https://0.0.0.0:6443/", "https://127.0.0.1:6443/"),
            ("https://[::]:6443/a", "https://[::1]:6443/a"),
            ("https://[::ffff:0.0.0.0]:6443/", "https://127.0.0.1:6443/"),
            ("https://0.0.0.0/", "https://127.0.0.1/"),
            ("https://10.0.0.0:6443/", "https://10.0.0.0:6443/"),
            ("https://c.test:6443/", "https://c.test:6443/"),
        ] {
            assert_eq!(dialed(true, Uri::from_static(address)), expected);
            assert_eq!(dialed(false, Uri::from_static(address)), address);
        }
    }
}
