//! The one question about a certificate that TLS libraries do not answer: whether it may sign others.
//!
//! Reads DER just far enough (RFC 5280, 4.1 and 4.2.1.9). Verifies nothing.

/// `id-ce-basicConstraints`, 2.5.29.19.
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];

/// Whether a version 3 certificate says that it is no authority: then rustls takes no certificate signed by it, and not
/// itself either.
pub(super) fn is_leaf(der: &[u8]) -> bool {
    extensions(der).is_some_and(|extensions| !is_authority(extensions).unwrap_or(false))
}

/// An element: its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let bytes = usize::from(first & 0x7f);
        if bytes == 0 || bytes > 4 || rest.len() < bytes {
            return None;
        }
        let (length, rest) = rest.split_at(bytes);
        let length = length
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        (length, rest)
    };
    (rest.len() >= length).then(|| (tag, &rest[..length], &rest[length..]))
}

/// The extensions of a version 3 certificate.
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

fn is_authority(mut extensions: &[u8]) -> Option<bool> {
    while let Some((_, extension, rest)) = element(extensions) {
        extensions = rest;
        let (_, id, mut fields) = element(extension)?;
        if id != BASIC_CONSTRAINTS {
            continue;
        }
        // Perhaps `critical`, then the value.
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
