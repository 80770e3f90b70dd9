//! How a server is known: its authority, the system's, or not at all; and under which name.
//!
//! rustls verifies; nothing here decides whether a certificate is good.

use std::path::Path;
use std::sync::Arc;

use hyper_rustls::{
    DefaultServerNameResolver, FixedServerNameResolver, HttpsConnector, ResolveServerName,
};
use kube::client::ConfigExt as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};

use super::base64_data::decode;
use super::kubeconfig::Cluster;
use super::tls_probe::ProbeConnector;
use crate::domain::escape_control::escape_control;
use crate::domain::go_errors::path_error;

/// What a kubeconfig says of a server's certificate.
#[derive(Debug, Default, Clone)]
pub(super) struct Trust {
    /// Authorities, as DER; the system's where there are none.
    roots: Option<Vec<Vec<u8>>>,
    insecure: bool,
    name: Option<String>,
    /// The authorities as they stand, for credential plugins.
    pub(super) bundle: Vec<u8>,
}

impl Trust {
    /// Of a cluster's entry.
    ///
    /// # Errors
    /// The line to print, in client-go's words (`transport/transport.go`).
    pub(super) fn of(cluster: &Cluster) -> Result<Self, String> {
        let insecure = cluster.insecure_skip_tls_verify == Some(true);
        let bundle = match (
            &cluster.certificate_authority_data,
            &cluster.certificate_authority,
        ) {
            (Some(data), _) => Some(decode(data).map_err(|error| format!("error: {error}"))?),
            (None, Some(file)) => Some(std::fs::read(file).map_err(|error| {
                format!("error: {}", path_error("open", Path::new(file), &error))
            })?),
            (None, None) => None,
        };
        if insecure && bundle.is_some() {
            return Err(
                "error: specifying a root certificates file with the insecure flag is not allowed"
                    .to_owned(),
            );
        }
        Self::new(bundle, insecure, cluster.tls_server_name.clone())
    }

    /// Of an authority's PEM.
    ///
    /// # Errors
    /// The line to print.
    pub(super) fn new(
        bundle: Option<Vec<u8>>,
        insecure: bool,
        name: Option<String>,
    ) -> Result<Self, String> {
        let roots = match &bundle {
            None => None,
            // Nothing written is nothing said: the system's.
            Some(pem) if pem.is_empty() => None,
            Some(pem) => {
                let written: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem)
                    .filter_map(Result::ok)
                    .collect();
                // One that can be read is enough (`x509.CertPool.AppendCertsFromPEM`).
                let roots: Vec<Vec<u8>> = written
                    .iter()
                    .filter(|it| RootCertStore::empty().add((*it).clone()).is_ok())
                    .map(|it| it.to_vec())
                    .collect();
                if roots.is_empty() {
                    let why = if written.is_empty() {
                        "unable to parse bytes as PEM block"
                    } else {
                        "failed to parse certificate: x509: malformed certificate"
                    };
                    return Err(format!("error: unable to load root certificates: {why}"));
                }
                Some(roots)
            }
        };
        Ok(Self {
            roots,
            insecure,
            name,
            bundle: bundle.unwrap_or_default(),
        })
    }

    /// Whether everything given as an authority is some server's own certificate.
    pub(super) fn contains_only_leaf_certs(&self) -> bool {
        self.roots
            .as_ref()
            .is_some_and(|roots| roots.iter().all(|der| super::x509::is_leaf(der)))
    }

    /// TLS with this trust, showing `identity` to servers that ask.
    ///
    /// # Errors
    /// The line to print.
    pub(super) fn tls(
        &self,
        https: bool,
        identity: Option<&Arc<CertifiedKey>>,
    ) -> Result<Tls, String> {
        let mut plain = kube::Config::new(http::Uri::from_static("https://localhost"));
        // Reading the system's authorities takes time, there may be none, and not everybody has a use for them.
        plain.root_cert = if https && !self.insecure {
            self.roots.clone()
        } else {
            Some(Vec::new())
        };
        plain.accept_invalid_certs = self.insecure;
        let mut config = plain.rustls_client_config().map_err(|error| {
            let why = error.to_string();
            format!(
                "error: unable to load root certificates: {}",
                escape_control(&why)
            )
        })?;
        if let Some(identity) = identity {
            config.client_auth_cert_resolver =
                Arc::new(SingleCertAndKey::from(Arc::clone(identity)));
        }
        let name: Arc<dyn ResolveServerName + Send + Sync> = match &self.name {
            None => Arc::new(CanonicalAddress(DefaultServerNameResolver::default())),
            Some(name) => {
                let fixed = ServerName::try_from(name.clone()).map_err(|_| {
                    format!(
                        "error: \"{}\" is no name of a server (--tls-server-name)",
                        escape_control(name)
                    )
                })?;
                Arc::new(FixedServerNameResolver::new(fixed))
            }
        };
        Ok(Tls {
            config: Arc::new(config),
            name,
        })
    }
}

/// Go knows an IPv4 address that is written as an IPv6 one (RFC 4291 section 2.5.5.2) for what it is.
struct CanonicalAddress(DefaultServerNameResolver);

impl ResolveServerName for CanonicalAddress {
    fn resolve(
        &self,
        uri: &http::Uri,
    ) -> Result<ServerName<'static>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(match self.0.resolve(uri)? {
            ServerName::IpAddress(address) => {
                let address = std::net::IpAddr::from(address).to_canonical();
                ServerName::IpAddress(address.into())
            }
            name => name,
        })
    }
}

/// Ready to be laid over connections.
#[derive(Clone)]
pub(super) struct Tls {
    config: Arc<ClientConfig>,
    name: Arc<dyn ResolveServerName + Send + Sync>,
}

impl Tls {
    /// Lays it over a connector; plain HTTP goes through untouched.
    pub(super) fn over<C>(&self, connector: C) -> HttpsConnector<ProbeConnector<C>> {
        HttpsConnector::new(
            ProbeConnector(connector),
            Arc::clone(&self.config),
            false,
            Arc::clone(&self.name),
        )
    }
}
