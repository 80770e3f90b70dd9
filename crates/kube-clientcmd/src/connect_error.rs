//! Defines the errors of establishing a connection that are not the operating system's or rustls's.

use std::io;

use tower::BoxError;

/// A failed lookup of a host name.
#[derive(Debug, thiserror::Error)]
#[error("lookup {host}: no such host")]
pub(crate) struct LookupFailed {
    /// The host name.
    pub(crate) host: String,
    pub(crate) source: io::Error,
}

/// A failed connection to the proxy.
#[derive(Debug, thiserror::Error)]
#[error("proxyconnect tcp: {0}")]
pub(crate) struct ProxyFailed(#[source] pub(crate) BoxError);

/// The protocol that the server uses instead of TLS.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotTls {
    /// HTTP.
    #[error("http: server gave HTTP response to HTTPS client")]
    Http,
    /// SSL 2.
    #[error("tls: unsupported SSLv2 handshake received")]
    Ssl2,
    /// The connection ended within the header.
    #[error("unexpected EOF")]
    CutShort,
    /// Another protocol.
    #[error("tls: first record does not look like a TLS handshake")]
    Other,
}
