//! A credential for a Google registry: a user name that says what kind it is, and a password.
//!
//! The user names are the three that Google documents for Docker. Nothing here is printed: passwords leave as
//! secrets, and what a listing may show has its own accessors.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::access_token::AccessToken;
use super::service_account_key::ServiceAccountKey;

/// How a service account key is presented to the registry. Google takes both.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum KeyAuth {
    /// User `_json_key`, the file as it is.
    #[default]
    JsonKey,
    /// User `_json_key_base64`, the file in base64: for readers that split `auth` at every colon.
    JsonKeyBase64,
}

/// What a registry is shown.
#[derive(Debug)]
pub enum RegistryCredential {
    /// A key that works until it is deleted.
    ServiceAccountKey {
        /// The checked file.
        key: ServiceAccountKey,
        /// How it is presented.
        auth: KeyAuth,
    },
    /// A token that expires, usually within an hour.
    AccessToken(AccessToken),
}

impl RegistryCredential {
    /// The user name Google wants with this kind of password. It holds no colon, at which readers split.
    #[must_use]
    pub fn username(&self) -> &'static str {
        match self {
            Self::ServiceAccountKey {
                auth: KeyAuth::JsonKey,
                ..
            } => "_json_key",
            Self::ServiceAccountKey {
                auth: KeyAuth::JsonKeyBase64,
                ..
            } => "_json_key_base64",
            Self::AccessToken(_) => "oauth2accesstoken",
        }
    }

    /// The password: the key file's text, the base64 of those same bytes, or the token.
    #[must_use]
    pub fn password(&self) -> SecretString {
        match self {
            Self::ServiceAccountKey {
                key,
                auth: KeyAuth::JsonKey,
            } => key.text().into(),
            Self::ServiceAccountKey {
                key,
                auth: KeyAuth::JsonKeyBase64,
            } => STANDARD.encode(key.text()).into(),
            Self::AccessToken(token) => token.expose().into(),
        }
    }

    /// The `auth` of a Docker config's entry: `user:password` in standard base64, padded. Older kubelets read no
    /// other, and all prefer it to separate fields.
    #[must_use]
    pub fn auth(&self) -> SecretString {
        let (user, password) = (self.username(), self.password());
        let password = password.expose_secret();
        // Room for all of it: a buffer that grows leaves copies behind.
        let mut pair = Zeroizing::new(String::with_capacity(user.len() + 1 + password.len()));
        pair.push_str(user);
        pair.push(':');
        pair.push_str(password);
        STANDARD.encode(&*pair).into()
    }

    /// The kind, in the words of `--auth` and of the Secret's annotation.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ServiceAccountKey {
                auth: KeyAuth::JsonKey,
                ..
            } => "json-key",
            Self::ServiceAccountKey {
                auth: KeyAuth::JsonKeyBase64,
                ..
            } => "json-key-base64",
            Self::AccessToken(_) => "access-token",
        }
    }

    /// The account's e-mail address, where the credential says it. Public.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.key().map(ServiceAccountKey::client_email)
    }

    /// Google's name for the key. Public.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key().map(ServiceAccountKey::private_key_id)
    }

    fn key(&self) -> Option<&ServiceAccountKey> {
        match self {
            Self::ServiceAccountKey { key, .. } => Some(key),
            Self::AccessToken(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = include_str!("testdata/key.json");

    fn key(auth: KeyAuth) -> RegistryCredential {
        let key = ServiceAccountKey::parse(Zeroizing::new(KEY.into())).unwrap();
        RegistryCredential::ServiceAccountKey { key, auth }
    }

    fn token() -> RegistryCredential {
        RegistryCredential::AccessToken(
            AccessToken::parse(Zeroizing::new(b"ya29.example".to_vec())).unwrap(),
        )
    }

    fn decoded(text: &SecretString) -> String {
        String::from_utf8(STANDARD.decode(text.expose_secret()).unwrap()).unwrap()
    }

    #[test]
    fn a_key_is_its_files_text() {
        let credential = key(KeyAuth::JsonKey);
        assert_eq!(credential.username(), "_json_key");
        assert_eq!(credential.kind(), "json-key");
        assert_eq!(credential.password().expose_secret(), KEY.trim_end());
        assert_eq!(
            decoded(&credential.auth()),
            format!("_json_key:{}", KEY.trim_end())
        );
        assert_eq!(
            credential.account(),
            Some("puller@example-project.iam.gserviceaccount.com")
        );
        assert_eq!(
            credential.key_id(),
            Some("0123456789abcdef0123456789abcdef01234567")
        );
    }

    #[test]
    fn in_base64_it_is_the_same_bytes() {
        let credential = key(KeyAuth::JsonKeyBase64);
        assert_eq!(credential.username(), "_json_key_base64");
        assert_eq!(credential.kind(), "json-key-base64");
        assert_eq!(decoded(&credential.password()), KEY.trim_end());
        let pair = decoded(&credential.auth());
        let password = pair.strip_prefix("_json_key_base64:").unwrap();
        assert_eq!(decoded(&password.into()), KEY.trim_end());
        assert!(!password.contains(['\n', ':', ' ']));
    }

    #[test]
    fn a_token_names_nobody() {
        let credential = token();
        assert_eq!(credential.username(), "oauth2accesstoken");
        assert_eq!(credential.kind(), "access-token");
        assert_eq!((credential.account(), credential.key_id()), (None, None));
        // printf 'oauth2accesstoken:ya29.example' | base64
        assert_eq!(
            credential.auth().expose_secret(),
            "b2F1dGgyYWNjZXNzdG9rZW46eWEyOS5leGFtcGxl"
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", key(KeyAuth::JsonKey)).contains("MII"));
        assert!(!format!("{:?}", token()).contains("ya29"));
    }
}
