//! Reads private keys by their content, whatever their PEM label says, as Go (`crypto/tls`, `parsePrivateKey`) and Google's
//! libraries do.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::{SectionKind, from_buf};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use rustls::sign::SigningKey;
use zeroize::Zeroizing;

use super::der::element;

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
/// The parameters of a SEC1 key: context-specific, constructed, 0.
const PARAMETERS: u8 = 0xa0;
/// `rsaEncryption`, 1.2.840.113549.1.1.1.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// `id-ecPublicKey`, 1.2.840.10045.2.1.
const ELLIPTIC_CURVE: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// `secp521r1`, 1.3.132.0.35.
const P_521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
/// `secp224r1`, 1.3.132.0.33.
const P_224: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x21];

/// A private key that cannot sign. Contains no part of the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateKeyError {
    /// There is no PEM block.
    #[error("no PEM data")]
    NoPem,
    /// The first PEM block is a certificate, and no other is a private key.
    #[error("a certificate, not a private key")]
    Certificate,
    /// No PEM block is a private key.
    #[error("no private key")]
    NoKey,
    /// The content is no private key in PKCS#8, PKCS#1 or SEC1, or is encrypted.
    #[error("not a valid private key")]
    Invalid,
    /// rustls cannot sign with a key of this kind.
    #[error("{0}")]
    Unsupported(UnsupportedKey),
}

/// A kind of key that rustls with ring does not support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnsupportedKey {
    /// An RSA key of this number of bits.
    Rsa(usize),
    /// A key on this curve, if it is a known one.
    Curve(Option<&'static str>),
}

impl fmt::Display for UnsupportedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(
                formatter,
                "an RSA key of {bits} bits, which is not supported (2048 to 4096 bits are)"
            ),
            Self::Curve(name) => write!(
                formatter,
                "a key on {}, which is not supported (P-256, P-384 and Ed25519 are)",
                name.unwrap_or("another curve")
            ),
        }
    }
}

/// Returns the first private key in PEM, which may contain other blocks.
///
/// # Errors
/// There is no private key, or it cannot sign.
pub fn from_pem(pem: &[u8]) -> Result<Arc<dyn SigningKey>, PrivateKeyError> {
    let mut rest = pem;
    let mut first = None;
    while let Ok(Some((kind, der))) = from_buf(&mut rest) {
        let der = Zeroizing::new(der);
        match kind {
            SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey => {
                return from_der(&der);
            }
            other => _ = first.get_or_insert(other),
        }
    }
    Err(match first {
        // Go accepts any label that ends in "PRIVATE KEY", but cannot parse encrypted keys either.
        None if pem.windows(16).any(|it| it == b"PRIVATE KEY-----") => PrivateKeyError::Invalid,
        None => PrivateKeyError::NoPem,
        Some(SectionKind::Certificate) => PrivateKeyError::Certificate,
        Some(_) => PrivateKeyError::NoKey,
    })
}

/// Returns the private key in DER: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) or SEC1 (RFC 5915).
///
/// # Errors
/// The content is none of them, or the key cannot sign.
pub fn from_der(der: &[u8]) -> Result<Arc<dyn SigningKey>, PrivateKeyError> {
    let Some((key, kind)) = parse(der) else {
        return Err(PrivateKeyError::Invalid);
    };
    any_supported_type(&key).map_err(|_| match kind {
        Some(kind) => PrivateKeyError::Unsupported(kind),
        None => PrivateKeyError::Invalid,
    })
}

/// Returns the key in its encoding, and its kind if rustls does not support it.
fn parse(der: &[u8]) -> Option<(PrivateKeyDer<'_>, Option<UnsupportedKey>)> {
    let (SEQUENCE, fields, _) = element(der)? else {
        return None;
    };
    let (INTEGER, _, fields) = element(fields)? else {
        return None;
    };
    match element(fields)? {
        (SEQUENCE, algorithm, rest) => {
            let key = PrivatePkcs8KeyDer::from(der).into();
            Some((key, pkcs8_kind(algorithm, rest)))
        }
        (INTEGER, modulus, _) => Some((PrivatePkcs1KeyDer::from(der).into(), rsa_kind(modulus))),
        (OCTET_STRING, _, parameters) => {
            let curve = match element(parameters) {
                Some((PARAMETERS, curve, _)) => element(curve).map(|(_, id, _)| id),
                _ => None,
            };
            Some((
                PrivateSec1KeyDer::from(der).into(),
                curve.and_then(curve_kind),
            ))
        }
        _ => None,
    }
}

fn pkcs8_kind(algorithm: &[u8], rest: &[u8]) -> Option<UnsupportedKey> {
    let (_, id, parameters) = element(algorithm)?;
    if id == RSA {
        let (_, pkcs1, _) = element(rest)?;
        let (_, fields, _) = element(pkcs1)?;
        let (_, _, fields) = element(fields)?;
        return rsa_kind(element(fields)?.1);
    }
    if id == ELLIPTIC_CURVE {
        return curve_kind(element(parameters)?.1);
    }
    None
}

/// ring signs with RSA keys of 2048 to 4096 bits.
fn rsa_kind(modulus: &[u8]) -> Option<UnsupportedKey> {
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let (first, rest) = modulus[zeros..].split_first()?;
    let bits = rest.len() * 8 + 8 - first.leading_zeros() as usize;
    (!(2048..=4096).contains(&bits)).then_some(UnsupportedKey::Rsa(bits))
}

fn curve_kind(id: &[u8]) -> Option<UnsupportedKey> {
    /// `prime256v1`, 1.2.840.10045.3.1.7.
    const P_256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    /// `secp384r1`, 1.3.132.0.34.
    const P_384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
    match id {
        P_256 | P_384 => None,
        P_521 => Some(UnsupportedKey::Curve(Some("the curve P-521"))),
        P_224 => Some(UnsupportedKey::Curve(Some("the curve P-224"))),
        _ => Some(UnsupportedKey::Curve(None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA_KEY: &str = include_str!("../../../tests/fixtures/client-keys/rsa-pkcs1.pem");
    const EC_KEY: &str = include_str!("../../../tests/fixtures/client-keys/ec-sec1.pem");
    const LARGE_KEY: &str = include_str!("../../../tests/fixtures/client-keys/rsa-8192.pem");
    const P_521_KEY: &str = include_str!("../../../tests/fixtures/client-keys/p-521.pem");

    /// Returns PEM with another label.
    fn relabel(pem: &str, label: &str) -> String {
        let body: Vec<&str> = pem.lines().filter(|it| !it.starts_with("-----")).collect();
        format!(
            "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            body.join("\n")
        )
    }

    #[test]
    fn from_pem_looks_at_content_and_not_at_label() {
        for key in [RSA_KEY, EC_KEY] {
            for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
                assert!(from_pem(relabel(key, label).as_bytes()).is_ok(), "{label}");
            }
        }
    }

    #[test]
    fn from_pem_with_unsupported_key_names_its_kind() {
        let error = |pem: &str| from_pem(pem.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            error(LARGE_KEY),
            "an RSA key of 8192 bits, which is not supported (2048 to 4096 bits are)"
        );
        assert_eq!(
            error(P_521_KEY),
            "a key on the curve P-521, which is not supported (P-256, P-384 and Ed25519 are)"
        );
        assert_eq!(
            error(&relabel("AAAA", "PRIVATE KEY")),
            "not a valid private key"
        );
    }
}
