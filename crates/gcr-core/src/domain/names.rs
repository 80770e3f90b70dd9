//! The names of Kubernetes objects, checked before any request is made.
//!
//! A value of these types is a name the API server accepts: it can be put into a URL path or a manifest as it is.
//! The rules and their wording are those of `k8s.io/apimachinery/pkg/util/validation`. Refuses everything else,
//! also `kind/name` of another kind.

use std::fmt;
use std::str::FromStr;

use super::escape_control::quoted;

/// Why a name was refused. The value is shown printable, and cut where it is longer than any name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameError {
    /// Not a label in the sense of RFC 1123.
    #[error(
        "invalid {kind} name {}: a lowercase RFC 1123 label must consist of lower case alphanumeric \
         characters or '-', and must start and end with an alphanumeric character",
        quoted(value)
    )]
    NotALabel {
        /// The kind as Kubernetes writes it.
        kind: &'static str,
        /// What was given.
        value: String,
    },
    /// Not a subdomain in the sense of RFC 1123.
    #[error(
        "invalid {kind} name {}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
         characters, '-' or '.', and must start and end with an alphanumeric character",
        quoted(value)
    )]
    NotASubdomain {
        /// The kind as Kubernetes writes it.
        kind: &'static str,
        /// What was given.
        value: String,
    },
    /// Longer than the API server stores.
    #[error(
        "invalid {kind} name {}: must be no more than {limit} characters",
        quoted(value)
    )]
    TooLong {
        /// The kind as Kubernetes writes it.
        kind: &'static str,
        /// What was given.
        value: String,
        /// The most characters such a name may have.
        limit: usize,
    },
}

/// What every part between dots must be: lower-case letters, digits and inner hyphens.
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
    // Only the whole has a length limit: Kubernetes' subdomain rule sets none for the parts.
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
            /// The bare name, without a kind in front.
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
    /// A namespace: an RFC 1123 label of at most 63 characters.
    Namespace = label("Namespace"), prefixes []
}

name! {
    /// A Secret: an RFC 1123 subdomain of at most 253 characters. Typed as `NAME`, `secret/NAME` or
    /// `secrets/NAME`.
    SecretName = subdomain("Secret"), prefixes ["secret/", "secrets/"]
}

name! {
    /// A ServiceAccount: an RFC 1123 subdomain of at most 253 characters. Typed as `NAME`, `sa/NAME`,
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
    fn names_are_kept_as_given() {
        for name in ["gcr-io", "a", "0", "a.b-c.d", "registry.example.com"] {
            assert_eq!(secret(name), Ok(name.to_owned()));
        }
        assert_eq!("team-a".parse::<Namespace>().unwrap().as_str(), "team-a");
    }

    #[test]
    fn a_kind_in_front_is_taken_off() {
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
    fn another_kind_is_no_prefix() {
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
    fn a_refusal_is_worded_as_in_kubernetes() {
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
    fn everything_outside_the_rule_is_refused() {
        for name in [
            "", "-a", "a-", ".a", "a.", "a..b", "a.-b", "a b", "é", "a\0", "../x", "a%2fb", "a\n",
        ] {
            assert!(secret(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn lengths_end_where_kubernetes_ends_them() {
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
    fn a_refused_value_cannot_act_on_the_terminal() {
        let error = secret("a\u{1b}]52;c;x\u{7}").unwrap_err();
        assert!(
            error.starts_with(r#"invalid Secret name "a^[]52;c;x\u{7}": "#),
            "{error}"
        );
    }
}
