//! Generates the proxy's certificate authority and server certificate, new for each proxy.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use crate::error::{Error, Result};

pub(super) struct Certificate {
    authority: String,
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Certificate {
    pub(super) fn make() -> Result<Self> {
        Self::signed().map_err(|error| Error::during("the proxy's certificate", error))
    }

    fn signed() -> std::result::Result<Self, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let authority = params.self_signed(&key)?.pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate()?;
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
        Ok(Self {
            authority,
            certificate: certificate.der().clone(),
            key: key.serialize_der(),
        })
    }

    /// Returns the CA certificate, encoded for `certificate-authority-data`.
    pub(super) fn authority(&self) -> String {
        STANDARD.encode(&self.authority)
    }

    /// Returns the TLS configuration of the server side.
    pub(super) fn server(&self) -> Result<Arc<ServerConfig>> {
        let key = PrivatePkcs8KeyDer::from(self.key.clone()).into();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder
                    .with_no_client_auth()
                    .with_single_cert(vec![self.certificate.clone()], key)
            });
        config
            .map(Arc::new)
            .map_err(|error| Error::during("the proxy's certificate", error))
    }
}
