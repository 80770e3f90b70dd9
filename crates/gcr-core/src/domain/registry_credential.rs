//! Represents a credential for a Google registry as a user name, which identifies the type of the credential, and a password.
//!
//! Google documents the three user names for Docker. Passwords are returned as [`SecretString`]; fields that are not
//! secret are documented as such.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::access_token::AccessToken;
use super::service_account_key::ServiceAccountKey;

/// The form in which a service account key is presented to the registry. Google accepts both.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum KeyAuth {
    /// User `_json_key`; the password is the file.
    #[default]
    JsonKey,
    /// User `_json_key_base64`; the password is the file in base64, for clients that split `auth` at every colon.
    JsonKeyBase64,
}

/// A credential for a registry.
#[derive(Debug)]
pub enum RegistryCredential {
    /// A key, valid until it is deleted or disabled.
    ServiceAccountKey {
        /// The validated key.
        key: ServiceAccountKey,
        /// The form in which it is presented.
        auth: KeyAuth,
    },
    /// A token that expires, usually within an hour.
    AccessToken(AccessToken),
    /// A token that the plugin has got for a service account.
    IssuedToken {
        /// The token.
        token: AccessToken,
        /// The email address of the service account.
        account: String,
        /// When the token expires, in RFC 3339, if Google says so.
        expires: Option<String>,
    },
    /// The credential of a service account that a client dry run does not create.
    Planned {
        /// The type, as [`RegistryCredential::kind`] returns it.
        kind: &'static str,
        /// The email address of the service account.
        account: String,
    },
}

/// Stands for the password of a planned credential.
const PLANNED: &str = "***";

impl RegistryCredential {
    /// Returns the user name that Google requires for this type of credential. It contains no colon, at which clients split
    /// `auth`.
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
            Self::AccessToken(_) | Self::IssuedToken { .. } => "oauth2accesstoken",
            Self::Planned { .. } => "_json_key",
        }
    }

    /// Returns the password: the text of the key file, its base64, or the token.
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
            Self::AccessToken(token) | Self::IssuedToken { token, .. } => token.expose().into(),
            Self::Planned { .. } => PLANNED.into(),
        }
    }

    /// Returns `auth` for a Docker config entry: `user:password` in standard base64 with padding, the only form that older
    /// kubelets decode. All kubelets prefer `auth` to the fields `username` and `password`.
    #[must_use]
    pub fn auth(&self) -> SecretString {
        let (user, password) = (self.username(), self.password());
        let password = password.expose_secret();
        // Allocated at full size: a buffer that grows leaves copies behind.
        let mut pair = Zeroizing::new(String::with_capacity(user.len() + 1 + password.len()));
        pair.push_str(user);
        pair.push(':');
        pair.push_str(password);
        STANDARD.encode(&*pair).into()
    }

    /// Returns the type of the credential as in the Secret's annotation. For keys, it is the value of `--auth`.
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
            Self::AccessToken(_) | Self::IssuedToken { .. } => "access-token",
            Self::Planned { kind, .. } => kind,
        }
    }

    /// Returns the email address of the service account, where it is known. It is public.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::IssuedToken { account, .. } | Self::Planned { account, .. } => Some(account),
            _ => self.key().map(ServiceAccountKey::client_email),
        }
    }

    /// Returns when the credential expires, in RFC 3339, where it is known.
    #[must_use]
    pub fn expires(&self) -> Option<&str> {
        match self {
            Self::IssuedToken { expires, .. } => expires.as_deref(),
            _ => None,
        }
    }

    /// Returns the ID of the key, for keys whose file contains it. It is public.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key().and_then(ServiceAccountKey::private_key_id)
    }

    fn key(&self) -> Option<&ServiceAccountKey> {
        match self {
            Self::ServiceAccountKey { key, .. } => Some(key),
            _ => None,
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
    fn json_key_password_is_the_file_text() {
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
    fn json_key_base64_password_encodes_the_same_bytes() {
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
    fn access_token_has_no_account_or_key_id() {
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
    fn debug_hides_secrets() {
        assert!(!format!("{:?}", key(KeyAuth::JsonKey)).contains("MII"));
        assert!(!format!("{:?}", token()).contains("ya29"));
    }
}
