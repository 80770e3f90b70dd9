//! Reads the API server's address, CA and token for the load generator. The real kubectl parses the kubeconfig.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::{Error, Result, Session};
use http::HeaderValue;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio_rustls::TlsConnector;

/// The server and the token of the current context of a session's kubeconfig.
#[derive(Clone)]
pub(super) struct Endpoint {
    /// Address, `HOST:PORT`.
    pub(super) authority: String,
    /// Name that the server's certificate must contain.
    pub(super) name: ServerName<'static>,
    pub(super) tls: TlsConnector,
    /// Value of the `Authorization` header.
    pub(super) authorization: HeaderValue,
}

impl Endpoint {
    /// Returns the endpoint of the current context.
    ///
    /// # Errors
    /// The context has no server, no embedded CA or no token.
    pub(super) fn of(session: &Session) -> Result<Self> {
        let view = session.kubectl(["config", "view", "--raw", "--minify", "-o", "json"]);
        let view = view.run();
        let failed = |cause: &dyn std::fmt::Display| Error::during("read the kubeconfig", cause);
        let config: Value = serde_json::from_str(&view.stdout).map_err(|error| failed(&error))?;
        let text = |pointer: &str| {
            let value = config.pointer(pointer).and_then(Value::as_str);
            value.ok_or_else(|| failed(&format!("{pointer} not found")))
        };
        let server = text("/clusters/0/cluster/server")?;
        let authority = server.trim_start_matches("https://").trim_end_matches('/');
        let host = authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host);
        let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(&error))?;
        let pem = STANDARD
            .decode(text("/clusters/0/cluster/certificate-authority-data")?)
            .map_err(|error| failed(&error))?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let token = format!("Bearer {}", text("/users/0/user/token")?);
        Ok(Self {
            authority: authority.to_owned(),
            name,
            tls: TlsConnector::from(Arc::new(tls)),
            authorization: token.parse().map_err(|error| failed(&error))?,
        })
    }
}
