//! kubectl's connection flags as plain values (cli-runtime `ConfigFlags`).
//!
//! Interprets nothing: an empty value means "not given", as in client-go, and is told apart by who reads it.

use std::path::PathBuf;
use std::time::Duration;

/// kubectl's connection flags, as given.
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
    /// `--request-timeout`: `None` not given, `Some(None)` given as 0, for no limit.
    pub request_timeout: Option<Option<Duration>>,
    /// `User-Agent` of every request.
    pub user_agent: String,
    /// The context's namespace is asked for before the connection is looked at, as kubectl's `get` and `patch` do and
    /// `create` does not: of several errors another comes first, and in other words (client-go
    /// `DirectClientConfig.Namespace` and `ClientConfig`).
    pub validate_context_first: bool,
    /// The key or token to send is read from standard input: a credential plugin gets none of it.
    pub stdin_taken: bool,
    /// No token is renewed: a process that may end at any moment must not spend a refresh token and lose what comes for it.
    pub disable_token_refresh: bool,
}
