//! Parses a cluster's address like client-go (`rest/url_utils.go`, `DefaultServerURL`).
//!
//! An address without a scheme means plain HTTP, whatever else is configured. A path is cleaned and kept; a query is
//! dropped.

use http::Uri;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::escape_control::escape_control;

/// The address of a server cannot be used. The messages are client-go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum AddressError {
    #[error("host must be a URL or a host:port pair: \"{}\"", escape_control(.0))]
    Invalid(String),
    #[error("unsupported protocol scheme \"{}\"", escape_control(.0))]
    Scheme(String),
    #[error("dial tcp: address {0}: invalid port")]
    Port(String),
}

/// The address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerAddress {
    /// Scheme, host, optional port and optional path.
    pub(super) url: Uri,
    /// `user:password`, if the address contains them.
    pub(super) user_info: Option<String>,
}

impl ServerAddress {
    /// Parses the `server` of a kubeconfig or the value of `--server`.
    ///
    /// # Errors
    /// The address is invalid.
    pub(super) fn parse(server: &str) -> Result<Self, AddressError> {
        let invalid = || AddressError::Invalid(server.to_owned());
        let without_query = server.split('?').next().unwrap_or_default();
        let (scheme, rest) = match without_query.split_once("://") {
            Some((scheme, rest)) if !scheme.is_empty() && !rest.is_empty() => {
                (scheme.to_ascii_lowercase(), rest)
            }
            _ => {
                if without_query
                    .split_once('/')
                    .is_some_and(|(_, path)| !path.is_empty())
                {
                    return Err(invalid());
                }
                ("http".to_owned(), without_query)
            }
        };
        if scheme != "http" && scheme != "https" {
            return Err(AddressError::Scheme(scheme));
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
        let url: Uri = url.parse().map_err(|_| invalid())?;
        // The resolver does not support the zone of an IPv6 address.
        let is_host = |host: &str| !host.is_empty() && !host.contains('%');
        if !url.host().is_some_and(is_host) {
            return Err(invalid());
        }
        match port_error(&url) {
            None => Ok(Self { url, user_info }),
            Some(PortError::TooLarge(port)) => Err(AddressError::Port(port.to_owned())),
            Some(PortError::NotANumber) => Err(invalid()),
        }
    }

    /// Returns whether the connection is encrypted.
    pub(super) fn is_https(&self) -> bool {
        self.url.scheme_str() == Some("https")
    }

    /// Returns the host, without the brackets of an IPv6 address.
    pub(super) fn host(&self) -> &str {
        bare_host(&self.url)
    }

    /// Returns whether the host is a loopback address.
    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(self.host())
    }
}

/// Cleans a path like Go's `path.Join` and percent-encodes characters that are not valid in a URL.
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

/// An invalid port. [`Uri`] would ignore it and the default port would be used.
pub(super) enum PortError<'a> {
    /// A number above 65535.
    TooLarge(&'a str),
    /// Text that is not a number.
    NotANumber,
}

/// Returns the error in the port of a URL without user information, if there is one.
pub(super) fn port_error(url: &Uri) -> Option<PortError<'_>> {
    let authority = url.authority()?;
    let suffix = authority.as_str().strip_prefix(authority.host())?;
    let port = match suffix.strip_prefix(':') {
        Some("") => return None,
        Some(port) => port,
        None if suffix.is_empty() => return None,
        None => return Some(PortError::NotANumber),
    };
    if !port.bytes().all(|it| it.is_ascii_digit()) {
        return Some(PortError::NotANumber);
    }
    port.parse::<u16>()
        .is_err()
        .then_some(PortError::TooLarge(port))
}

/// Returns the host of a URL, without the brackets of an IPv6 address.
pub(super) fn bare_host(url: &Uri) -> &str {
    url.host().unwrap_or_default().trim_matches(['[', ']'])
}

/// Returns whether a host is `localhost` or a loopback address.
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
        let address = ServerAddress::parse(server).map_err(|error| error.to_string())?;
        Ok(address.url.to_string())
    }

    #[test]
    fn parse_without_scheme_returns_plain_http() {
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
    fn parse_keeps_cleaned_path_and_drops_query() {
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
    fn parse_with_invalid_address_returns_message_of_client_go() {
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
                    "host must be a URL or a host:port pair: \"{server}\""
                ))
            );
        }
        assert_eq!(
            url("ftp://x").unwrap_err(),
            "unsupported protocol scheme \"ftp\""
        );
        assert_eq!(
            url("https://me:secret@[::1]:99999/a").unwrap_err(),
            "dial tcp: address 99999: invalid port"
        );
        assert_eq!(url("https://x:").as_deref(), Ok("https://x/"));
    }

    #[test]
    fn parse_separates_user_and_password() {
        let address = ServerAddress::parse("https://me:secret@example.com:6443").unwrap();
        assert_eq!(address.url.to_string(), "https://example.com:6443/");
        assert_eq!(address.user_info.as_deref(), Some("me:secret"));
    }

    #[test]
    fn is_loopback_requires_localhost_or_loopback_address() {
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
