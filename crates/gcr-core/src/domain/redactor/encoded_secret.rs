//! Tracks the position of secret material in text and in its base64 encoding.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::domain::json_object;

/// Bytes, and the range of them that is secret.
pub(super) struct EncodedSecret {
    bytes: Zeroizing<Vec<u8>>,
    secret: Range<usize>,
}

impl EncodedSecret {
    /// Creates a text that is completely secret.
    pub(super) fn secret(text: &str) -> Self {
        Self::within(text, 0..text.len())
    }

    /// Creates a text of which a range is secret.
    pub(super) fn within(text: &str, secret: Range<usize>) -> Self {
        let bytes = Zeroizing::new(text.as_bytes().to_vec());
        Self { bytes, secret }
    }

    /// Returns the secret bytes.
    pub(super) fn secret_bytes(&self) -> &[u8] {
        &self.bytes[self.secret.clone()]
    }

    /// Adds public text before and after.
    pub(super) fn between(&self, before: &str, after: &str) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(
            before.len() + self.bytes.len() + after.len(),
        ));
        bytes.extend_from_slice(before.as_bytes());
        bytes.extend_from_slice(&self.bytes);
        bytes.extend_from_slice(after.as_bytes());
        let secret = self.secret.start + before.len()..self.secret.end + before.len();
        Self { bytes, secret }
    }

    /// Returns the base64 encoding. All characters that contain a bit of a secret byte are secret.
    pub(super) fn encoded(&self) -> Self {
        let secret = self.secret.start * 8 / 6..(self.secret.end * 8).div_ceil(6);
        let bytes = Zeroizing::new(STANDARD.encode(&*self.bytes).into_bytes());
        Self { bytes, secret }
    }

    /// Returns the base64 encodings of this text inside any other text, which depend only on its offset modulo 3.
    ///
    /// Characters that also contain bits of unknown adjacent bytes are not secret.
    pub(super) fn encoded_anywhere(&self) -> [Self; 3] {
        ["", "\0", "\0\0"].map(|before| {
            let mut encoded = self.between(before, "").encoded();
            if self.secret.start == 0 {
                encoded.secret.start = (before.len() * 8).div_ceil(6);
            }
            if self.secret.end == self.bytes.len() {
                encoded.secret.end = (self.secret.end + before.len()) * 8 / 6;
            }
            encoded
        })
    }
}

/// Returns the lines between the BEGIN and END lines of a PEM.
pub(super) fn body_lines(pem: &str) -> Vec<&str> {
    pem.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("-----"))
        .collect()
}

/// Returns the range of the PEM body, with JSON escapes, in the text of a key file. Returns the whole value of `private_key`
/// if JSON escapes obscure the BEGIN and END lines, and the whole text if there is no `private_key`.
pub(super) fn escaped_body(file: &str) -> Range<usize> {
    let members = json_object::members(file).unwrap_or_default();
    let Some(value) = members
        .iter()
        .find(|member| member.name == "private_key")
        .map(|member| member.value)
    else {
        return 0..file.len();
    };
    let start = value.as_ptr().addr() - file.as_ptr().addr();
    let body = value
        .find("-----BEGIN ")
        .and_then(|begin| {
            Some(
                begin
                    + "-----BEGIN ".len()
                    + value[begin + "-----BEGIN ".len()..].find("-----")?
                    + 5,
            )
        })
        .zip(value.rfind("-----END "))
        .filter(|(begin, end)| begin < end);
    let (begin, end) = body.unwrap_or((0, value.len()));
    start + begin..start + end
}
