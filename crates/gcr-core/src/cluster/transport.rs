//! The HTTP client of one connection: kube's layers over a connector of our own.
//!
//! kube's own stack leaves Nagle's algorithm on: the first request of each connection then waits for the server's
//! delayed acknowledgement of the TLS handshake, 40 ms where a request takes 2. It also logs and repeats; this one does
//! neither. Decides nothing: the configuration is ready when it comes here.

use http::{HeaderValue, Uri};
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt as _};
use tower::{BoxError, Service, ServiceBuilder};
use tower_http::decompression::DecompressionLayer;

/// A client for `config`, through its proxy if it names one.
///
/// # Errors
/// The credentials or certificates cannot be used, or the proxy's scheme is none of http, https and socks5.
pub(super) fn client(config: &kube::Config) -> kube::Result<kube::Client> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let Some(proxy) = config.proxy_url.clone() else {
        return over(config, tcp);
    };
    match proxy.scheme_str() {
        Some("http") => over(config, authorized(Tunnel::new(proxy.clone(), tcp), &proxy)),
        Some("https") => {
            let tls = config.rustls_https_connector_with_connector(tcp)?;
            over(config, authorized(Tunnel::new(proxy.clone(), tls), &proxy))
        }
        Some("socks5") => over(config, SocksV5::new(proxy, tcp)),
        _ => Err(kube::Error::ProxyProtocolUnsupported {
            proxy_url: Box::new(proxy),
        }),
    }
}

/// A proxy's own credential, where its address carries one.
fn authorized<C>(tunnel: Tunnel<C>, proxy: &Uri) -> Tunnel<C> {
    use base64::Engine as _;
    let user = proxy
        .authority()
        .and_then(|it| it.as_str().rsplit_once('@'));
    let Some((user, _)) = user else { return tunnel };
    // An address writes what is special in a user's name as %40; the proxy wants it as it is.
    let plain: Vec<u8> = percent_encoding::percent_decode_str(user).collect();
    let encoded = base64::engine::general_purpose::STANDARD.encode(plain);
    match HeaderValue::from_str(&format!("Basic {encoded}")) {
        Ok(value) => tunnel.with_auth(value),
        Err(_) => tunnel,
    }
}

fn over<C>(config: &kube::Config, connector: C) -> kube::Result<kube::Client>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: std::error::Error + Send + Sync + 'static,
{
    let connector = config.rustls_https_connector_with_connector(connector)?;
    let http: Client<_, Body> = Client::builder(TokioExecutor::new()).build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(DecompressionLayer::new().gzip(!config.disable_compression))
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(http);
    Ok(kube::Client::new(service, "default"))
}
