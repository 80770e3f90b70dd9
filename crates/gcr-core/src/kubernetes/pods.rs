//! Sends the requests for Pods.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;

use super::api_request::{ApiRequest, ApiResponse, JSON, OBJECT_LIMIT, WriteObserver};
use super::client::ClusterClient;
use super::object::optional;
use super::pager::{Item, List};
use super::request_error::RequestError;
use crate::domain::names::Namespace;
use crate::domain::pull_secret::Preconditions;
use crate::safety::Safety;

/// What commands need to know about a Pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodReferences {
    /// `metadata.name`.
    pub name: String,
    /// The names in `spec.imagePullSecrets`.
    pub secrets: Vec<String>,
    /// Whether all its containers have ended, so that it pulls no image any more.
    pub has_ended: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WirePod {
    spec: WireSpec,
    status: WireStatus,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WireSpec {
    image_pull_secrets: Option<Vec<WireReference>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireReference {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireStatus {
    phase: String,
}

/// Returns the list of the Pods of a namespace; `None` for the whole cluster.
pub fn list(namespace: Option<&Namespace>) -> List {
    List {
        resource: "pods",
        namespace: namespace.cloned(),
        accept: JSON,
        // Pods are large, and their metadata does not contain the references.
        page_size: Some(100),
        ..List::default()
    }
}

impl PodReferences {
    /// Decodes an item of a list.
    ///
    /// # Errors
    /// The item is not a Pod.
    pub fn read(item: &Item) -> Result<Self, RequestError> {
        let pod: WirePod = serde_json::from_str(item.json.get())
            .map_err(|error| RequestError::not_json(&error))?;
        let references = pod.spec.image_pull_secrets.into_iter().flatten();
        let mut secrets: Vec<String> = references.map(|reference| reference.name).collect();
        secrets.retain(|name| !name.is_empty());
        Ok(Self {
            name: item.name.clone(),
            secrets,
            has_ended: matches!(pod.status.phase.as_str(), "Succeeded" | "Failed"),
        })
    }

    /// Returns whether it references the Secret called `name`.
    pub fn references(&self, name: &str) -> bool {
        self.secrets.iter().any(|secret| secret == name)
    }
}

impl ClusterClient {
    /// Reads the Pod. Returns `None` if it does not exist.
    ///
    /// # Errors
    /// As [`ClusterClient::send`].
    pub async fn read_pod(
        &self,
        namespace: &Namespace,
        name: &str,
    ) -> Result<Option<ApiResponse>, RequestError> {
        let request = ApiRequest {
            method: Method::GET,
            path: path(namespace, name),
            content_type: None,
            accept: JSON,
            body: Bytes::new(),
            limit: OBJECT_LIMIT,
            safety: Safety::Idempotent,
            description: format!("get pods {name}"),
        };
        optional(self.send(&request, None).await)
    }

    /// Evicts the Pod if it still has the uid and resourceVersion in `preconditions` (`policy/v1` Eviction). The uid in the
    /// metadata of an Eviction guards nothing. A refusal by a PodDisruptionBudget is returned at once. With `dry_run`, the server
    /// only checks the eviction.
    ///
    /// # Errors
    /// As [`ClusterClient::send`].
    pub async fn evict_pod(
        &self,
        namespace: &Namespace,
        name: &str,
        preconditions: &Preconditions,
        dry_run: bool,
        observer: Option<Arc<dyn WriteObserver>>,
    ) -> Result<ApiResponse, RequestError> {
        let dry_run: &[&str] = if dry_run { &["All"] } else { &[] };
        let body = serde_json::json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace.as_str()},
            "deleteOptions": {"dryRun": dry_run, "preconditions":
                {"uid": preconditions.uid, "resourceVersion": preconditions.resource_version}},
        });
        let request = ApiRequest {
            method: Method::POST,
            path: format!("{}/eviction", path(namespace, name)),
            content_type: Some("application/json"),
            accept: JSON,
            body: Bytes::from(body.to_string()),
            limit: OBJECT_LIMIT,
            safety: Safety::Preconditioned,
            description: format!("create pods/eviction {name}"),
        };
        self.send(&request, observer).await
    }
}

fn path(namespace: &Namespace, name: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/pods/{name}")
}
