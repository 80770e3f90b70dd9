//! A client certificate and its key.
//!
//! The certificate is not looked into beyond its key: a server may want one of version 1, as microk8s makes them, which
//! rustls would refuse to parse. Errors have Go's words (`crypto/tls`, `X509KeyPair`).

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::{PemObject as _, SectionKind, from_buf};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use zeroize::Zeroizing;

use super::base64_data::decode;
use super::kubeconfig::User;
use crate::domain::go_errors::path_error;

/// The certificate and key of a user's entry, where it has them.
///
/// # Errors
/// What is wrong, without `error: `.
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

/// From PEM, which may hold other blocks too.
///
/// # Errors
/// What is wrong.
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
            // Go goes by the last words of a block's name, and cannot read what is encrypted either.
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
    // Anything else, as a version that rustls does not know, is for the server to judge.
    match pair.keys_match() {
        Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            Err("tls: private key does not match public key".to_owned())
        }
        _ => Ok(Arc::new(pair)),
    }
}

/// The kind of the first PEM block.
fn kind(pem: &[u8]) -> Option<SectionKind> {
    let mut reader = std::io::Cursor::new(pem);
    from_buf(&mut reader).ok().flatten().map(|(kind, _)| kind)
}
