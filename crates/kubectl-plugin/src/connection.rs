//! Defines kubectl's connection flags (cli-runtime `ConfigFlags`), with the same names, help texts and meaning.

use clap::Args;
use secrecy::SecretString;

use crate::platform::{go_arch, go_os};
use crate::usage_error::UsageError;
use kube_clientcmd::ConnectionOptions;
use kube_clientcmd::go::duration;

/// kubectl's global options: the cluster, and the credentials to use. The help texts equal kubectl's word for word, except
/// for `--request-timeout` (its default) and `-v`.
#[derive(Debug, Args)]
pub struct ConnectionArgs {
    #[arg(
        long = "as",
        value_name = "USERNAME",
        global = true,
        help = "Username to impersonate for the operation. User could be a regular user or a service account in \
                a namespace."
    )]
    impersonate: Option<String>,
    #[arg(
        long = "as-group",
        value_name = "GROUP",
        global = true,
        help = "Group to impersonate for the operation, this flag can be repeated to specify multiple groups."
    )]
    impersonate_groups: Vec<String>,
    #[arg(
        long = "as-uid",
        value_name = "UID",
        global = true,
        help = "UID to impersonate for the operation."
    )]
    impersonate_uid: Option<String>,
    #[arg(
        long = "as-user-extra",
        value_name = "KEY=VALUE",
        global = true,
        help = "User extras to impersonate for the operation, this flag can be repeated to specify multiple \
                values for the same key."
    )]
    impersonate_user_extra: Vec<String>,
    #[arg(
        long,
        value_name = "DIR",
        hide = true,
        global = true,
        help = "Default cache directory"
    )]
    cache_dir: Option<String>,
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        help = "Path to a cert file for the certificate authority"
    )]
    certificate_authority: Option<String>,
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        help = "Path to a client certificate file for TLS"
    )]
    client_certificate: Option<String>,
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        help = "Path to a client key file for TLS"
    )]
    client_key: Option<String>,
    #[arg(
        long,
        value_name = "CLUSTER",
        global = true,
        help = "The name of the kubeconfig cluster to use"
    )]
    cluster: Option<String>,
    #[arg(
        long,
        value_name = "CONTEXT",
        global = true,
        help = "The name of the kubeconfig context to use"
    )]
    context: Option<String>,
    #[arg(
        long,
        global = true,
        help = "If true, opt-out of response compression for all requests to the server"
    )]
    disable_compression: bool,
    #[arg(
        long,
        global = true,
        help = "If true, the server's certificate will not be checked for validity. This will make your HTTPS \
                connections insecure"
    )]
    insecure_skip_tls_verify: bool,
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        help = "Path to the kubeconfig file to use for CLI requests."
    )]
    kubeconfig: Option<std::ffi::OsString>,
    #[arg(
        long,
        value_name = "URL",
        global = true,
        help = "Proxy URL to use for requests to the API server"
    )]
    proxy_url: Option<String>,
    #[arg(
        long,
        value_name = "TIME",
        global = true,
        help = "The length of time to wait before giving up on a single server request. Non-zero values should \
                contain a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don't timeout \
                requests. [default: 35s]"
    )]
    request_timeout: Option<String>,
    #[arg(
        short,
        long,
        value_name = "URL",
        global = true,
        help = "The address and port of the Kubernetes API server"
    )]
    server: Option<String>,
    #[arg(
        long,
        value_name = "NAME",
        global = true,
        help = "Server name to use for server certificate validation. If it is not provided, the hostname used \
                to contact the server is used"
    )]
    tls_server_name: Option<String>,
    #[arg(
        long,
        value_name = "TOKEN",
        global = true,
        help = "Bearer token for authentication to the API server"
    )]
    token: Option<SecretString>,
    #[arg(
        long,
        value_name = "USER",
        global = true,
        help = "The name of the kubeconfig user to use"
    )]
    user: Option<String>,
    #[arg(
        short = 'v',
        long = "v",
        value_name = "LEVEL",
        default_value_t = 0,
        global = true,
        help = "Number for the log level verbosity: 2 logs retried requests, 6 logs every request. Headers and bodies \
                are never logged"
    )]
    verbosity: i32,
}

impl ConnectionArgs {
    /// Returns the first flag given that selects a single cluster or user, or configures the connection to it.
    pub fn single_cluster_flag(&self) -> Option<&'static str> {
        let given = [
            (self.context.is_some(), "--context"),
            (self.server.is_some(), "--server"),
            (self.cluster.is_some(), "--cluster"),
            (self.user.is_some(), "--user"),
            (self.token.is_some(), "--token"),
            (self.client_certificate.is_some(), "--client-certificate"),
            (self.client_key.is_some(), "--client-key"),
            (
                self.certificate_authority.is_some(),
                "--certificate-authority",
            ),
            (self.tls_server_name.is_some(), "--tls-server-name"),
            (self.insecure_skip_tls_verify, "--insecure-skip-tls-verify"),
        ];
        given
            .into_iter()
            .find_map(|(given, flag)| given.then_some(flag))
    }

    /// Returns the value of `-v`, clamped to 0–255: other values have no further effect.
    pub fn verbosity(&self) -> u8 {
        u8::try_from(self.verbosity.max(0)).unwrap_or(u8::MAX)
    }

    /// Converts the flags to plain values. `plugin` and `version` become part of the `User-Agent`.
    ///
    /// # Errors
    /// Fails if the timeout is invalid or a user extra is not `KEY=VALUE`.
    pub fn options(self, plugin: &str, version: &str) -> Result<ConnectionOptions, UsageError> {
        let request_timeout = match self.request_timeout.as_deref() {
            None | Some("") => None,
            Some(text) => {
                // As in client-go, a negative timeout disables the limit, as 0 does, but requires a unit.
                let (negative, size) = match text.strip_prefix(['-', '+']) {
                    Some(size) => (text.starts_with('-'), size),
                    None => (false, text),
                };
                let is_bare = size.bytes().all(|byte| byte.is_ascii_digit());
                let timeout = duration::parse_timeout(size)
                    .filter(|timeout| !(negative && is_bare) || timeout.is_zero());
                let timeout = timeout.ok_or_else(|| {
                    // client-go's message (`clientcmd/helpers.go`), word for word.
                    UsageError::new(
                        "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by \
                         a corresponding time unit (e.g. 1s | 2m | 3h)",
                    )
                })?;
                Some((!negative && !timeout.is_zero()).then_some(timeout))
            }
        };
        let impersonate_user_extra = self
            .impersonate_user_extra
            .iter()
            .map(|extra| {
                extra
                    .split_once('=')
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .ok_or_else(|| UsageError::new("--as-user-extra must be KEY=VALUE"))
            })
            .collect::<Result<_, _>>()?;
        Ok(ConnectionOptions {
            kubeconfig: self.kubeconfig.map(Into::into),
            context: self.context,
            cluster: self.cluster,
            user: self.user,
            server: self.server,
            token: self.token,
            certificate_authority: self.certificate_authority,
            client_certificate: self.client_certificate,
            client_key: self.client_key,
            insecure_skip_tls_verify: self.insecure_skip_tls_verify,
            tls_server_name: self.tls_server_name,
            proxy_url: self.proxy_url,
            impersonate: self.impersonate,
            impersonate_uid: self.impersonate_uid,
            impersonate_groups: self.impersonate_groups,
            impersonate_user_extra,
            disable_compression: self.disable_compression,
            request_timeout,
            user_agent: format!("kubectl-{plugin}/{version} ({}/{})", go_os(), go_arch()),
            ..ConnectionOptions::default()
        })
    }
}
