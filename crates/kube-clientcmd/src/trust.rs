//! Configures how the server's certificate is verified: by which certificate authorities, if at all, and for which name.
//!
//! The verification itself is done by rustls.

use std::path::Path;
use std::sync::Arc;

use hyper_rustls::{
    DefaultServerNameResolver, FixedServerNameResolver, HttpsConnector, ResolveServerName,
};
use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

use super::base64_data::{Base64Error, decode};
use super::kubeconfig::Cluster;
use super::tls_probe::ProbeConnector;
use super::unverified_server::UnverifiedServer;
use crate::escape_control::escape_control;
use crate::go::errors::PathError;

/// The certificate authorities or the server name cannot be used. The messages are client-go's (`transport/transport.go`).
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum TrustError {
    #[error(transparent)]
    Base64(#[from] Base64Error),
    #[error(transparent)]
    File(#[from] PathError),
    #[error("specifying a root certificates file with the insecure flag is not allowed")]
    RootsWithInsecure,
    #[error("unable to load root certificates: unable to parse bytes as PEM block")]
    NoPem,
    #[error(
        "unable to load root certificates: failed to parse certificate: x509: malformed certificate"
    )]
    Malformed,
    /// Those of the system.
    #[error("unable to load root certificates: {}", escape_control(.0))]
    System(String),
    #[error("invalid TLS server name \"{}\"", escape_control(.0))]
    ServerName(String),
}

/// The settings of a kubeconfig for the verification of the server's certificate.
#[derive(Debug, Default, Clone)]
pub(super) struct Trust {
    /// The certificate authorities as DER; `None` for those of the system.
    roots: Option<Vec<Vec<u8>>>,
    insecure: bool,
    name: Option<String>,
    /// The certificate authorities as configured, for exec plugins.
    pub(super) bundle: Vec<u8>,
}

impl Trust {
    /// Returns the settings of a cluster's entry. Reads the file with certificate authorities, if there is one.
    ///
    /// # Errors
    /// A file or certificate cannot be read, or the settings contradict each other.
    pub(super) fn of(cluster: &Cluster) -> Result<Self, TrustError> {
        let insecure = cluster.insecure_skip_tls_verify == Some(true);
        let bundle = match (
            &cluster.certificate_authority_data,
            &cluster.certificate_authority,
        ) {
            (Some(data), _) => Some(decode(data)?),
            (None, Some(file)) => {
                Some(std::fs::read(file).map_err(|error| PathError::open(Path::new(file), error))?)
            }
            (None, None) => None,
        };
        if insecure && bundle.is_some() {
            return Err(TrustError::RootsWithInsecure);
        }
        Self::new(bundle, insecure, cluster.tls_server_name.clone())
    }

    /// Returns settings with the certificate authorities in the PEM file `bundle`.
    ///
    /// # Errors
    /// `bundle` contains no valid certificate.
    pub(super) fn new(
        bundle: Option<Vec<u8>>,
        insecure: bool,
        name: Option<String>,
    ) -> Result<Self, TrustError> {
        let roots = match &bundle {
            None => None,
            // An empty file means the system's certificate authorities, as in client-go.
            Some(pem) if pem.is_empty() => None,
            Some(pem) => {
                let certificates: Vec<CertificateDer<'static>> =
                    CertificateDer::pem_slice_iter(pem)
                        .filter_map(Result::ok)
                        .collect();
                // One valid certificate is enough (`x509.CertPool.AppendCertsFromPEM`).
                let roots: Vec<Vec<u8>> = certificates
                    .iter()
                    .filter(|it| RootCertStore::empty().add((*it).clone()).is_ok())
                    .map(|it| it.to_vec())
                    .collect();
                if roots.is_empty() {
                    return Err(if certificates.is_empty() {
                        TrustError::NoPem
                    } else {
                        TrustError::Malformed
                    });
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

    /// Returns whether all configured certificate authorities are leaf certificates.
    pub(super) fn contains_only_leaf_certs(&self) -> bool {
        self.roots
            .as_ref()
            .is_some_and(|roots| roots.iter().all(|der| super::x509::is_leaf(der)))
    }

    /// Starts the TLS settings with the verification of the server's certificate. `kube::Config` does the same, but links
    /// all of kube's own authentication with it, an eighth of the program.
    ///
    /// # Errors
    /// The system's certificate authorities cannot be read, or rustls refuses a configured one.
    fn server_verification(
        &self,
        https: bool,
    ) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, rustls::Error> {
        let builder = ClientConfig::builder();
        if self.insecure {
            return Ok(builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(UnverifiedServer)));
        }
        let mut store = RootCertStore::empty();
        match &self.roots {
            // Reading the system's certificate authorities takes time and fails if there are none: only HTTPS needs them.
            None if https => return builder.with_platform_verifier(),
            None => {}
            Some(roots) => {
                for root in roots {
                    store.add(CertificateDer::from_slice(root))?;
                }
            }
        }
        Ok(builder.with_root_certificates(store))
    }

    /// Returns the TLS settings, with a client certificate for servers that request one. Reads the system's certificate
    /// authorities if needed, which blocks.
    ///
    /// # Errors
    /// The system's certificate authorities cannot be read, or the server name is invalid.
    pub(super) fn tls(
        &self,
        https: bool,
        client_certificate: Option<&Arc<CertifiedKey>>,
    ) -> Result<Tls, TrustError> {
        let mut config = self
            .server_verification(https)
            .map_err(|error| TrustError::System(error.to_string()))?
            .with_no_client_auth();
        if let Some(certificate) = client_certificate {
            config.client_auth_cert_resolver =
                Arc::new(SingleCertAndKey::from(Arc::clone(certificate)));
        }
        let name: Arc<dyn ResolveServerName + Send + Sync> = match &self.name {
            None => Arc::new(CanonicalAddress(DefaultServerNameResolver::default())),
            Some(name) => {
                let fixed = ServerName::try_from(name.clone())
                    .map_err(|_| TrustError::ServerName(name.clone()))?;
                Arc::new(FixedServerNameResolver::new(fixed))
            }
        };
        Ok(Tls {
            config: Arc::new(config),
            name,
        })
    }
}

/// Resolves an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) to the IPv4 address, like Go.
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

/// TLS settings for connections.
#[derive(Clone)]
pub(super) struct Tls {
    config: Arc<ClientConfig>,
    name: Arc<dyn ResolveServerName + Send + Sync>,
}

impl Tls {
    /// Wraps a connector with TLS for `https` addresses. Connections to `http` addresses stay plain.
    pub(super) fn over<C>(&self, connector: C) -> HttpsConnector<ProbeConnector<C>> {
        HttpsConnector::new(
            ProbeConnector(connector),
            Arc::clone(&self.config),
            false,
            Arc::clone(&self.name),
        )
    }
}
