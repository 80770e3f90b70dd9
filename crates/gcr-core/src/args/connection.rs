//! kubectl's connection flags (cli-runtime `ConfigFlags`), same names, texts and meaning.

use clap::Args;
use secrecy::SecretString;

use super::UsageError;
use crate::cluster::connect::ConnectionOptions;
use crate::domain::go_duration;

/// Which cluster, and as whom.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection options")]
pub struct ConnectionArgs {
    /// Username to impersonate for the operation. User could be a regular user or a service account in a namespace
    #[arg(long = "as", value_name = "USER")]
    impersonate: Option<String>,
    /// Group to impersonate for the operation, this flag can be repeated to specify multiple groups
    #[arg(long = "as-group", value_name = "GROUP")]
    impersonate_groups: Vec<String>,
    /// UID to impersonate for the operation
    #[arg(long = "as-uid", value_name = "UID")]
    impersonate_uid: Option<String>,
    /// User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key
    #[arg(long = "as-user-extra", value_name = "KEY=VALUE")]
    impersonate_user_extra: Vec<String>,
    /// Default cache directory
    #[arg(long, value_name = "DIR", hide = true)]
    cache_dir: Option<String>,
    /// Path to a cert file for the certificate authority
    #[arg(long, value_name = "FILE")]
    certificate_authority: Option<String>,
    /// Path to a client certificate file for TLS
    #[arg(long, value_name = "FILE")]
    client_certificate: Option<String>,
    /// Path to a client key file for TLS
    #[arg(long, value_name = "FILE")]
    client_key: Option<String>,
    /// The name of the kubeconfig cluster to use
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// The name of the kubeconfig context to use
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// If true, opt-out of response compression for all requests to the server
    #[arg(long)]
    disable_compression: bool,
    /// If true, the server's certificate will not be checked for validity. This will make your HTTPS connections insecure
    #[arg(long)]
    insecure_skip_tls_verify: bool,
    /// Path to the kubeconfig file to use for CLI requests
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<std::path::PathBuf>,
    /// Proxy URL to use for requests to the API server
    #[arg(long, value_name = "URL")]
    proxy_url: Option<String>,
    /// The length of time to wait before giving up on a single server request. Non-zero values should contain a
    /// corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don't timeout requests [default: 35s]
    #[arg(long, value_name = "DURATION")]
    request_timeout: Option<String>,
    /// The address and port of the Kubernetes API server
    #[arg(short, long, value_name = "URL")]
    server: Option<String>,
    /// Server name to use for server certificate validation. If it is not provided, the hostname used to contact the
    /// server is used
    #[arg(long, value_name = "NAME")]
    tls_server_name: Option<String>,
    /// Bearer token for authentication to the API server
    #[arg(long, value_name = "TOKEN")]
    token: Option<SecretString>,
    /// The name of the kubeconfig user to use
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
}

impl ConnectionArgs {
    /// The flags as plain values; `plugin` names the caller to the server.
    ///
    /// # Errors
    /// A timeout that is none, or extras that are not `key=value`.
    pub fn options(self, plugin: &str, version: &str) -> Result<ConnectionOptions, UsageError> {
        let request_timeout = match self.request_timeout.as_deref() {
            None => None,
            Some(text) => {
                let timeout = go_duration::parse_timeout(text).ok_or_else(|| {
                    // client-go's own words (`clientcmd/helpers.go`).
                    UsageError::new(
                        "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by \
                         a corresponding time unit (e.g. 1s | 2m | 3h)",
                    )
                })?;
                Some((!timeout.is_zero()).then_some(timeout))
            }
        };
        let impersonate_user_extra = self
            .impersonate_user_extra
            .iter()
            .map(|extra| {
                extra
                    .split_once('=')
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .ok_or_else(|| UsageError::new("--as-user-extra wants key=value"))
            })
            .collect::<Result<_, _>>()?;
        Ok(ConnectionOptions {
            kubeconfig: self.kubeconfig,
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
            user_agent: format!(
                "kubectl-{plugin}/{version} ({}/{})",
                std::env::consts::OS,
                std::env::consts::ARCH
            ),
        })
    }
}
