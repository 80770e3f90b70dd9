//! Validates the names of Kubernetes objects before any request is sent.
//!
//! The API server accepts every value of these types, which can be used in URL paths and manifests without escaping. The
//! rules and the messages are those of `k8s.io/apimachinery/pkg/util/validation`. `KIND/NAME` is accepted only for the
//! expected kind.

use std::fmt;
use std::str::FromStr;

use kube_clientcmd::escape_control::quoted;

/// An invalid name. The messages escape the value, and truncate it if it is longer than any name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameError {
    /// The name is not an RFC 1123 label.
    #[error(
        "invalid {kind} name {}: a lowercase RFC 1123 label must consist of lower case alphanumeric \
         characters or '-', and must start and end with an alphanumeric character",
        quoted(value)
    )]
    NotALabel {
        /// The kind, as in Kubernetes manifests.
        kind: &'static str,
        /// The invalid value.
        value: String,
    },
    /// The name is not an RFC 1123 subdomain.
    #[error(
        "invalid {kind} name {}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
         characters, '-' or '.', and must start and end with an alphanumeric character",
        quoted(value)
    )]
    NotASubdomain {
        /// The kind, as in Kubernetes manifests.
        kind: &'static str,
        /// The invalid value.
        value: String,
    },
    /// The name is longer than the API server allows.
    #[error(
        "invalid {kind} name {}: must be no more than {limit} characters",
        quoted(value)
    )]
    TooLong {
        /// The kind, as in Kubernetes manifests.
        kind: &'static str,
        /// The invalid value.
        value: String,
        /// The maximum length, in characters.
        limit: usize,
    },
}

/// Returns whether the text consists of lower-case letters, digits and inner hyphens.
fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn label(kind: &'static str, value: &str) -> Result<String, NameError> {
    let limit = 63;
    if !is_label(value) {
        let value = value.to_owned();
        return Err(NameError::NotALabel { kind, value });
    }
    within(limit, kind, value)
}

fn subdomain(kind: &'static str, value: &str) -> Result<String, NameError> {
    let limit = 253;
    // Kubernetes limits the length of a subdomain, but not of its labels.
    if !value.split('.').all(is_label) {
        let value = value.to_owned();
        return Err(NameError::NotASubdomain { kind, value });
    }
    within(limit, kind, value)
}

fn within(limit: usize, kind: &'static str, value: &str) -> Result<String, NameError> {
    let value = value.to_owned();
    if value.len() > limit {
        return Err(NameError::TooLong { kind, value, limit });
    }
    Ok(value)
}

macro_rules! name {
    ($(#[$docs:meta])* $name:ident = $check:ident($kind:literal), prefixes $prefixes:expr) => {
        $(#[$docs])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(String);

        impl $name {
            /// Returns the name without a kind prefix.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let prefixes: &[&str] = &$prefixes;
                let bare = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix));
                $check($kind, bare.unwrap_or(text)).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name of a Namespace: an RFC 1123 label of at most 63 characters.
    Namespace = label("Namespace"), prefixes []
}

name! {
    /// The name of a Secret: an RFC 1123 subdomain of at most 253 characters. Parsed from `NAME`, `secret/NAME` or
    /// `secrets/NAME`.
    SecretName = subdomain("Secret"), prefixes ["secret/", "secrets/"]
}

name! {
    /// The name of a ServiceAccount: an RFC 1123 subdomain of at most 253 characters. Parsed from `NAME`, `sa/NAME`,
    /// `serviceaccount/NAME` or `serviceaccounts/NAME`.
    ServiceAccountName = subdomain("ServiceAccount"), prefixes ["sa/", "serviceaccount/", "serviceaccounts/"]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Result<String, String> {
        text.parse::<SecretName>()
            .map(|name| name.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn valid_names_are_unchanged() {
        for name in ["gcr-io", "a", "0", "a.b-c.d", "registry.example.com"] {
            assert_eq!(secret(name), Ok(name.to_owned()));
        }
        assert_eq!("team-a".parse::<Namespace>().unwrap().as_str(), "team-a");
    }

    #[test]
    fn kind_prefix_is_removed() {
        assert_eq!(secret("secret/gcr-io"), Ok("gcr-io".to_owned()));
        assert_eq!(secret("secrets/gcr-io"), Ok("gcr-io".to_owned()));
        for typed in [
            "default",
            "sa/default",
            "serviceaccount/default",
            "serviceaccounts/default",
        ] {
            assert_eq!(
                typed.parse::<ServiceAccountName>().unwrap().as_str(),
                "default"
            );
        }
    }

    #[test]
    fn prefix_of_another_kind_fails() {
        for typed in [
            "sa/gcr-io",
            "configmap/gcr-io",
            "secret/secret/gcr-io",
            "secret/",
            "/gcr-io",
        ] {
            assert!(secret(typed).is_err(), "{typed}");
        }
        assert!("secret/default".parse::<ServiceAccountName>().is_err());
        assert!("ns/default".parse::<Namespace>().is_err());
    }

    #[test]
    fn invalid_name_fails_with_kubernetes_message() {
        assert_eq!(
            secret("Bad_Name").unwrap_err(),
            "invalid Secret name \"Bad_Name\": a lowercase RFC 1123 subdomain must consist of lower case \
             alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
        );
        assert_eq!(
            "a.b".parse::<Namespace>().unwrap_err().to_string(),
            "invalid Namespace name \"a.b\": a lowercase RFC 1123 label must consist of lower case \
             alphanumeric characters or '-', and must start and end with an alphanumeric character"
        );
    }

    #[test]
    fn invalid_names_fail() {
        for name in [
            "", "-a", "a-", ".a", "a.", "a..b", "a.-b", "a b", "é", "a\0", "../x", "a%2fb", "a\n",
        ] {
            assert!(secret(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn names_longer_than_kubernetes_allows_fail() {
        assert!("a".repeat(63).parse::<Namespace>().is_ok());
        assert!(secret(&"a".repeat(253)).is_ok());
        let error = "a".repeat(64).parse::<Namespace>().unwrap_err().to_string();
        assert!(
            error.ends_with("aa\": must be no more than 63 characters"),
            "{error}"
        );
        let error = secret(&"a".repeat(254)).unwrap_err();
        assert!(
            error.ends_with("aa…\": must be no more than 253 characters"),
            "{error}"
        );
    }

    #[test]
    fn invalid_value_is_escaped_in_the_message() {
        let error = secret("a\u{1b}]52;c;x\u{7}").unwrap_err();
        assert!(
            error.starts_with(r#"invalid Secret name "a^[]52;c;x\u{7}": "#),
            "{error}"
        );
    }
}
