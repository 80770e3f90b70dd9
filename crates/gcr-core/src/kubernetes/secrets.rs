//! Sends the requests for Secrets.
//!
//! Reads request metadata only wherever it is sufficient, so that the server sends no secret data.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::api_request::{ApiRequest, ApiResponse, JSON, METADATA, OBJECT_LIMIT, WriteObserver};
use super::client::ClusterClient;
use super::object::{metadata, optional};
use super::pager::{Item, List, METADATA_LIST};
use super::query_string::query;
use super::request_error::RequestError;
use crate::domain::names::{Namespace, SecretName};
use crate::domain::pull_secret::{self, Preconditions};
use crate::safety::Safety;

/// A complete Secret as stored.
pub struct StoredSecret {
    /// `metadata`.
    pub metadata: ObjectMeta,
    /// `type`, which cannot change (`core/v1/types.go`, `Secret.Type`).
    pub type_: String,
    /// `immutable`: whether the server rejects changes of `data`.
    pub immutable: bool,
    /// `data`, decoded from base64.
    pub data: BTreeMap<String, Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for StoredSecret {
    /// Omits the values of `data`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<&String> = self.data.keys().collect();
        formatter
            .debug_struct("StoredSecret")
            .field("type_", &self.type_)
            .field("keys", &keys)
            .finish_non_exhaustive()
    }
}

/// Options of a server-side apply.
#[derive(Debug, Clone)]
pub struct ApplyOptions<'a> {
    /// The field manager.
    pub field_manager: &'a str,
    /// Whether to take over fields of other managers (`force=true`).
    pub force: bool,
    /// Whether the server only simulates the write (`dryRun=All`).
    pub dry_run: bool,
    /// Whether the response contains the complete object instead of its metadata.
    pub return_object: bool,
}

/// `core/v1/types.go`, `SecretTypeDockercfg`.
const DOCKERCFG_TYPE: &str = "kubernetes.io/dockercfg";

#[derive(Deserialize)]
struct WireSecret {
    metadata: ObjectMeta,
    #[serde(default, rename = "type")]
    type_: String,
    #[serde(default)]
    immutable: bool,
    #[serde(default)]
    data: BTreeMap<String, Zeroizing<String>>,
}

/// Returns the list of all Secrets with this name in the cluster, metadata only: at most one per namespace.
pub fn list_by_name(name: &SecretName) -> List {
    List {
        resource: "secrets",
        fields: format!("metadata.name={name}"),
        accept: METADATA_LIST,
        ..List::default()
    }
}

/// Returns the list of all pull Secrets, also those of other tools, metadata only. `namespace` is `None` for the whole cluster,
/// `name` for all names.
pub fn list_pull_secrets(namespace: Option<&Namespace>, name: Option<&SecretName>) -> List {
    let of_type = format!("type={}", pull_secret::TYPE);
    List {
        resource: "secrets",
        namespace: namespace.cloned(),
        fields: match name {
            Some(name) => format!("metadata.name={name},{of_type}"),
            None => of_type,
        },
        accept: METADATA_LIST,
        ..List::default()
    }
}

/// Returns the list of the Secrets of this plugin, metadata only. `labels` is a label selector that they must match too;
/// an empty one matches all. `namespace` is `None` for the whole cluster.
pub fn list_managed(namespace: Option<&Namespace>, labels: &str) -> List {
    let ours = format!("{}={}", pull_secret::MANAGED_BY, pull_secret::MANAGER);
    List {
        resource: "secrets",
        namespace: namespace.cloned(),
        labels: joined(&ours, labels),
        accept: METADATA_LIST,
        ..List::default()
    }
}

/// Returns the list of the pull Secrets that are not of this plugin, with their data. `labels` and `namespace` are those of
/// [`list_managed`].
pub fn list_unmanaged(namespace: Option<&Namespace>, labels: &str) -> List {
    let others = format!("{}!={}", pull_secret::MANAGED_BY, pull_secret::MANAGER);
    List {
        resource: "secrets",
        namespace: namespace.cloned(),
        labels: joined(&others, labels),
        fields: format!("type={}", pull_secret::TYPE),
        accept: JSON,
        // A Secret may hold 1 MiB.
        page_size: Some(50),
    }
}

/// Returns the list of the Secrets of the older type for pulls, with their data. No plugin writes this type.
pub fn list_dockercfg() -> List {
    List {
        resource: "secrets",
        fields: format!("type={DOCKERCFG_TYPE}"),
        accept: JSON,
        page_size: Some(50),
        ..List::default()
    }
}

fn joined(selector: &str, more: &str) -> String {
    if more.is_empty() {
        selector.to_owned()
    } else {
        format!("{selector},{more}")
    }
}

/// Returns the Docker config in an item of [`list_unmanaged`], if it has one. Its credentials are redacted in all output from
/// now on.
pub fn docker_config_of(cluster: &ClusterClient, item: &Item) -> Option<Zeroizing<Vec<u8>>> {
    let wire: WireSecret = serde_json::from_str(item.json.get()).ok()?;
    let config = STANDARD.decode(wire.data.get(pull_secret::KEY)?.as_bytes());
    let config = Zeroizing::new(config.ok()?);
    cluster.redact_docker_config(&config);
    Some(config)
}

/// Returns the list of all Secrets with this name in the cluster, with their data: at most one per namespace.
pub fn list_data_by_name(name: &SecretName) -> List {
    List {
        accept: JSON,
        ..list_by_name(name)
    }
}

impl ClusterClient {
    /// Reads the Secret's metadata. Returns `None` if it does not exist.
    ///
    /// # Errors
    /// As [`ClusterClient::send`].
    pub async fn read_secret_metadata(
        &self,
        namespace: &Namespace,
        name: &SecretName,
    ) -> Result<Option<ObjectMeta>, RequestError> {
        let response = self.send(&get(namespace, name, METADATA), None).await;
        optional(response)?
            .map(|response| metadata(&response))
            .transpose()
    }

    /// Reads the Secret's metadata. A Secret that does not exist is an error, in the server's words.
    ///
    /// # Errors
    /// As [`ClusterClient::send`].
    pub async fn require_secret_metadata(
        &self,
        namespace: &Namespace,
        name: &SecretName,
    ) -> Result<ObjectMeta, RequestError> {
        metadata(&self.send(&get(namespace, name, METADATA), None).await?)
    }

    /// Reads the complete Secret. Returns `None` if it does not exist.
    ///
    /// # Errors
    /// As [`ClusterClient::send`].
    pub async fn read_secret(
        &self,
        namespace: &Namespace,
        name: &SecretName,
    ) -> Result<Option<StoredSecret>, RequestError> {
        let Some(response) = optional(self.send(&get(namespace, name, JSON), None).await)? else {
            return Ok(None);
        };
        let wire: WireSecret = response.json()?;
        Ok(Some(self.stored_secret(wire)))
    }

    /// Decodes an item of a list of Secrets with their data.
    ///
    /// # Errors
    /// The item is no Secret.
    pub fn secret_of(&self, item: &Item) -> Result<StoredSecret, RequestError> {
        let wire: WireSecret = serde_json::from_str(item.json.get())
            .map_err(|error| RequestError::not_json(&error))?;
        Ok(self.stored_secret(wire))
    }

    fn stored_secret(&self, wire: WireSecret) -> StoredSecret {
        let decoded = |value: &str| {
            STANDARD
                .decode(value)
                .map(Zeroizing::new)
                .unwrap_or_default()
        };
        let data: BTreeMap<_, _> = wire
            .data
            .iter()
            .map(|(key, value)| (key.clone(), decoded(value)))
            .collect();
        // The merged config is sent to the server, which may quote it in an error.
        if let Some(config) = data.get(pull_secret::KEY) {
            self.redact_docker_config(config);
        }
        StoredSecret {
            metadata: wire.metadata,
            type_: wire.type_,
            immutable: wire.immutable,
            data,
        }
    }

    /// Sends a server-side apply of `body` (KEP-555), which creates the Secret or sets our fields to the desired
    /// values.
    ///
    /// # Errors
    /// As [`ClusterClient::send`].
    pub async fn apply_secret(
        &self,
        namespace: &Namespace,
        name: &SecretName,
        body: Bytes,
        options: &ApplyOptions<'_>,
        observer: Option<Arc<dyn WriteObserver>>,
    ) -> Result<ApiResponse, RequestError> {
        let query = query(&[
            ("fieldManager", options.field_manager),
            ("fieldValidation", "Strict"),
            ("force", if options.force { "true" } else { "" }),
            ("dryRun", if options.dry_run { "All" } else { "" }),
        ]);
        let request = ApiRequest {
            method: Method::PATCH,
            path: format!("{}?{query}", path(namespace, name)),
            content_type: Some("application/apply-patch+yaml"),
            accept: if options.return_object {
                JSON
            } else {
                METADATA
            },
            body,
            limit: OBJECT_LIMIT,
            safety: Safety::Idempotent,
            description: format!("patch secrets {name}"),
        };
        self.send(&request, observer).await
    }

    /// Deletes the Secret if it still has the uid and resourceVersion in `preconditions`.
    ///
    /// # Errors
    /// As [`ClusterClient::send`].
    pub async fn delete_secret(
        &self,
        namespace: &Namespace,
        name: &SecretName,
        preconditions: &Preconditions,
        dry_run: bool,
        observer: Option<Arc<dyn WriteObserver>>,
    ) -> Result<ApiResponse, RequestError> {
        let body = serde_json::json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": preconditions.uid, "resourceVersion": preconditions.resource_version},
            // The server ignores options in the query if the body has options: `dryRun` in the query would really
            // delete.
            "dryRun": if dry_run { vec!["All"] } else { vec![] },
        });
        let request = ApiRequest {
            method: Method::DELETE,
            path: path(namespace, name),
            content_type: Some("application/json"),
            accept: METADATA,
            body: Bytes::from(body.to_string()),
            limit: OBJECT_LIMIT,
            safety: Safety::Preconditioned,
            description: format!("delete secrets {name}"),
        };
        self.send(&request, observer).await
    }

    /// Removes an annotation from the Secret with this `uid`, regardless of its field manager.
    ///
    /// # Errors
    /// As [`ClusterClient::send`].
    pub async fn remove_secret_annotation(
        &self,
        namespace: &Namespace,
        name: &SecretName,
        uid: &str,
        annotation: &str,
        options: &ApplyOptions<'_>,
        observer: Option<Arc<dyn WriteObserver>>,
    ) -> Result<ApiResponse, RequestError> {
        let body = serde_json::json!({"metadata": {"uid": uid, "annotations": {annotation: null}}});
        let query = query(&[
            ("fieldManager", options.field_manager),
            ("dryRun", if options.dry_run { "All" } else { "" }),
        ]);
        let request = ApiRequest {
            method: Method::PATCH,
            path: format!("{}?{query}", path(namespace, name)),
            content_type: Some("application/merge-patch+json"),
            accept: if options.return_object {
                JSON
            } else {
                METADATA
            },
            body: Bytes::from(body.to_string()),
            limit: OBJECT_LIMIT,
            safety: Safety::Idempotent,
            description: format!("patch secrets {name}"),
        };
        self.send(&request, observer).await
    }
}

pub(super) fn path(namespace: &Namespace, name: &SecretName) -> String {
    format!("/api/v1/namespaces/{namespace}/secrets/{name}")
}

fn get(namespace: &Namespace, name: &SecretName, accept: &'static str) -> ApiRequest {
    ApiRequest {
        method: Method::GET,
        path: path(namespace, name),
        content_type: None,
        accept,
        body: Bytes::new(),
        limit: OBJECT_LIMIT,
        safety: Safety::Idempotent,
        description: format!("get secrets {name}"),
    }
}
