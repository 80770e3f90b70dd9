//! Configures the connection from a pod's service account (client-go `rest/config.go`, `InClusterConfig`).
//!
//! As in kubectl, this applies only if flags and kubeconfig files leave all settings at their defaults.

use super::effective_config::{EffectiveConfig, default_server};
use super::environment::Environment;
use super::server_address::ServerAddress;

/// Returns whether this process runs in a pod with a service account.
pub(super) fn is_possible(environment: &Environment) -> bool {
    environment.text("KUBERNETES_SERVICE_HOST").is_some()
        && environment.text("KUBERNETES_SERVICE_PORT").is_some()
        && environment.account.join("token").is_file()
}

/// Returns whether flags and files leave all settings at their defaults, so that kubectl would use the pod's service account.
pub(super) fn is_requested(
    config: &EffectiveConfig,
    address: &ServerAddress,
    has_timeout: bool,
    environment: &Environment,
) -> bool {
    let (cluster, user) = (&config.cluster, &config.user);
    // For an HTTPS server kubectl prompts for a user name first. For plain HTTP, credentials and trust settings are not
    // compared, because they have no effect.
    !address.is_https()
        && !has_timeout
        && cluster.server.as_deref() == Some(default_server(environment).as_str())
        && cluster.proxy_url.is_none()
        && cluster.disable_compression != Some(true)
        && user.impersonate.is_none()
        && is_possible(environment)
}

/// Replaces the cluster and user by those of the pod's service account. Only `--token` and `--certificate-authority` still
/// apply.
pub(super) fn configure(
    config: &mut EffectiveConfig,
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
    config.cluster = super::kubeconfig::Cluster {
        server: Some(format!("https://{host}:{port}")),
        certificate_authority: authority_flag
            .map(str::to_owned)
            .or_else(|| authority.is_file().then(|| file("ca.crt"))),
        ..Default::default()
    };
    let token = config.user.token.take().filter(|_| config.token_flag);
    config.user = super::kubeconfig::User {
        token_file: token.is_none().then(|| file("token")),
        token,
        ..Default::default()
    };
}

/// Returns the pod's namespace, if it is known.
pub(super) fn namespace(environment: &Environment) -> Option<String> {
    if let Some(namespace) = environment.text("POD_NAMESPACE") {
        return Some(namespace.to_owned());
    }
    let text = std::fs::read_to_string(environment.account.join("namespace")).ok()?;
    Some(text.trim().to_owned()).filter(|namespace| !namespace.is_empty())
}
