//! Asks the realm of a challenge for a token.

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use super::login::Login;
use super::pull_target::PullTarget;
use crate::http_client::{HttpRequest, authority, is_loopback};

/// The response of a realm. Its size is that of a token; the body is never shown.
#[derive(Default, Deserialize)]
struct Reply {
    #[serde(default)]
    token: Option<Zeroizing<String>>,
    #[serde(default)]
    access_token: Option<Zeroizing<String>>,
}

/// Returns the realm if the credential may be sent to it: it must be on the registry's own host, or for registries of Google
/// on any registry host of Google; and https, except on this machine.
pub(super) fn allowed_realm(realm: &str, registry: &Url) -> Option<Url> {
    let realm = Url::parse(realm).ok()?;
    let is_same = authority(&realm) == authority(registry) && realm.scheme() == registry.scheme();
    let is_google = is_google_registry(&realm) && is_google_registry(registry);
    let is_encrypted =
        realm.scheme() == "https" || (realm.scheme() == "http" && is_loopback(&realm));
    let has_user = !realm.username().is_empty() || realm.password().is_some();
    ((is_same || is_google) && is_encrypted && !has_user).then_some(realm)
}

/// Returns whether a URL is on `gcr.io`, `*.gcr.io` or `*.pkg.dev`, on the default port.
pub(super) fn is_google_registry(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let is_known = host == "gcr.io" || host.ends_with(".gcr.io") || host.ends_with(".pkg.dev");
    is_known && url.port().is_none()
}

/// Returns the request for a token. If the challenge names no service, the service is the registry's host.
pub(super) fn request(
    realm: Url,
    service: Option<&str>,
    target: &PullTarget,
    login: &Login,
) -> HttpRequest {
    let mut request = HttpRequest::get(realm).basic(&login.username, &login.password);
    request.query("service", service.unwrap_or(&target.host));
    if let Some(scope) = target.scope() {
        request.query("scope", &scope);
    }
    request
}

/// Returns the token in the response, which registries call `token` or `access_token`.
pub(super) fn token(body: &[u8]) -> Option<SecretString> {
    let reply: Reply = serde_json::from_slice(body).ok()?;
    let token = reply.token.or(reply.access_token)?;
    let is_token = !token.is_empty() && token.bytes().all(|it| it.is_ascii_graphic());
    is_token.then(|| SecretString::from(token.as_str()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn realm_is_on_the_same_host_or_a_registry_of_google() {
        for (registry, realm, expected) in [
            ("https://gcr.io/", "https://gcr.io/v2/token", true),
            (
                "https://gcr.io/",
                "https://us-docker.pkg.dev/v2/token",
                true,
            ),
            (
                "https://us-docker.pkg.dev/",
                "https://eu.gcr.io/v2/token",
                true,
            ),
            ("https://gcr.io/", "http://gcr.io/v2/token", false),
            ("https://gcr.io/", "https://gcr.io:8443/v2/token", false),
            ("https://gcr.io/", "https://evilgcr.io/token", false),
            ("https://gcr.io/", "https://gcr.io.example.com/token", false),
            (
                "https://gcr.io/",
                "https://oauth2.googleapis.com/token",
                false,
            ),
            ("https://gcr.io/", "https://user@gcr.io/token", false),
            ("https://gcr.io/", "https://127.0.0.1/token", false),
            ("https://gcr.io/", "/v2/token", false),
            (
                "https://registry.example.com/",
                "https://registry.example.com/t",
                true,
            ),
            (
                "https://registry.example.com/",
                "https://gcr.io/v2/token",
                false,
            ),
            (
                "https://registry.example.com/",
                "https://auth.example.com/t",
                false,
            ),
            ("http://127.0.0.1:5000/", "http://127.0.0.1:5000/t", true),
            ("http://127.0.0.1:5000/", "http://127.0.0.1:5001/t", false),
        ] {
            let url = Url::parse(registry).unwrap();
            assert_eq!(
                allowed_realm(realm, &url).is_some(),
                expected,
                "{registry} {realm}"
            );
        }
    }

    #[test]
    fn token_has_either_name() {
        for (body, expected) in [
            (r#"{"token":"a","expires_in":43200}"#, Some("a")),
            (r#"{"access_token":"b"}"#, Some("b")),
            (r#"{"token":"a","access_token":"b"}"#, Some("a")),
            (r#"{"token":""}"#, None),
            (r#"{"token":"a\nb"}"#, None),
            ("{}", None),
            ("<html>", None),
        ] {
            let found = token(body.as_bytes());
            assert_eq!(
                found.as_ref().map(|it| it.expose_secret()),
                expected,
                "{body}"
            );
        }
    }
}
