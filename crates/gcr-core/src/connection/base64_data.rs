//! What a kubeconfig's `…-data` fields hold: base64 as Go reads it. No error shows any of it.

use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeError, Engine as _, alphabet};

use super::kubeconfig_file::Unreadable;

/// Go's `base64.StdEncoding`: padded, without a look at the bits that do not count.
const GO_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Decodes what a `…-data` field holds; line breaks inside do not matter.
pub(super) fn decode(data: &str) -> Result<Vec<u8>, Unreadable> {
    let decoded = if data.contains(['\n', '\r']) {
        GO_BASE64.decode(data.replace(['\n', '\r'], ""))
    } else {
        GO_BASE64.decode(data)
    };
    decoded.map_err(|error| not_base64(&error, data))
}

/// What Go says of data that is not base64.
pub(super) fn not_base64(error: &DecodeError, data: &str) -> Unreadable {
    Unreadable::NotBase64(match *error {
        DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _) => at,
        DecodeError::InvalidLength(length) => length,
        DecodeError::InvalidPadding => data.len(),
    })
}

/// Whether data is base64 at first sight; where not, decoding says what is wrong with it.
pub(super) fn is_base64(data: &str) -> bool {
    /// Which bytes belong to the alphabet.
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
    let letters = data.trim_end_matches('=');
    data.len().is_multiple_of(4)
        && data.len() - letters.len() <= 2
        && letters.bytes().all(|byte| ALPHABET[usize::from(byte)])
}
