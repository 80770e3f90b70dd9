//! Decides whether a key may be sent over a connection. An insecure setting in a kubeconfig is not enough: the user must
//! confirm it with a flag of this run.

use std::net::IpAddr;

use http::Uri;
use kube_clientcmd::escape_control::escape_control;
use kube_clientcmd::{Connection, ConnectionOptions};

/// A connection that is not confidential, with the flag that allows it anyway.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotConfidential {
    #[error(
        "refusing to send the key to {url} over plain HTTP{through}, as the kubeconfig says; pass --server={url} to allow it"
    )]
    PlainHttp { url: String, through: String },
    #[error(
        "refusing to send the key to {0}, for which the kubeconfig disables certificate verification; pass --insecure-skip-tls-verify to allow it"
    )]
    Unverified(String),
}

/// Checks that a key may be sent over `connection`, which `options` describe.
///
/// # Errors
/// The connection is not confidential, and no flag allows it.
pub(super) fn ensure_confidential(
    connection: &Connection,
    options: &ConnectionOptions,
) -> Result<(), NotConfidential> {
    let url = connection.url().to_string();
    if connection.is_https() {
        return if connection.verifies_certificate() || options.insecure_skip_tls_verify {
            Ok(())
        } else {
            Err(NotConfidential::Unverified(url))
        };
    }
    let is_named = options.server.as_ref().is_some_and(|it| !it.is_empty());
    let remote_proxy = connection.proxy_url().map(str::parse::<Uri>);
    let remote_proxy = remote_proxy.filter(|proxy| !proxy.as_ref().is_ok_and(is_local));
    if is_named || (connection.is_loopback() && remote_proxy.is_none()) {
        return Ok(());
    }
    let through = match remote_proxy {
        None => String::new(),
        Some(Ok(proxy)) => format!(" through the proxy {}", escape_control(bare_host(&proxy))),
        Some(Err(_)) => " through a proxy".to_owned(),
    };
    Err(NotConfidential::PlainHttp { url, through })
}

fn bare_host(url: &Uri) -> &str {
    url.host().unwrap_or_default().trim_matches(['[', ']'])
}

/// Returns whether the host of a URL is this machine.
fn is_local(url: &Uri) -> bool {
    let host = bare_host(url);
    let address = host.parse::<IpAddr>().map(|ip| ip.to_canonical());
    host == "localhost" || address.is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube_clientcmd::{Environment, Kubeconfig};

    /// Checks the connection of a kubeconfig with these cluster settings, changed by `change`.
    fn check(cluster: &str, change: impl FnOnce(&mut ConnectionOptions)) -> Result<(), String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = format!(
            "clusters:\n- name: c\n  cluster: {{{cluster}}}\ncontexts:\n- name: x\n  context: {{cluster: c}}\ncurrent-context: x\n"
        );
        std::fs::write(file.path(), text).unwrap();
        let mut options = ConnectionOptions {
            kubeconfig: Some(file.path().to_owned()),
            ..Default::default()
        };
        change(&mut options);
        let kubeconfig = Kubeconfig::load(&options, Environment::of(&[])).unwrap();
        let connection = kubeconfig.connection(&options).unwrap();
        ensure_confidential(&connection, &options).map_err(|error| error.to_string())
    }

    #[test]
    fn unverified_server_requires_flag() {
        let cluster = "server: 'https://c.test', insecure-skip-tls-verify: true";
        let error = check(cluster, |_| {}).unwrap_err();
        assert!(error.contains("--insecure-skip-tls-verify"), "{error}");
        assert_eq!(
            check(cluster, |it| it.insecure_skip_tls_verify = true),
            Ok(())
        );
        assert_eq!(check("server: 'https://c.test'", |_| {}), Ok(()));
    }

    #[test]
    fn plain_http_requires_server_flag_except_to_loopback() {
        let cluster = "server: 'http://c.test:80'";
        let error = check(cluster, |_| {}).unwrap_err();
        assert!(error.contains("--server=http://c.test:80/"), "{error}");
        let named = |it: &mut ConnectionOptions| it.server = Some("http://c.test".to_owned());
        assert_eq!(check(cluster, named), Ok(()));
        let local = "server: 'http://127.0.0.1:1'";
        assert_eq!(check(local, |_| {}), Ok(()));
        let proxied = format!("{local}, proxy-url: 'http://u:p@proxy.test:1'");
        let error = check(&proxied, |_| {}).unwrap_err();
        assert!(error.contains("through the proxy proxy.test, "), "{error}");
        let local_proxy = format!("{local}, proxy-url: 'http://[::1]:1'");
        assert_eq!(check(&local_proxy, |_| {}), Ok(()));
    }
}
