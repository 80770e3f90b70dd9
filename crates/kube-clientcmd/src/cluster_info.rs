//! Builds the cluster information that an exec plugin receives. It contains no credential except the proxy's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use serde::Serialize;

use super::environment::Environment;
use super::kubeconfig::Cluster;
use super::proxy::{Proxy, ProxyError};
use super::trust::{Trust, TrustError};

/// The cluster's certificates or proxy cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum ClusterInfoError {
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// The cluster of an `ExecCredential` (`clientauthentication/v1`, `Cluster`).
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
    /// Builds the information like client-go (`rest/exec.go`, `ConfigToExecCluster`).
    ///
    /// # Errors
    /// The cluster's certificates or proxy cannot be used.
    pub(super) fn of(
        cluster: &Cluster,
        url: &Uri,
        environment: &Environment,
    ) -> Result<Self, ClusterInfoError> {
        // The exec plugin inherits the proxy variables of the environment.
        let configured = cluster.proxy_url.as_deref().filter(|it| !it.is_empty());
        let proxy = match configured {
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
            server: server_address(cluster.server.as_deref().unwrap_or_default(), url),
            tls_server_name: cluster.tls_server_name.clone(),
            insecure_skip_tls_verify: cluster.insecure_skip_tls_verify == Some(true),
            certificate_authority_data: STANDARD.encode(Trust::of(cluster)?.bundle),
            proxy_url: proxy.map(|proxy| proxy.configured),
            disable_compression: cluster.disable_compression == Some(true),
            config,
        })
    }
}

/// Returns the server's address as client-go passes it: without the query if it has a path.
fn server_address(configured: &str, url: &Uri) -> String {
    let address = match configured.split_once('?') {
        Some((address, _)) if url.path().len() > 1 => address,
        _ => configured,
    };
    address.to_owned()
}
