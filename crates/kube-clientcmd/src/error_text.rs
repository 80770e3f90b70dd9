//! Translates connection errors into Go's messages, which kubectl prints.
//!
//! The translation depends on the types and kinds in the error's chain of causes, never on its text. The text of any other
//! error is printed unchanged.

use std::error::Error as StdError;
use std::io;

use hyper_util::client::legacy;
use rustls::{AlertDescription, CertificateError, ExtendedKeyPurpose};

use super::connect_error::{LookupFailed, NotTls, ProxyFailed};
use crate::escape_control::escape_control;
use crate::go::errors::errno;

type Cause<'a> = &'a (dyn StdError + 'static);

/// Returns an error and its causes, outermost first. The inner error of an `io::Error` is not its `source`.
fn chain(error: Cause<'_>) -> Vec<Cause<'_>> {
    let mut found: Vec<Cause<'_>> = vec![error];
    let mut next: Option<Cause<'_>> = Some(error);
    while let Some(error) = next {
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|inner| inner as Cause<'_>);
        next = inner.or_else(|| error.source());
        found.extend(next);
    }
    found
}

/// Returns the first cause of type `T`.
fn find<T: StdError + 'static>(error: Cause<'_>) -> Option<&T> {
    chain(error)
        .into_iter()
        .find_map(|cause| cause.downcast_ref::<T>())
}

/// Returns whether the connection was refused.
pub(crate) fn is_refused(error: Cause<'_>) -> bool {
    chain(error)
        .into_iter()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|io| io.kind() == io::ErrorKind::ConnectionRefused)
}

/// Returns whether no connection could be opened because this process or the system has too many open files.
pub(crate) fn is_out_of_files(error: Cause<'_>) -> bool {
    #[cfg(unix)]
    let codes = [
        rustix::io::Errno::MFILE.raw_os_error(),
        rustix::io::Errno::NFILE.raw_os_error(),
    ];
    // WSAEMFILE.
    #[cfg(not(unix))]
    let codes = [10024];
    chain(error)
        .into_iter()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .filter_map(io::Error::raw_os_error)
        .any(|code| codes.contains(&code))
}

/// Returns whether no trusted authority signed the server's certificate, or the certificate itself is configured as the
/// authority.
pub(crate) fn is_unknown_authority(error: Cause<'_>) -> bool {
    matches!(
        find::<rustls::Error>(error),
        Some(rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::Other(_)
        ))
    )
}

/// Returns the message to print after `Unable to connect to the server: `.
pub(crate) fn error_text(error: Cause<'_>) -> String {
    if let Some(proxy) = find::<ProxyFailed>(error) {
        // Go recognizes an HTTP response in place of TLS only in an unwrapped error; a proxy's error is wrapped.
        if find::<NotTls>(&*proxy.0) == Some(&NotTls::Http) {
            return format!("proxyconnect tcp: {}", NotTls::Other);
        }
        return format!("proxyconnect tcp: {}", direct_text(&*proxy.0, true));
    }
    let is_connecting = find::<legacy::Error>(error).is_some_and(legacy::Error::is_connect);
    direct_text(error, is_connecting)
}

/// Returns the message of an error that is not the proxy's. `is_connecting`: no connection had been established.
fn direct_text(error: Cause<'_>, is_connecting: bool) -> String {
    if let Some(lookup) = find::<LookupFailed>(error) {
        return format!(
            "dial tcp: lookup {}: no such host",
            escape_control(&lookup.host)
        );
    }
    if let Some(other) = find::<NotTls>(error) {
        return other.to_string();
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return tls_text(tls);
    }
    if find::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message) {
        return "EOF".to_owned();
    }
    if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
        return "net/http: HTTP/1.x transport connection broken: malformed HTTP response"
            .to_owned();
    }
    let io = chain(error)
        .into_iter()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .last();
    if let Some(io) = io {
        match io.kind() {
            io::ErrorKind::UnexpectedEof => return "EOF".to_owned(),
            io::ErrorKind::TimedOut if io.raw_os_error().is_none() => {
                return "dial tcp: i/o timeout".to_owned();
            }
            io::ErrorKind::TimedOut
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::AddrNotAvailable => {
                return format!("dial tcp: connect: {}", errno(io));
            }
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                let operation = if io.kind() == io::ErrorKind::BrokenPipe {
                    "write"
                } else {
                    "read"
                };
                return format!("{operation}: {}", errno(io));
            }
            _ => {}
        }
    }
    let root = chain(error)
        .last()
        .map_or_else(String::new, ToString::to_string);
    let root = escape_control(&root).into_owned();
    if is_connecting {
        format!("dial tcp: {root}")
    } else {
        root
    }
}

fn tls_text(error: &rustls::Error) -> String {
    let unverified = |why: String| format!("tls: failed to verify certificate: x509: {why}");
    match error {
        rustls::Error::InvalidCertificate(certificate) => unverified(certificate_text(certificate)),
        rustls::Error::AlertReceived(alert) => {
            format!("remote error: tls: {}", alert_text(*alert))
        }
        rustls::Error::InvalidMessage(_) => {
            "tls: first record does not look like a TLS handshake".to_owned()
        }
        rustls::Error::PeerIncompatible(_) => {
            "remote error: tls: protocol version not supported".to_owned()
        }
        other => format!("tls: {}", escape_control(&other.to_string())),
    }
}

/// webpki supports no certificate policies, which Go does.
const CRITICAL_EXTENSION: &str = "a server or intermediate certificate has a critical extension that is not supported, for example certificate policies; issue it with policies that are not critical, or pass --insecure-skip-tls-verify";
/// webpki does not know `anyExtendedKeyUsage`, which Go accepts.
const ANY_PURPOSE: &str = "a server or intermediate certificate has only the extended key usage anyExtendedKeyUsage, which is not supported; issue it with serverAuth, or pass --insecure-skip-tls-verify";

/// Returns `anyExtendedKeyUsage` (RFC 5280 section 4.2.1.12).
fn any_purpose() -> ExtendedKeyPurpose {
    ExtendedKeyPurpose::Other(vec![2, 5, 29, 37, 0])
}

fn certificate_text(error: &CertificateError) -> String {
    use CertificateError as Error;
    match error {
        Error::UnknownIssuer => "certificate signed by unknown authority".to_owned(),
        // Usually the cluster was recreated and its new authority has the name of the old one.
        Error::BadSignature | Error::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "certificate signed by unknown authority (its signature does not match the authority of that name, or its algorithm is not supported)".to_owned()
        }
        Error::UnsupportedSignatureAlgorithmContext { .. } => {
            "certificate is signed by an algorithm that is not supported".to_owned()
        }
        Error::UnhandledCriticalExtension => CRITICAL_EXTENSION.to_owned(),
        Error::Other(other) => match other.0.downcast_ref::<webpki::Error>() {
            Some(webpki::Error::CaUsedAsEndEntity) => {
                "the server uses a CA certificate (CA:TRUE) as its server certificate, which is not supported; issue a server certificate signed by that CA".to_owned()
            }
            Some(webpki::Error::UnsupportedCriticalExtension) => CRITICAL_EXTENSION.to_owned(),
            _ => escape_control(&other.to_string()).into_owned(),
        },
        Error::NotValidForNameContext {
            expected,
            presented,
        } => names_text(&expected.to_str(), presented),
        Error::NotValidForName => "certificate is not valid for the server's name".to_owned(),
        Error::ExpiredContext { time, not_after } => format!(
            "certificate has expired or is not yet valid: current time {} is after {}",
            time_text(time.as_secs()),
            time_text(not_after.as_secs())
        ),
        Error::NotValidYetContext { time, not_before } => format!(
            "certificate has expired or is not yet valid: current time {} is before {}",
            time_text(time.as_secs()),
            time_text(not_before.as_secs())
        ),
        Error::Expired | Error::NotValidYet => {
            "certificate has expired or is not yet valid".to_owned()
        }
        Error::InvalidPurposeContext { presented, .. } if presented.contains(&any_purpose()) => {
            ANY_PURPOSE.to_owned()
        }
        Error::InvalidPurpose | Error::InvalidPurposeContext { .. } => {
            "certificate specifies an incompatible key usage".to_owned()
        }
        other => escape_control(&other.to_string()).into_owned(),
    }
}

fn time_text(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map_or_else(|| seconds.to_string(), |time| time.to_string())
}

/// Returns the message of Go's `x509.HostnameError`. webpki formats names as `DnsName("a")` and `IpAddress(1.2.3.4)`.
fn names_text(expected: &str, presented: &[String]) -> String {
    let is_ip = expected.parse::<std::net::IpAddr>().is_ok();
    let kind = if is_ip { "IpAddress(" } else { "DnsName(" };
    let names: Vec<&str> = presented
        .iter()
        .filter_map(|name| name.strip_prefix(kind)?.strip_suffix(')'))
        .map(|name| name.trim_matches('"'))
        .collect();
    let expected = escape_control(expected);
    match (names.as_slice(), is_ip) {
        ([], true) => format!(
            "cannot validate certificate for {expected} because it doesn't contain any IP SANs"
        ),
        ([], false) => {
            format!("certificate is not valid for any names, but wanted to match {expected}")
        }
        (names, _) => format!(
            "certificate is valid for {}, not {expected}",
            escape_control(&names.join(", "))
        ),
    }
}

/// Returns Go's name of a TLS alert (`crypto/tls/alert.go`).
fn alert_text(alert: AlertDescription) -> String {
    use AlertDescription as Alert;
    match alert {
        Alert::CloseNotify => "close notify",
        Alert::UnexpectedMessage => "unexpected message",
        Alert::BadRecordMac => "bad record MAC",
        Alert::HandshakeFailure => "handshake failure",
        Alert::BadCertificate => "bad certificate",
        Alert::UnsupportedCertificate => "unsupported certificate",
        Alert::CertificateRevoked => "revoked certificate",
        Alert::CertificateExpired => "expired certificate",
        Alert::CertificateUnknown => "unknown certificate",
        Alert::UnknownCA => "unknown certificate authority",
        Alert::AccessDenied => "access denied",
        Alert::DecodeError => "error decoding message",
        Alert::DecryptError => "error decrypting message",
        Alert::ProtocolVersion => "protocol version not supported",
        Alert::InsufficientSecurity => "insufficient security level",
        Alert::InternalError => "internal error",
        Alert::UnrecognisedName => "unrecognized name",
        Alert::CertificateRequired => "certificate required",
        other => return format!("alert({})", u8::from(other)),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_text_lists_names_of_certificate() {
        let presented = [
            "DnsName(\"kubernetes\")".to_owned(),
            "DnsName(\"kubernetes.default\")".to_owned(),
            "IpAddress(10.96.0.1)".to_owned(),
        ];
        assert_eq!(
            names_text("api.test", &presented),
            "certificate is valid for kubernetes, kubernetes.default, not api.test"
        );
        assert_eq!(
            names_text("127.0.0.1", &presented),
            "certificate is valid for 10.96.0.1, not 127.0.0.1"
        );
        assert_eq!(
            names_text("127.0.0.1", &presented[..1]),
            "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs"
        );
        assert_eq!(
            names_text("api.test", &[]),
            "certificate is not valid for any names, but wanted to match api.test"
        );
    }

    #[test]
    fn certificate_text_states_reason() {
        let other = |error: webpki::Error| {
            CertificateError::Other(rustls::OtherError(std::sync::Arc::new(error)))
        };
        for (error, part) in [
            (CertificateError::BadSignature, "does not match"),
            (other(webpki::Error::CaUsedAsEndEntity), "CA:TRUE"),
            (
                other(webpki::Error::UnsupportedCriticalExtension),
                "critical extension that is not supported, for example certificate policies",
            ),
        ] {
            let text = certificate_text(&error);
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn error_text_with_cause_inside_io_error_finds_cause() {
        let tls = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls));
        assert!(is_unknown_authority(&wrapped));
        assert_eq!(
            error_text(&wrapped),
            "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        );
        #[cfg(unix)]
        {
            let open_files = io::Error::from(rustix::io::Errno::MFILE);
            assert!(is_out_of_files(&io::Error::other(open_files)));
        }
        assert!(!is_out_of_files(&wrapped));
        let refused = io::Error::other(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert!(is_refused(&refused));
        assert_eq!(
            error_text(&io::Error::from(io::ErrorKind::UnexpectedEof)),
            "EOF"
        );
    }
}
