//! Loads a client certificate and its private key.
//!
//! Only the certificate's public key is checked: microk8s issues X.509 version 1 certificates, which rustls cannot parse, but
//! the server accepts. Error messages are those of Go (`crypto/tls`, `X509KeyPair`).

use std::path::Path;
use std::sync::Arc;

use rustls::InconsistentKeys;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{PemObject as _, SectionKind, from_buf};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use super::base64_data::{Base64Error, decode};
use super::kubeconfig::User;
use super::private_key::{self, PrivateKeyError, UnsupportedKey};
use crate::go::errors::PathError;

/// A client certificate or key cannot be used. The messages are Go's (`crypto/tls`, `X509KeyPair`).
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum ClientCertificateError {
    #[error(transparent)]
    Base64(#[from] Base64Error),
    #[error(transparent)]
    File(#[from] PathError),
    #[error("tls: failed to find any PEM data in certificate input")]
    NoPemInCertificate,
    #[error(
        "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched"
    )]
    KeyInsteadOfCertificate,
    #[error("tls: failed to find \"CERTIFICATE\" PEM block in certificate input")]
    NoCertificate,
    #[error("tls: failed to find any PEM data in key input")]
    NoPemInKey,
    #[error("tls: found a certificate rather than a key in the PEM for the private key")]
    CertificateInsteadOfKey,
    #[error("tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input")]
    NoKey,
    #[error("tls: failed to parse private key")]
    InvalidKey,
    /// Not Go's message: Go supports more keys.
    #[error("tls: the private key is {0}; use a client certificate with another key, or a token")]
    UnsupportedKey(UnsupportedKey),
    #[error("tls: private key does not match public key")]
    Mismatch,
}

/// Loads the certificate and key of a user's entry, if it has both.
///
/// # Errors
/// A file cannot be read, or its content is invalid.
pub(super) fn of(user: &User) -> Result<Option<Arc<CertifiedKey>>, ClientCertificateError> {
    let certificate = pem(&user.client_certificate_data, &user.client_certificate)?;
    let key = pem(&user.client_key_data, &user.client_key)?;
    match (certificate, key) {
        (Some(certificate), Some(key)) => from_pem(&certificate, &key).map(Some),
        _ => Ok(None),
    }
}

fn pem(
    data: &Option<String>,
    file: &Option<String>,
) -> Result<Option<Zeroizing<Vec<u8>>>, ClientCertificateError> {
    Ok(match (data, file) {
        (Some(data), _) => Some(Zeroizing::new(decode(data)?)),
        (None, Some(file)) => {
            let pem =
                std::fs::read(file).map_err(|error| PathError::open(Path::new(file), error))?;
            Some(Zeroizing::new(pem))
        }
        (None, None) => None,
    })
}

/// Parses a certificate chain and its key from PEM, which may contain other blocks.
///
/// # Errors
/// A block is missing or invalid, or the key does not belong to the certificate.
pub(super) fn from_pem(
    certificate: &[u8],
    key: &[u8],
) -> Result<Arc<CertifiedKey>, ClientCertificateError> {
    use ClientCertificateError as Error;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificate)
        .filter_map(Result::ok)
        .collect();
    if chain.is_empty() {
        return Err(match kind(certificate) {
            None => Error::NoPemInCertificate,
            Some(
                SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey,
            ) => Error::KeyInsteadOfCertificate,
            Some(_) => Error::NoCertificate,
        });
    }
    let signer = private_key::from_pem(key).map_err(|error| match error {
        PrivateKeyError::NoPem => Error::NoPemInKey,
        PrivateKeyError::Certificate => Error::CertificateInsteadOfKey,
        PrivateKeyError::NoKey => Error::NoKey,
        PrivateKeyError::Invalid => Error::InvalidKey,
        PrivateKeyError::Unsupported(kind) => Error::UnsupportedKey(kind),
    })?;
    let pair = CertifiedKey::new(chain, signer);
    // rustls fails otherwise if it cannot parse the certificate; the server may still accept it.
    match pair.keys_match() {
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(Error::Mismatch),
        _ => Ok(Arc::new(pair)),
    }
}

/// Returns the kind of the first PEM block.
fn kind(pem: &[u8]) -> Option<SectionKind> {
    let mut reader = std::io::Cursor::new(pem);
    from_buf(&mut reader).ok().flatten().map(|(kind, _)| kind)
}
