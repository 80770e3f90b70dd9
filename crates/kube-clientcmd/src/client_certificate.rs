//! Loads a client certificate and its private key.
//!
//! Only the certificate's public key is checked: microk8s issues X.509 version 1 certificates, which rustls cannot parse, but
//! the server accepts. Error messages are those of Go (`crypto/tls`, `X509KeyPair`).

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::{PemObject as _, SectionKind, from_buf};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use zeroize::Zeroizing;

use super::base64_data::decode;
use super::kubeconfig::User;
use crate::go::errors::path_error;

/// Loads the certificate and key of a user's entry, if it has both.
///
/// # Errors
/// The message without the prefix `error: `: a file cannot be read, or its content is invalid.
pub(super) fn of(user: &User) -> Result<Option<Arc<CertifiedKey>>, String> {
    let certificate = pem(&user.client_certificate_data, &user.client_certificate)?;
    let key = pem(&user.client_key_data, &user.client_key)?;
    match (certificate, key) {
        (Some(certificate), Some(key)) => from_pem(&certificate, &key).map(Some),
        _ => Ok(None),
    }
}

fn pem(data: &Option<String>, file: &Option<String>) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
    match (data, file) {
        (Some(data), _) => decode(data)
            .map(|pem| Some(Zeroizing::new(pem)))
            .map_err(|error| error.to_string()),
        (None, Some(file)) => std::fs::read(file)
            .map(|pem| Some(Zeroizing::new(pem)))
            .map_err(|error| path_error("open", Path::new(file), &error)),
        (None, None) => Ok(None),
    }
}

/// Parses a certificate chain and its key from PEM, which may contain other blocks.
///
/// # Errors
/// The message without a prefix: a block is missing or invalid, or the key does not belong to the certificate.
pub(super) fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Arc<CertifiedKey>, String> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificate)
        .filter_map(Result::ok)
        .collect();
    if chain.is_empty() {
        return Err(match kind(certificate) {
            None => "tls: failed to find any PEM data in certificate input",
            Some(SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey) => {
                "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched"
            }
            Some(_) => "tls: failed to find \"CERTIFICATE\" PEM block in certificate input",
        }
        .to_owned());
    }
    let der = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
        match kind(key) {
            // Go accepts any block type that ends in "PRIVATE KEY", but cannot parse encrypted keys either.
            None if String::from_utf8_lossy(key).contains("PRIVATE KEY-----") => {
                "tls: failed to parse private key"
            }
            None => "tls: failed to find any PEM data in key input",
            Some(SectionKind::Certificate) => {
                "tls: found a certificate rather than a key in the PEM for the private key"
            }
            Some(_) => {
                "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input"
            }
        }
        .to_owned()
    })?;
    let signer = rustls::crypto::ring::sign::any_supported_type(&der).map_err(|_| {
        "tls: failed to parse private key (RSA, P-256, P-384 and Ed25519 are supported)".to_owned()
    })?;
    let pair = CertifiedKey::new(chain, signer);
    // rustls fails otherwise if it cannot parse the certificate; the server may still accept it.
    match pair.keys_match() {
        Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            Err("tls: private key does not match public key".to_owned())
        }
        _ => Ok(Arc::new(pair)),
    }
}

/// Returns the kind of the first PEM block.
fn kind(pem: &[u8]) -> Option<SectionKind> {
    let mut reader = std::io::Cursor::new(pem);
    from_buf(&mut reader).ok().flatten().map(|(kind, _)| kind)
}
