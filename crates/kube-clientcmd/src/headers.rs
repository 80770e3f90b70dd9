//! Builds the headers of every request besides the credential: `User-Agent` and impersonation.

use http::{HeaderName, HeaderValue, header};

use super::kubeconfig::User;
use super::options::ConnectionOptions;
use crate::escape_control::escape_control;

/// Returns the `User-Agent` and `Impersonate-*` headers (client-go `transport/round_trippers.go`).
///
/// # Errors
/// The message to print: a value is not valid in a header.
pub(super) fn of(
    user: &User,
    options: &ConnectionOptions,
) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let mut headers = Vec::new();
    let mut add = |name: &str, value: &str| -> Result<(), String> {
        let invalid = || {
            format!(
                "Unable to connect to the server: net/http: invalid header field value for \"{}\"",
                escape_control(&canonical(name))
            )
        };
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
        headers.push((header, HeaderValue::from_str(value).map_err(|_| invalid())?));
        Ok(())
    };
    if !options.user_agent.is_empty() {
        add(header::USER_AGENT.as_str(), &options.user_agent)?;
    }
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
