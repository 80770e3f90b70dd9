//! An OAuth access token, as `gcloud auth print-access-token` writes it.
//!
//! Nothing in a token says how long it lives, usually within an hour; so nothing here claims to know. Refuses
//! what cannot be one token, and never shows content.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::service_account_key::MAX_BYTES;

/// One token, without white space around it.
#[derive(Clone, Debug)]
pub struct AccessToken(SecretString);

/// Why something is not an access token, worded to follow `access token file "PATH" `.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AccessTokenError {
    /// More than 64 KiB.
    #[error("is larger than 64 KiB, so it is not an access token")]
    TooLarge,
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// A JSON file, most likely the other kind of credential.
    #[error("holds JSON, not an access token; a service account key is given with --key-file")]
    Json,
    /// A byte that no header can carry: inner white space, a control character, anything beyond ASCII.
    #[error("is not one access token: it holds a space or a character that is not printable ASCII")]
    NotAToken,
}

impl AccessToken {
    /// Checks the bytes of a token file. White space at both ends is dropped.
    ///
    /// # Errors
    /// For the first thing that is wrong.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "taken so that the buffer is wiped once it was read"
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

    /// The token. Secret.
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
    fn white_space_around_a_token_is_dropped() {
        for text in [
            "ya29.a0Af_x-Y~1+/=",
            "ya29.a0Af_x-Y~1+/=\n",
            " \tya29.a0Af_x-Y~1+/=\r\n\r\n",
        ] {
            assert_eq!(parse(text.as_bytes()), Ok("ya29.a0Af_x-Y~1+/=".to_owned()));
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
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
    fn debug_does_not_show_it() {
        let token = AccessToken::parse(Zeroizing::new(b"ya29.hunter2".to_vec())).unwrap();
        assert!(!format!("{token:?}").contains("hunter2"));
    }
}
