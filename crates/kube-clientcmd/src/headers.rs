//! Builds header values: `Authorization`, `User-Agent` and impersonation. Errors never contain a value.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, header};
use zeroize::Zeroizing;

use super::kubeconfig::User;
use super::options::ConnectionOptions;
use crate::escape_control::escape_control;

/// A value is not valid in the header of this name. The message is Go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("net/http: invalid header field value for \"{}\"", escape_control(&canonical(.0)))]
pub(super) struct InvalidHeader(String);

/// Returns the value of an `Authorization` header with a bearer token.
///
/// # Errors
/// The token is no valid header value.
pub(super) fn bearer(token: &str) -> Result<HeaderValue, InvalidHeader> {
    authorization(&Zeroizing::new(format!("Bearer {token}")))
}

/// Returns the value of an `Authorization` header with a user name and a password.
///
/// # Errors
/// Never: base64 is a valid header value.
pub(super) fn basic(user: &str, password: &str) -> Result<HeaderValue, InvalidHeader> {
    let plain = Zeroizing::new(format!("{user}:{password}"));
    authorization(&Zeroizing::new(format!(
        "Basic {}",
        STANDARD.encode(plain.as_bytes())
    )))
}

fn authorization(value: &str) -> Result<HeaderValue, InvalidHeader> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| InvalidHeader(header::AUTHORIZATION.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Returns the value of `User-Agent` for requests to the server, to an `oidc` issuer and to a proxy. Some proxies refuse
/// requests without one.
///
/// # Errors
/// The value is not valid in a header.
pub(super) fn user_agent(options: &ConnectionOptions) -> Result<HeaderValue, InvalidHeader> {
    let value = match options.user_agent.as_str() {
        "" => concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")),
        given => given,
    };
    HeaderValue::from_str(value).map_err(|_| InvalidHeader(header::USER_AGENT.to_string()))
}

/// Returns the `User-Agent` and `Impersonate-*` headers (client-go `transport/round_trippers.go`).
///
/// # Errors
/// A value is not valid in a header.
pub(super) fn of(
    user: &User,
    options: &ConnectionOptions,
) -> Result<Vec<(HeaderName, HeaderValue)>, InvalidHeader> {
    let mut headers = vec![(header::USER_AGENT, user_agent(options)?)];
    let mut add = |name: &str, value: &str| -> Result<(), InvalidHeader> {
        let invalid = || InvalidHeader(name.to_owned());
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
        headers.push((header, HeaderValue::from_str(value).map_err(|_| invalid())?));
        Ok(())
    };
    let Some(name) = &user.impersonate else {
        return Ok(headers);
    };
    add("impersonate-user", name)?;
    if let Some(uid) = &user.impersonate_uid {
        add("impersonate-uid", uid)?;
    }
    for group in user.impersonate_groups.iter().flatten() {
        add("impersonate-group", group)?;
    }
    for (key, values) in user.impersonate_user_extra.iter().flatten() {
        let name = format!("impersonate-extra-{}", header_key(key));
        for value in values.iter().flatten() {
            add(&name, value)?;
        }
    }
    Ok(headers)
}

/// Returns a header's name in Go's canonical form.
fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_ascii_uppercase() + rest,
        None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join("-")
}

/// Percent-encodes `%` and the characters that are not valid in a header's name.
fn header_key(key: &str) -> String {
    let mut name = String::new();
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&'*+-.^_`|~".contains(&byte) {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bearer_with_invalid_header_value_fails_without_showing_token() {
        assert_eq!(
            bearer("s3cret\n").unwrap_err().to_string(),
            "net/http: invalid header field value for \"Authorization\""
        );
    }

    #[test]
    fn of_returns_user_agent_and_impersonation() {
        let user = User {
            impersonate: Some("jane".to_owned()),
            impersonate_groups: Some(vec!["a".to_owned(), "b".to_owned()]),
            impersonate_user_extra: Some(
                [("Scopes/x%".to_owned(), Some(vec!["1".to_owned()]))].into(),
            ),
            ..User::default()
        };
        let options = ConnectionOptions {
            user_agent: "kubectl-gcr-secret/1.0 (linux/amd64)".to_owned(),
            ..Default::default()
        };
        let headers: Vec<String> = of(&user, &options)
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        assert_eq!(
            headers,
            [
                "user-agent: kubectl-gcr-secret/1.0 (linux/amd64)",
                "impersonate-user: jane",
                "impersonate-group: a",
                "impersonate-group: b",
                "impersonate-extra-scopes%2fx%25: 1",
            ]
        );
    }
}
