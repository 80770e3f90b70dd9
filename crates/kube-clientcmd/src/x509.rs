//! Detects leaf certificates, which rustls does not accept as certificate authorities.
//!
//! Parses only the basic constraints of a certificate (RFC 5280, sections 4.1 and 4.2.1.9) and verifies nothing.

use super::der::element;

/// `id-ce-basicConstraints`, 2.5.29.19.
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];

/// Returns whether a version 3 certificate is not marked as a certificate authority. rustls rejects certificates signed by it,
/// and the certificate itself.
pub(super) fn is_leaf(der: &[u8]) -> bool {
    extensions(der).is_some_and(|extensions| !is_authority(extensions).unwrap_or(false))
}

/// Returns the extensions of a certificate; `None` for versions 1 and 2.
fn extensions(der: &[u8]) -> Option<&[u8]> {
    let (_, certificate, _) = element(der)?;
    let (_, mut fields, _) = element(certificate)?;
    while let Some((tag, content, rest)) = element(fields) {
        if tag == 0xa3 {
            return element(content).map(|(_, extensions, _)| extensions);
        }
        fields = rest;
    }
    None
}

/// Returns whether the basic constraints mark a certificate authority; `None` if there are none.
fn is_authority(mut extensions: &[u8]) -> Option<bool> {
    while let Some((_, extension, rest)) = element(extensions) {
        extensions = rest;
        let (_, id, mut fields) = element(extension)?;
        if id != BASIC_CONSTRAINTS {
            continue;
        }
        // An optional `critical` flag precedes the value.
        while let Some((tag, content, rest)) = element(fields) {
            fields = rest;
            if tag == 0x04 {
                let (_, constraints, _) = element(content)?;
                return Some(matches!(element(constraints), Some((0x01, [0xff], _))));
            }
        }
    }
    None
}
