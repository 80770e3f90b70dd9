//! Text with secret material in it, and what becomes of that in base64.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::domain::json_object;

/// Some bytes, and which of them are secret.
pub(super) struct EncodedSecret {
    bytes: Zeroizing<Vec<u8>>,
    secret: Range<usize>,
}

impl EncodedSecret {
    /// Text that is secret from end to end.
    pub(super) fn secret(text: &str) -> Self {
        Self::within(text, 0..text.len())
    }

    /// Text of which a part is secret.
    pub(super) fn within(text: &str, secret: Range<usize>) -> Self {
        let bytes = Zeroizing::new(text.as_bytes().to_vec());
        Self { bytes, secret }
    }

    /// The secret part.
    pub(super) fn secret_bytes(&self) -> &[u8] {
        &self.bytes[self.secret.clone()]
    }

    /// The same between public text.
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

    /// The base64 of the whole. Secret is every character of it that has a bit of a secret byte.
    pub(super) fn encoded(&self) -> Self {
        let secret = self.secret.start * 8 / 6..(self.secret.end * 8).div_ceil(6);
        let bytes = Zeroizing::new(STANDARD.encode(&*self.bytes).into_bytes());
        Self { bytes, secret }
    }

    /// The base64 of anything this stands in: it depends on the place, but only modulo 3.
    ///
    /// A character that also has bits of an unknown neighbour is left out.
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

/// The lines between PEM's BEGIN and END.
pub(super) fn body_lines(pem: &str) -> Vec<&str> {
    pem.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("-----"))
        .collect()
}

/// Where in a key file's text the same stands, as JSON has it. The whole value of `private_key` where its PEM is
/// escaped in a way that hides BEGIN and END.
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
