//! The requests that concern one Secret.
//!
//! Reads ask for metadata only wherever that is enough, so that no secret data comes back. Decides nothing.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::api_request::{ApiRequest, ApiResponse, JSON, METADATA, OBJECT_LIMIT};
use super::pager::{Item, List, METADATA_LIST};
use super::{ClusterClient, RequestError};
use crate::domain::names::{Namespace, SecretName};
use crate::domain::pull_secret::{self, Preconditions};
use crate::ledger::WriteTracker;

/// A Secret as the server holds it, whole.
pub struct StoredSecret {
    /// Its metadata.
    pub metadata: ObjectMeta,
    /// Its type; immutable (`core/v1/types.go`, `Secret.Type`).
    pub type_: String,
    /// Whether its data may never change.
    pub immutable: bool,
    /// Its data, decoded.
    pub data: BTreeMap<String, Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for StoredSecret {
    /// The data is somebody's secret.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<&String> = self.data.keys().collect();
        formatter
            .debug_struct("StoredSecret")
            .field("type_", &self.type_)
            .field("keys", &keys)
            .finish_non_exhaustive()
    }
}

/// How an apply is to be made.
#[derive(Debug, Clone)]
pub struct ApplyOptions<'a> {
    /// The field manager.
    pub field_manager: &'a str,
    /// Take fields over from other managers.
    pub force: bool,
    /// `dryRun=All`: the server answers as if, and stores nothing.
    pub dry_run: bool,
    /// Ask for the whole object back, not its metadata.
    pub whole: bool,
}

#[derive(Deserialize)]
struct MetadataOnly {
    metadata: ObjectMeta,
}

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

/// The metadata of an object in a reply.
///
/// # Errors
/// As [`ApiResponse::json`].
pub fn metadata(reply: &ApiResponse) -> Result<ObjectMeta, RequestError> {
    reply.json::<MetadataOnly>().map(|object| object.metadata)
}

/// The metadata of a listed object.
///
/// # Errors
/// It is not what the API promises.
pub fn metadata_of(item: &Item) -> Result<ObjectMeta, RequestError> {
    serde_json::from_str::<MetadataOnly>(item.json.get())
        .map(|object| object.metadata)
        .map_err(|error| RequestError::not_json(&error))
}

/// The metadata of all Secrets of this name in the cluster: one a namespace.
pub fn named(name: &SecretName) -> List {
    List {
        resource: "secrets",
        fields: format!("metadata.name={name}"),
        accept: METADATA_LIST,
        ..List::default()
    }
}

impl ClusterClient {
    /// The Secret's metadata, or `None` where it is not there.
    ///
    /// # Errors
    /// The request's fault. Once it is a refusal of rights, [`ClusterClient::can_read_secrets`] says no.
    pub async fn read_secret_metadata(
        &self,
        namespace: &Namespace,
        name: &SecretName,
    ) -> Result<Option<ObjectMeta>, RequestError> {
        let reply = self.send(&get(namespace, name, METADATA), None).await;
        if let Err(error) = &reply
            && error.api_error().is_some_and(super::ApiError::is_forbidden)
        {
            self.secrets_unreadable.store(true, Ordering::Relaxed);
        }
        optional(reply)?.map(|reply| metadata(&reply)).transpose()
    }

    /// The Secret, whole, or `None` where it is not there.
    ///
    /// # Errors
    /// The request's fault.
    pub async fn read_secret(
        &self,
        namespace: &Namespace,
        name: &SecretName,
    ) -> Result<Option<StoredSecret>, RequestError> {
        let Some(reply) = optional(self.send(&get(namespace, name, JSON), None).await)? else {
            return Ok(None);
        };
        let wire: WireSecret = reply.json()?;
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
        // The merged config goes back to the server, which may quote it.
        if let Some(config) = data.get(pull_secret::KEY) {
            self.redact_docker_config(config);
        }
        Ok(Some(StoredSecret {
            metadata: wire.metadata,
            type_: wire.type_,
            immutable: wire.immutable,
            data,
        }))
    }

    /// Server-side apply of `body` (KEP-555): creates the Secret or brings our fields to the wanted values.
    ///
    /// # Errors
    /// The request's fault.
    pub async fn apply_secret(
        &self,
        namespace: &Namespace,
        name: &SecretName,
        body: Bytes,
        options: &ApplyOptions<'_>,
        tracker: Option<&WriteTracker>,
    ) -> Result<ApiResponse, RequestError> {
        let query = query(&[
            ("fieldManager", options.field_manager),
            ("fieldValidation", "Strict"),
            ("force", if options.force { "true" } else { "" }),
            ("dryRun", if options.dry_run { "All" } else { "" }),
        ]);
        let call = ApiRequest {
            method: Method::PATCH,
            path: format!("{}?{query}", path(namespace, name)),
            content_type: Some("application/apply-patch+yaml"),
            accept: if options.whole { JSON } else { METADATA },
            body,
            limit: OBJECT_LIMIT,
            description: format!("patch secrets {name}"),
        };
        self.send(&call, tracker).await
    }

    /// Deletes the Secret as it was read: not another of the same name, nor one that was changed since.
    ///
    /// # Errors
    /// The request's fault.
    pub async fn delete_secret(
        &self,
        namespace: &Namespace,
        name: &SecretName,
        guard: &Preconditions,
        dry_run: bool,
        tracker: Option<&WriteTracker>,
    ) -> Result<ApiResponse, RequestError> {
        let body = serde_json::json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": guard.uid, "resourceVersion": guard.resource_version},
            // Options in a body make the server ignore the query's: a dry run asked for there would delete.
            "dryRun": if dry_run { vec!["All"] } else { vec![] },
        });
        let call = ApiRequest {
            method: Method::DELETE,
            path: path(namespace, name),
            content_type: Some("application/json"),
            accept: METADATA,
            body: Bytes::from(body.to_string()),
            limit: OBJECT_LIMIT,
            description: format!("delete secrets {name}"),
        };
        self.send(&call, tracker).await
    }

    /// Takes an annotation off the Secret with this `uid`, whoever put it there.
    ///
    /// # Errors
    /// The request's fault.
    pub async fn remove_secret_annotation(
        &self,
        namespace: &Namespace,
        name: &SecretName,
        uid: &str,
        annotation: &str,
        options: &ApplyOptions<'_>,
        tracker: Option<&WriteTracker>,
    ) -> Result<ApiResponse, RequestError> {
        let body = serde_json::json!({"metadata": {"uid": uid, "annotations": {annotation: null}}});
        let query = query(&[
            ("fieldManager", options.field_manager),
            ("dryRun", if options.dry_run { "All" } else { "" }),
        ]);
        let call = ApiRequest {
            method: Method::PATCH,
            path: format!("{}?{query}", path(namespace, name)),
            content_type: Some("application/merge-patch+json"),
            accept: if options.whole { JSON } else { METADATA },
            body: Bytes::from(body.to_string()),
            limit: OBJECT_LIMIT,
            description: format!("patch secrets {name}"),
        };
        self.send(&call, tracker).await
    }
}

/// `None` for a 404: the object is not there.
pub(super) fn optional(
    reply: Result<ApiResponse, RequestError>,
) -> Result<Option<ApiResponse>, RequestError> {
    match reply {
        Ok(reply) => Ok(Some(reply)),
        Err(error)
            if error
                .api_error()
                .is_some_and(|api_error| api_error.is_not_found() && api_error.has_status_body) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A query string of the pairs that have a value.
pub(super) fn query(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()))
        .finish()
}

fn path(namespace: &Namespace, name: &SecretName) -> String {
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
        description: format!("get secrets {name}"),
    }
}
