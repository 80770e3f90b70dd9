//! Decodes the base64 of a kubeconfig's `…-data` fields like Go. Errors contain none of the data.

use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeError, Engine as _, alphabet};

/// Invalid base64 at this byte. The message is Go's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("illegal base64 data at input byte {0}")]
pub(super) struct Base64Error(pub(super) usize);

/// Go's `base64.StdEncoding`: requires padding and ignores trailing bits.
const GO_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Decodes a `…-data` field. Ignores line breaks, like Go.
///
/// # Errors
/// The data is not base64.
pub(super) fn decode(data: &str) -> Result<Vec<u8>, Base64Error> {
    let decoded = if data.contains(['\n', '\r']) {
        GO_BASE64.decode(data.replace(['\n', '\r'], ""))
    } else {
        GO_BASE64.decode(data)
    };
    decoded.map_err(|error| not_base64(&error, data))
}

/// Converts a decoding error to the position that Go reports.
pub(super) fn not_base64(error: &DecodeError, data: &str) -> Base64Error {
    Base64Error(match *error {
        DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _) => at,
        DecodeError::InvalidLength(length) => length,
        DecodeError::InvalidPadding => data.len(),
    })
}

/// Returns whether data consists of the right number of base64 characters. A fast check without decoding; if it fails,
/// [`decode`] returns the error.
pub(super) fn is_base64(data: &str) -> bool {
    /// Whether a byte belongs to the alphabet.
    const ALPHABET: [bool; 256] = {
        let mut table = [false; 256];
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut index = 0;
        while index < alphabet.len() {
            table[alphabet[index] as usize] = true;
            index += 1;
        }
        table
    };
    let unpadded = data.trim_end_matches('=');
    data.len().is_multiple_of(4)
        && data.len() - unpadded.len() <= 2
        && unpadded.bytes().all(|byte| ALPHABET[usize::from(byte)])
}
