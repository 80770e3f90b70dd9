//! Selects the proxy for a server: the kubeconfig's `proxy-url`, or else the environment's by Go's rules.
//!
//! `NO_PROXY` and the exception for loopback addresses apply only to the environment's proxy, not to `proxy-url`.

use http::Uri;

use super::environment::Environment;
use super::no_proxy::NoProxy;
use super::server_address::{PortError, bare_host, port_error};
use crate::escape_control::escape_control;
use crate::go::url;

/// The protocol of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyKind {
    /// `CONNECT` over TCP.
    Http,
    /// `CONNECT` over TLS.
    Https,
    /// SOCKS 5; the proxy resolves host names.
    Socks5,
}

/// A proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// The protocol.
    pub kind: ProxyKind,
    /// Scheme, host and port, without user information.
    pub url: Uri,
    /// User and password, decoded.
    pub user: Option<(String, String)>,
    /// The address as configured, for exec plugins.
    pub configured: String,
}

/// A proxy's address is invalid. Contains no part of the address but the port, because it may contain a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// The host or the whole address.
    #[error("proxyconnect tcp: invalid proxy address")]
    Address,
    /// A port above 65535.
    #[error("proxyconnect tcp: dial tcp: address {0}: invalid port")]
    Port(String),
}

/// Returns client-go's message for a `proxy-url` that cannot be used (`clientcmd/helpers.go`), or `None` if it can be.
pub(super) fn unsupported_scheme(url: &str) -> Option<String> {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    let scheme = scheme.to_ascii_lowercase();
    let unparsed = || Some(format!("could not parse: {}", escape_control(url)));
    if matches!(scheme.as_str(), "http" | "https" | "socks5") {
        return if url::is_valid(url) { None } else { unparsed() };
    }
    if scheme.is_empty() || is_scheme(&scheme) {
        Some(format!(
            "unsupported scheme \"{scheme}\", must be http, https, or socks5"
        ))
    } else {
        unparsed()
    }
}

/// Returns whether Go's `url.Parse` accepts `text` as a scheme.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"+-.".contains(&it))
}

impl Proxy {
    /// Returns the proxy for `server`: `configured`, or else the environment's; `None` for a direct connection.
    ///
    /// # Errors
    /// The address is invalid.
    pub fn to(
        server: &Uri,
        configured: Option<&str>,
        environment: &Environment,
    ) -> Result<Option<Self>, ProxyError> {
        if let Some(configured) = configured {
            return Self::parse(configured).map(Some);
        }
        let https = server.scheme_str() == Some("https");
        let names: &[&str] = if https {
            &["HTTPS_PROXY", "https_proxy"]
        } else {
            &["HTTP_PROXY", "http_proxy"]
        };
        let Some(configured) = environment.first(names) else {
            return Ok(None);
        };
        let no_proxy = NoProxy::parse(
            environment
                .first(&["NO_PROXY", "no_proxy"])
                .unwrap_or_default(),
        );
        let port = server.port_u16().unwrap_or(if https { 443 } else { 80 });
        if no_proxy.exempts(bare_host(server), port) {
            return Ok(None);
        }
        // Go uses a value without a scheme as a host (`httpproxy`, `parseProxy`).
        let scheme = configured.split_once("://").map(|(scheme, _)| scheme);
        if scheme.is_some_and(is_scheme) {
            Self::parse(configured).map(Some)
        } else {
            Self::parse(&format!("http://{configured}")).map(Some)
        }
    }

    fn parse(configured: &str) -> Result<Self, ProxyError> {
        let (scheme, rest) = configured.split_once("://").unwrap_or(("http", configured));
        let (kind, port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (ProxyKind::Http, 80),
            "https" => (ProxyKind::Https, 443),
            "socks5" | "socks5h" => (ProxyKind::Socks5, 1080),
            // Go uses HTTP for unknown schemes (`net/http` transport, `dialConn`).
            _ => (ProxyKind::Http, 80),
        };
        if !url::is_valid(&format!("http://{rest}")) {
            return Err(ProxyError::Address);
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let has_port = host.rsplit_once(':').is_some_and(|(before, port)| {
            !port.is_empty()
                && !port.ends_with(']')
                && (!before.contains(':') || before.ends_with(']'))
        });
        let host = if has_port {
            host.to_owned()
        } else {
            format!("{}:{port}", host.trim_end_matches(':'))
        };
        // hyper accepts only http and https; for SOCKS the scheme has no effect here.
        let scheme = if kind == ProxyKind::Https {
            "https"
        } else {
            "http"
        };
        let Ok(url) = format!("{scheme}://{host}/").parse::<Uri>() else {
            return Err(ProxyError::Address);
        };
        match port_error(&url) {
            None if !bare_host(&url).is_empty() => {}
            Some(PortError::TooLarge(port)) => {
                return Err(ProxyError::Port(port.to_owned()));
            }
            _ => return Err(ProxyError::Address),
        }
        let decoded = |text: &str| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8_lossy()
                .into_owned()
        };
        let user = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            (decoded(name), decoded(password))
        });
        Ok(Self {
            kind,
            url,
            user,
            configured: configured.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(
        server: &'static str,
        configured: Option<&str>,
        variables: &[(&str, &str)],
    ) -> Option<Proxy> {
        Proxy::to(
            &Uri::from_static(server),
            configured,
            &Environment::of(variables),
        )
        .unwrap()
    }

    #[test]
    fn to_with_environment_depends_on_scheme_and_host_of_server() {
        let variables = [
            ("HTTPS_PROXY", "proxy.test:3128"),
            ("NO_PROXY", "inside.test"),
        ];
        let proxy = to("https://api.test:6443", None, &variables).unwrap();
        assert_eq!(proxy.kind, ProxyKind::Http);
        assert_eq!(proxy.url, "http://proxy.test:3128/");
        assert_eq!(to("https://api.inside.test", None, &variables), None);
        assert_eq!(to("https://127.0.0.1:6443", None, &variables), None);
        assert_eq!(to("http://api.test", None, &variables), None);
        let lower = [("https_proxy", "https://p.test")];
        assert_eq!(
            to("https://api.test", None, &lower).unwrap().url,
            "https://p.test:443/"
        );
    }

    #[test]
    fn to_with_proxy_of_kubeconfig_applies_to_loopback_server() {
        let proxy = to(
            "https://127.0.0.1",
            Some("socks5://u:p%40@[::1]"),
            &[("NO_PROXY", "*")],
        )
        .unwrap();
        assert_eq!(proxy.kind, ProxyKind::Socks5);
        assert_eq!(proxy.url, "http://[::1]:1080/");
        assert_eq!(proxy.user, Some(("u".to_owned(), "p@".to_owned())));
    }

    #[test]
    fn parse_with_invalid_host_or_port_fails_without_showing_password() {
        for (address, reason) in [
            ("http://u:p@", "invalid proxy address"),
            ("http://p.test:x", "invalid proxy address"),
            ("http://u:%zz@p.test", "invalid proxy address"),
            (
                "http://u:p@p.test:99999",
                "dial tcp: address 99999: invalid port",
            ),
        ] {
            let error = Proxy::parse(address).unwrap_err();
            assert_eq!(error.to_string(), format!("proxyconnect tcp: {reason}"));
        }
    }

    #[test]
    fn socks5h_is_accepted_in_environment_only() {
        let variables = [("HTTPS_PROXY", "socks5h://p.test:1")];
        let proxy = to("https://api.test", None, &variables).unwrap();
        assert_eq!(proxy.kind, ProxyKind::Socks5);
        assert_eq!(
            unsupported_scheme("socks5h://x").unwrap(),
            "unsupported scheme \"socks5h\", must be http, https, or socks5"
        );
        assert_eq!(unsupported_scheme("http://x"), None);
        let unknown = [("HTTPS_PROXY", "gopher://p.test:1")];
        let proxy = to("https://api.test", None, &unknown).unwrap();
        assert_eq!(proxy.kind, ProxyKind::Http);
    }
}
