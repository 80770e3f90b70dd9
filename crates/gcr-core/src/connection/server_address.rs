//! A cluster's address as client-go reads it (`rest/url_utils.go`, `DefaultServerURL`).
//!
//! Without a scheme it is plain HTTP, whatever else is configured. A path in front of the API stays, cleaned. A query is no
//! part of it.

use http::Uri;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::domain::escape_control::escape_control;

/// An address that can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerAddress {
    /// Scheme, host, perhaps port, perhaps path.
    pub(super) url: Uri,
    /// `user:password`, where the address carries them.
    pub(super) user_info: Option<String>,
}

impl ServerAddress {
    /// Reads `server` of a kubeconfig or `--server`.
    ///
    /// # Errors
    /// The line to print, in client-go's words.
    pub(super) fn parse(server: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "error: host must be a URL or a host:port pair: \"{}\"",
                escape_control(server)
            )
        };
        let server_only = server.split('?').next().unwrap_or_default();
        let (scheme, rest) = match server_only.split_once("://") {
            Some((scheme, rest)) if !scheme.is_empty() && !rest.is_empty() => {
                (scheme.to_ascii_lowercase(), rest)
            }
            _ => {
                if server_only
                    .split_once('/')
                    .is_some_and(|(_, path)| !path.is_empty())
                {
                    return Err(wrong());
                }
                ("http".to_owned(), server_only)
            }
        };
        if scheme != "http" && scheme != "https" {
            return Err(format!(
                "Unable to connect to the server: unsupported protocol scheme \"{}\"",
                escape_control(&scheme)
            ));
        }
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        let (user_info, host) = match authority.rsplit_once('@') {
            Some((user_info, host)) => (Some(user_info.to_owned()), host),
            None => (None, authority),
        };
        let url = format!("{scheme}://{}{}", host.trim_end_matches(':'), clean(path));
        let url: Uri = url.parse().map_err(|_| wrong())?;
        // No resolver here takes an IPv6 address's zone.
        let is_host = |host: &str| !host.is_empty() && !host.contains('%');
        if !url.host().is_some_and(is_host) {
            return Err(wrong());
        }
        match wrong_port(&url) {
            None => Ok(Self { url, user_info }),
            Some(WrongPort::TooLarge(port)) => Err(format!(
                "Unable to connect to the server: dial tcp: address {port}: invalid port"
            )),
            Some(WrongPort::NoNumber) => Err(wrong()),
        }
    }

    /// Whether what goes there is encrypted.
    pub(super) fn is_https(&self) -> bool {
        self.url.scheme_str() == Some("https")
    }

    /// The host without the brackets of an IPv6 address.
    pub(super) fn host(&self) -> &str {
        bare_host(&self.url)
    }

    /// Whether the host is this machine.
    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(self.host())
    }
}

/// A path as Go's `path.Join` has it, with what an address cannot hold encoded.
fn clean(path: &str) -> String {
    const ENCODED: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'<')
        .add(b'>')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let path: String = parts.iter().map(|part| format!("/{part}")).collect();
    utf8_percent_encode(&path, ENCODED).to_string()
}

/// What stands in a port's place. [`Uri`] takes it for no port, and another one would be asked.
pub(super) enum WrongPort<'a> {
    /// Digits.
    TooLarge(&'a str),
    /// Anything else.
    NoNumber,
}

/// What is wrong with the port of an address without user, where it has one.
pub(super) fn wrong_port(url: &Uri) -> Option<WrongPort<'_>> {
    let authority = url.authority()?;
    let behind = authority.as_str().strip_prefix(authority.host())?;
    let port = match behind.strip_prefix(':') {
        Some("") => return None,
        Some(port) => port,
        None if behind.is_empty() => return None,
        None => return Some(WrongPort::NoNumber),
    };
    if !port.bytes().all(|it| it.is_ascii_digit()) {
        return Some(WrongPort::NoNumber);
    }
    port.parse::<u16>()
        .is_err()
        .then_some(WrongPort::TooLarge(port))
}

/// The host of an address without the brackets of an IPv6 one.
pub(super) fn bare_host(url: &Uri) -> &str {
    url.host().unwrap_or_default().trim_matches(['[', ']'])
}

/// Whether a host names this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|ip: std::net::IpAddr| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(server: &str) -> Result<String, String> {
        ServerAddress::parse(server).map(|address| address.url.to_string())
    }

    #[test]
    fn an_address_without_a_scheme_is_plain_http() {
        for (server, expected) in [
            ("127.0.0.1:6443", "http://127.0.0.1:6443/"),
            ("localhost:8080", "http://localhost:8080/"),
            ("example.com", "http://example.com/"),
            ("example.com/", "http://example.com/"),
            ("[::1]:6443", "http://[::1]:6443/"),
        ] {
            assert_eq!(url(server).as_deref(), Ok(expected), "{server}");
        }
    }

    #[test]
    fn a_path_stays_and_a_query_goes() {
        assert_eq!(
            url("https://rancher.example/k8s/clusters/c-abc?x=1#y").as_deref(),
            Ok("https://rancher.example/k8s/clusters/c-abc")
        );
        assert_eq!(
            url("https://x//a/./b c/../d %20#/").as_deref(),
            Ok("https://x/a/d%20%20%23")
        );
    }

    #[test]
    fn what_is_no_address_is_refused_in_client_gos_words() {
        for server in [
            "a/b",
            "http://[::1",
            "https://",
            "https://x:b",
            "https://x:+80",
            "https://[::1]x",
        ] {
            assert_eq!(
                url(server),
                Err(format!(
                    "error: host must be a URL or a host:port pair: \"{server}\""
                ))
            );
        }
        assert_eq!(
            url("ftp://x").unwrap_err(),
            "Unable to connect to the server: unsupported protocol scheme \"ftp\""
        );
        assert_eq!(
            url("https://me:secret@[::1]:99999/a").unwrap_err(),
            "Unable to connect to the server: dial tcp: address 99999: invalid port"
        );
        assert_eq!(url("https://x:").as_deref(), Ok("https://x/"));
    }

    #[test]
    fn user_and_password_are_taken_out_of_the_address() {
        let address = ServerAddress::parse("https://me:secret@example.com:6443").unwrap();
        assert_eq!(address.url.to_string(), "https://example.com:6443/");
        assert_eq!(address.user_info.as_deref(), Some("me:secret"));
    }

    #[test]
    fn loopback_is_known_by_address_not_by_looks() {
        for (host, expected) in [
            ("localhost", true),
            ("127.8.0.1", true),
            ("::1", true),
            ("localhost.example.com", false),
            ("127.example.com", false),
        ] {
            assert_eq!(is_loopback(host), expected, "{host}");
        }
    }
}
