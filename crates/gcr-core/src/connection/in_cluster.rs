//! A pod's own account: its server, token and namespace (client-go `rest/config.go`, `InClusterConfig`).
//!
//! Used only where kubectl would: when flags and files together say nothing.

use super::effective_config::{EffectiveConfig, default_server};
use super::environment::Environment;
use super::server_address::ServerAddress;

/// Whether this process runs in a pod with an account.
pub(super) fn is_possible(environment: &Environment) -> bool {
    environment.text("KUBERNETES_SERVICE_HOST").is_some()
        && environment.text("KUBERNETES_SERVICE_PORT").is_some()
        && environment.account.join("token").is_file()
}

/// Whether flags and files leave everything at its default, so that kubectl would look for the pod's account.
pub(super) fn is_asked_for(
    chosen: &EffectiveConfig,
    address: &ServerAddress,
    times_out: bool,
    environment: &Environment,
) -> bool {
    let (cluster, user) = (&chosen.cluster, &chosen.user);
    // Over HTTPS kubectl asks for a user name before it comes to look, and over plain HTTP neither credentials nor trust
    // matter.
    !address.is_https()
        && !times_out
        && cluster.server.as_deref() == Some(default_server(environment).as_str())
        && cluster.proxy_url.is_none()
        && cluster.disable_compression != Some(true)
        && user.impersonate.is_none()
        && is_possible(environment)
}

/// Puts the pod's account in place of the defaults. Of the flags only `--token` and `--certificate-authority` count
/// (`--server` would have made it another cluster).
pub(super) fn adopt(
    chosen: &mut EffectiveConfig,
    authority_flag: Option<&str>,
    environment: &Environment,
) {
    let host = environment
        .text("KUBERNETES_SERVICE_HOST")
        .unwrap_or_default();
    let port = environment
        .text("KUBERNETES_SERVICE_PORT")
        .unwrap_or_default();
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let file = |name: &str| {
        environment
            .account
            .join(name)
            .to_string_lossy()
            .into_owned()
    };
    let authority = environment.account.join("ca.crt");
    chosen.cluster = super::kubeconfig::Cluster {
        server: Some(format!("https://{host}:{port}")),
        certificate_authority: authority_flag
            .map(str::to_owned)
            .or_else(|| authority.is_file().then(|| file("ca.crt"))),
        ..Default::default()
    };
    let token = chosen.user.token.take().filter(|_| chosen.token_flag);
    chosen.user = super::kubeconfig::User {
        token_file: token.is_none().then(|| file("token")),
        token,
        ..Default::default()
    };
}

/// The pod's namespace, where it tells.
pub(super) fn namespace(environment: &Environment) -> Option<String> {
    if let Some(namespace) = environment.text("POD_NAMESPACE") {
        return Some(namespace.to_owned());
    }
    let text = std::fs::read_to_string(environment.account.join("namespace")).ok()?;
    Some(text.trim().to_owned()).filter(|namespace| !namespace.is_empty())
}
