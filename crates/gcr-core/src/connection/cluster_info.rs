//! What a credential plugin may be told of the cluster it logs in to. Holds no credential, but for a proxy's own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use serde::Serialize;

use super::environment::Environment;
use super::kubeconfig::Cluster;
use super::proxy::Proxy;
use super::trust::Trust;

/// The cluster (`clientauthentication/v1`, `Cluster`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ClusterInfo {
    pub(super) server: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tls_server_name: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) insecure_skip_tls_verify: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) certificate_authority_data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) proxy_url: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) disable_compression: bool,
    pub(super) config: serde_json::Value,
}

impl ClusterInfo {
    /// As client-go tells it (`rest/exec.go`, `ConfigToExecCluster`).
    ///
    /// # Errors
    /// The line to print: the cluster's certificates or proxy cannot be used.
    pub(super) fn of(
        cluster: &Cluster,
        url: &Uri,
        environment: &Environment,
    ) -> Result<Self, String> {
        // The environment's is the plugin's own to find.
        let given = cluster.proxy_url.as_deref().filter(|it| !it.is_empty());
        let proxy = match given {
            Some(proxy_url) => Proxy::to(url, Some(proxy_url), environment)?,
            None => None,
        };
        let config = cluster
            .extensions
            .iter()
            .flatten()
            .flatten()
            .filter(|it| it.name.as_deref() == Some("client.authentication.k8s.io/exec"))
            .find_map(|it| it.extension.clone())
            .unwrap_or_default();
        Ok(Self {
            server: told_server(cluster.server.as_deref().unwrap_or_default(), url),
            tls_server_name: cluster.tls_server_name.clone(),
            insecure_skip_tls_verify: cluster.insecure_skip_tls_verify == Some(true),
            certificate_authority_data: STANDARD.encode(Trust::of(cluster)?.bundle),
            proxy_url: proxy.map(|proxy| proxy.written),
            disable_compression: cluster.disable_compression == Some(true),
            config,
        })
    }
}

/// The server's address as client-go tells it: where it has a path, without what follows that.
fn told_server(written: &str, url: &Uri) -> String {
    let told = match written.split_once('?') {
        Some((told, _)) if url.path().len() > 1 => told,
        _ => written,
    };
    told.to_owned()
}
