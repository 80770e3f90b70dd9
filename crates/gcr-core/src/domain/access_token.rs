//! Validates OAuth access tokens, as printed by `gcloud auth print-access-token`.
//!
//! A token does not contain its lifetime, which is usually one hour, so this module cannot check it. No error contains
//! content.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::service_account_key::MAX_BYTES;

/// An access token, without surrounding white space.
#[derive(Clone, Debug)]
pub struct AccessToken(SecretString);

/// An invalid access token. The messages follow the words `access token file "PATH"`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AccessTokenError {
    /// The file is larger than 64 KiB.
    #[error("is larger than 64 KiB, so it is not an access token")]
    TooLarge,
    /// The file contains only white space.
    #[error("is empty")]
    Empty,
    /// The file contains JSON, probably a service account key.
    #[error("contains JSON, not an access token; use --key-file for a service account key")]
    Json,
    /// The token contains a byte that is not allowed in an HTTP header: white space, a control character or a byte outside
    /// ASCII.
    #[error(
        "is not a single access token: it contains a space or a character that is not printable ASCII"
    )]
    NotAToken,
}

impl AccessToken {
    /// Validates the content of a token file, and trims surrounding white space.
    ///
    /// # Errors
    /// Fails with the first problem found.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "takes ownership so that the buffer is wiped after parsing"
    )]
    pub fn parse(bytes: Zeroizing<Vec<u8>>) -> Result<Self, AccessTokenError> {
        if bytes.len() > MAX_BYTES {
            return Err(AccessTokenError::TooLarge);
        }
        let token = bytes.trim_ascii();
        if token.is_empty() {
            return Err(AccessTokenError::Empty);
        }
        if token.starts_with(b"{") {
            return Err(AccessTokenError::Json);
        }
        match str::from_utf8(token) {
            Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Self(text.into())),
            _ => Err(AccessTokenError::NotAToken),
        }
    }

    /// Returns the token, which is secret.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<String, AccessTokenError> {
        AccessToken::parse(Zeroizing::new(bytes.to_vec())).map(|token| token.expose().to_owned())
    }

    #[test]
    fn token_with_surrounding_white_space_is_trimmed() {
        for text in [
            "ya29.a0Af_x-Y~1+/=",
            "ya29.a0Af_x-Y~1+/=\n",
            " \tya29.a0Af_x-Y~1+/=\r\n\r\n",
        ] {
            assert_eq!(parse(text.as_bytes()), Ok("ya29.a0Af_x-Y~1+/=".to_owned()));
        }
    }

    #[test]
    fn invalid_token_fails() {
        assert_eq!(parse(b""), Err(AccessTokenError::Empty));
        assert_eq!(parse(b" \n"), Err(AccessTokenError::Empty));
        assert_eq!(
            parse(b" {\"type\": \"service_account\"}"),
            Err(AccessTokenError::Json)
        );
        assert_eq!(
            parse(&vec![b'a'; MAX_BYTES + 1]),
            Err(AccessTokenError::TooLarge)
        );
        assert!(parse(&vec![b'a'; MAX_BYTES]).is_ok());
        for bytes in [
            &b"ya29.a ya29.b"[..],
            b"a\nb",
            b"a\0b",
            b"\xff\xfe",
            "tökén".as_bytes(),
            b"a\x1bb",
        ] {
            assert_eq!(parse(bytes), Err(AccessTokenError::NotAToken));
        }
    }

    #[test]
    fn debug_hides_the_token() {
        let token = AccessToken::parse(Zeroizing::new(b"ya29.hunter2".to_vec())).unwrap();
        assert!(!format!("{token:?}").contains("hunter2"));
    }
}
