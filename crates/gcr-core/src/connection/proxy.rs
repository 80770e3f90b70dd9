//! The proxy on the way to a server: `proxy-url` as it stands, else the environment's by Go's rules.
//!
//! `NO_PROXY` and the exception for this machine are the environment's alone: a proxy in the kubeconfig is meant.

use http::Uri;

use super::environment::Environment;
use super::no_proxy::NoProxy;
use super::server_address::{WrongPort, bare_host, wrong_port};
use crate::domain::escape_control::escape_control;
use crate::domain::go_url;

/// How a proxy is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyKind {
    /// `CONNECT` over TCP.
    Http,
    /// `CONNECT` over TLS.
    Https,
    /// SOCKS 5; the proxy resolves names.
    Socks5,
}

/// A proxy to go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// What it speaks.
    pub kind: ProxyKind,
    /// Scheme, host and port, without user.
    pub url: Uri,
    /// User and password, decoded.
    pub user: Option<(String, String)>,
    /// As it was written, for credential plugins.
    pub written: String,
}

/// Why a `proxy-url` cannot be used, in client-go's words (`clientcmd/helpers.go`).
pub(super) fn unsupported_scheme(url: &str) -> Option<String> {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    let scheme = scheme.to_ascii_lowercase();
    let unparsed = || Some(format!("could not parse: {}", escape_control(url)));
    if matches!(scheme.as_str(), "http" | "https" | "socks5") {
        return if go_url::is_taken(url) {
            None
        } else {
            unparsed()
        };
    }
    if scheme.is_empty() || is_scheme(&scheme) {
        Some(format!(
            "unsupported scheme \"{scheme}\", must be http, https, or socks5"
        ))
    } else {
        unparsed()
    }
}

/// Whether Go's `url.Parse` takes it for a scheme.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"+-.".contains(&it))
}

impl Proxy {
    /// The proxy to `server`: `configured`, or what the environment says.
    ///
    /// # Errors
    /// The line to print: an address that cannot be used.
    pub fn to(
        server: &Uri,
        configured: Option<&str>,
        environment: &Environment,
    ) -> Result<Option<Self>, String> {
        if let Some(written) = configured {
            return Self::parse(written).map(Some);
        }
        let https = server.scheme_str() == Some("https");
        let names: &[&str] = if https {
            &["HTTPS_PROXY", "https_proxy"]
        } else {
            &["HTTP_PROXY", "http_proxy"]
        };
        let Some(written) = environment.first(names) else {
            return Ok(None);
        };
        let exempt = NoProxy::parse(
            environment
                .first(&["NO_PROXY", "no_proxy"])
                .unwrap_or_default(),
        );
        let port = server.port_u16().unwrap_or(if https { 443 } else { 80 });
        if exempt.exempts(bare_host(server), port) {
            return Ok(None);
        }
        // Go takes what has no scheme for a host (`httpproxy`, `parseProxy`).
        let scheme = written.split_once("://").map(|(scheme, _)| scheme);
        if scheme.is_some_and(is_scheme) {
            Self::parse(written).map(Some)
        } else {
            Self::parse(&format!("http://{written}")).map(Some)
        }
    }

    fn parse(written: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            // The address may carry a password.
            Err(format!(
                "Unable to connect to the server: proxyconnect tcp: {why}"
            ))
        };
        let (scheme, rest) = written.split_once("://").unwrap_or(("http", written));
        let (kind, port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (ProxyKind::Http, 80),
            "https" => (ProxyKind::Https, 443),
            "socks5" | "socks5h" => (ProxyKind::Socks5, 1080),
            // Go speaks HTTP to what it does not know (`net/http` transport, `dialConn`).
            _ => (ProxyKind::Http, 80),
        };
        if !go_url::is_taken(&format!("http://{rest}")) {
            return wrong("invalid proxy address");
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
        // hyper knows http and https; for SOCKS the scheme does not matter any more.
        let scheme = if kind == ProxyKind::Https {
            "https"
        } else {
            "http"
        };
        let Ok(url) = format!("{scheme}://{host}/").parse::<Uri>() else {
            return wrong("invalid proxy address");
        };
        match wrong_port(&url) {
            None if !bare_host(&url).is_empty() => {}
            Some(WrongPort::TooLarge(port)) => {
                return wrong(&format!("dial tcp: address {port}: invalid port"));
            }
            _ => return wrong("invalid proxy address"),
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
            written: written.to_owned(),
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
    fn the_environments_proxy_is_chosen_by_the_servers_scheme_and_host() {
        let variables = [
            ("HTTPS_PROXY", "proxy.test:3128"),
            ("NO_PROXY", "inside.test"),
        ];
        let chosen = to("https://api.test:6443", None, &variables).unwrap();
        assert_eq!(chosen.kind, ProxyKind::Http);
        assert_eq!(chosen.url, "http://proxy.test:3128/");
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
    fn the_kubeconfigs_proxy_is_used_even_for_this_machine() {
        let chosen = to(
            "https://127.0.0.1",
            Some("socks5://u:p%40@[::1]"),
            &[("NO_PROXY", "*")],
        )
        .unwrap();
        assert_eq!(chosen.kind, ProxyKind::Socks5);
        assert_eq!(chosen.url, "http://[::1]:1080/");
        assert_eq!(chosen.user, Some(("u".to_owned(), "p@".to_owned())));
    }

    #[test]
    fn a_proxy_without_a_host_or_at_no_port_is_refused_without_its_password() {
        for (address, why) in [
            ("http://u:p@", "invalid proxy address"),
            ("http://p.test:x", "invalid proxy address"),
            ("http://u:%zz@p.test", "invalid proxy address"),
            (
                "http://u:p@p.test:99999",
                "dial tcp: address 99999: invalid port",
            ),
        ] {
            assert_eq!(
                Proxy::parse(address),
                Err(format!(
                    "Unable to connect to the server: proxyconnect tcp: {why}"
                ))
            );
        }
    }

    #[test]
    fn the_environment_may_name_socks5h_and_the_kubeconfig_not() {
        let variables = [("HTTPS_PROXY", "socks5h://p.test:1")];
        let chosen = to("https://api.test", None, &variables).unwrap();
        assert_eq!(chosen.kind, ProxyKind::Socks5);
        assert_eq!(
            unsupported_scheme("socks5h://x").unwrap(),
            "unsupported scheme \"socks5h\", must be http, https, or socks5"
        );
        assert_eq!(unsupported_scheme("http://x"), None);
        let unknown = [("HTTPS_PROXY", "gopher://p.test:1")];
        let chosen = to("https://api.test", None, &unknown).unwrap();
        assert_eq!(chosen.kind, ProxyKind::Http);
    }
}
