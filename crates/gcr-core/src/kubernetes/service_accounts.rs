//! Sends the requests for ServiceAccounts.
//!
//! Objects stay raw JSON: a typed struct would drop unknown fields of `imagePullSecrets` entries.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde_json::{Map, Value};

use super::api_request::{ApiRequest, ApiResponse, JSON, OBJECT_LIMIT, WriteObserver};
use super::client::ClusterClient;
use super::object::optional;
use super::pager::{Item, List, Pager};
use super::query_string::query;
use super::request_error::RequestError;
use crate::domain::names::{Namespace, ServiceAccountName};
use crate::safety::Safety;

/// A ServiceAccount as stored.
#[derive(Debug, Clone)]
pub struct StoredAccount(pub Value);

/// Returns the list of the ServiceAccounts of a namespace; `None` for the whole cluster.
pub fn list(namespace: Option<&Namespace>) -> List {
    List {
        namespace: namespace.cloned(),
        ..list_all()
    }
}

/// Returns the list of all ServiceAccounts in the cluster.
pub fn list_all() -> List {
    List {
        resource: "serviceaccounts",
        accept: JSON,
        ..List::default()
    }
}

impl StoredAccount {
    /// Decodes an item of a list.
    ///
    /// # Errors
    /// The item is not a JSON object.
    pub fn read(item: &Item) -> Result<Self, RequestError> {
        let mut object: Map<String, Value> = serde_json::from_str(item.json.get())
            .map_err(|error| RequestError::not_json(&error))?;
        // The items of a list have no apiVersion and kind.
        object.insert("apiVersion".to_owned(), "v1".into());
        object.insert("kind".to_owned(), "ServiceAccount".into());
        Ok(Self(Value::Object(object)))
    }

    /// Returns `metadata.name`.
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// Returns `metadata.uid`.
    pub fn uid(&self) -> &str {
        self.text("/metadata/uid")
    }

    /// Returns `metadata.resourceVersion`.
    pub fn resource_version(&self) -> &str {
        self.text("/metadata/resourceVersion")
    }

    /// Returns the entries of `imagePullSecrets`, unchanged.
    pub fn image_pull_secrets(&self) -> &[Value] {
        self.0
            .get("imagePullSecrets")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Returns `metadata.managedFields`.
    pub fn managed_fields(&self) -> &[Value] {
        self.0
            .pointer("/metadata/managedFields")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    fn text(&self, pointer: &str) -> &str {
        self.0
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

impl ClusterClient {
    /// Reads the ServiceAccount. Returns `None` if it or its namespace does not exist.
    ///
    /// # Errors
    /// As [`ClusterClient::send`].
    pub async fn read_account(
        &self,
        namespace: &Namespace,
        name: &ServiceAccountName,
    ) -> Result<Option<StoredAccount>, RequestError> {
        let request = ApiRequest {
            method: Method::GET,
            path: path(namespace, name),
            content_type: None,
            accept: JSON,
            body: Bytes::new(),
            limit: OBJECT_LIMIT,
            safety: Safety::Idempotent,
            description: format!("get serviceaccounts {name}"),
        };
        optional(self.send(&request, None).await)?
            .map(|response| response.json().map(StoredAccount))
            .transpose()
    }

    /// Reads the ServiceAccount by a list with a field selector, for roles that grant `list` without `get`.
    ///
    /// # Errors
    /// As [`ClusterClient::send`].
    pub async fn list_account(
        self: &Arc<Self>,
        namespace: &Namespace,
        name: &ServiceAccountName,
    ) -> Result<Option<StoredAccount>, RequestError> {
        let list = List {
            namespace: Some(namespace.clone()),
            fields: format!("metadata.name={name}"),
            ..list_all()
        };
        let items = Pager::new(self, list).all().await?;
        items.first().map(StoredAccount::read).transpose()
    }

    /// Lists the ServiceAccounts of the namespace that match the label selector `labels`; an empty one matches all.
    ///
    /// # Errors
    /// As [`ClusterClient::send`].
    pub async fn list_accounts(
        self: &Arc<Self>,
        namespace: &Namespace,
        labels: &str,
    ) -> Result<Vec<StoredAccount>, RequestError> {
        let list = List {
            namespace: Some(namespace.clone()),
            labels: labels.to_owned(),
            ..list_all()
        };
        let items = Pager::new(self, list).all().await?;
        items.iter().map(StoredAccount::read).collect()
    }

    /// Sends a JSON merge patch (RFC 7386). The `resourceVersion` and `uid` in `body` make it fail if the account has
    /// changed.
    ///
    /// # Errors
    /// As [`ClusterClient::send`].
    pub async fn patch_account(
        &self,
        namespace: &Namespace,
        name: &ServiceAccountName,
        body: Bytes,
        field_manager: &str,
        dry_run: bool,
        observer: Option<Arc<dyn WriteObserver>>,
    ) -> Result<ApiResponse, RequestError> {
        let query = query(&[
            ("fieldManager", field_manager),
            ("dryRun", if dry_run { "All" } else { "" }),
        ]);
        let request = ApiRequest {
            method: Method::PATCH,
            path: format!("{}?{query}", path(namespace, name)),
            content_type: Some("application/merge-patch+json"),
            accept: JSON,
            body,
            limit: OBJECT_LIMIT,
            safety: Safety::Preconditioned,
            description: format!("patch serviceaccounts {name}"),
        };
        self.send(&request, observer).await
    }
}

fn path(namespace: &Namespace, name: &ServiceAccountName) -> String {
    format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}")
}
