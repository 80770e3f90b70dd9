//! Defines kubectl's connection flags as plain values (cli-runtime `ConfigFlags`).
//!
//! The values are not interpreted here. As in client-go, an empty value means that the flag is not set; the code that
//! reads a value checks for that.

use std::path::PathBuf;
use std::time::Duration;

/// The time limit of one attempt unless `--request-timeout` sets another: a second more than the 34 s after which a
/// kube-apiserver itself gives up on a write (apiserver `endpoints/handlers/rest.go`).
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(35);

/// The values of kubectl's connection flags.
#[derive(Debug, Clone, Default)]
pub struct ConnectionOptions {
    /// `--kubeconfig`
    pub kubeconfig: Option<PathBuf>,
    /// `--context`
    pub context: Option<String>,
    /// `--cluster`
    pub cluster: Option<String>,
    /// `--user`
    pub user: Option<String>,
    /// `-s, --server`
    pub server: Option<String>,
    /// `--token`
    pub token: Option<secrecy::SecretString>,
    /// `--certificate-authority`
    pub certificate_authority: Option<String>,
    /// `--client-certificate`
    pub client_certificate: Option<String>,
    /// `--client-key`
    pub client_key: Option<String>,
    /// `--insecure-skip-tls-verify`
    pub insecure_skip_tls_verify: bool,
    /// `--tls-server-name`
    pub tls_server_name: Option<String>,
    /// `--proxy-url`
    pub proxy_url: Option<String>,
    /// `--as`
    pub impersonate: Option<String>,
    /// `--as-uid`
    pub impersonate_uid: Option<String>,
    /// `--as-group`
    pub impersonate_groups: Vec<String>,
    /// `--as-user-extra`, as `key=value`
    pub impersonate_user_extra: Vec<(String, String)>,
    /// `--disable-compression`
    pub disable_compression: bool,
    /// `--request-timeout`: `None` if the flag is not set, `Some(None)` for no limit (the flag's value is 0).
    pub request_timeout: Option<Option<Duration>>,
    /// `User-Agent` of every request, also to a proxy; that of this crate if it is empty.
    pub user_agent: String,
    /// Whether the context is validated before the names in the flags are checked. kubectl's `get` and `patch` read the
    /// context's namespace first, `create` does not; with several errors this decides which one is reported (client-go
    /// `DirectClientConfig.Namespace` and `ClientConfig`).
    pub validate_context_first: bool,
    /// Whether the key or token to send is read from standard input, which an exec plugin then cannot use.
    pub stdin_taken: bool,
    /// Whether no token is refreshed. A process that may be killed at any moment must not use up a refresh token and lose
    /// the new one.
    pub disable_token_refresh: bool,
}
