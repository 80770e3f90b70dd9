//! The requests that concern ServiceAccounts.
//!
//! Objects stay raw JSON: the typed struct would rewrite entries it does not know. Decides nothing.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde_json::{Map, Value};

use super::api_request::{ApiRequest, ApiResponse, JSON, OBJECT_LIMIT};
use super::pager::{Item, List, Pager};
use super::secrets::{optional, query};
use super::{ClusterClient, RequestError};
use crate::domain::names::{Namespace, ServiceAccountName};
use crate::ledger::WriteTracker;

/// A ServiceAccount as the server holds it.
#[derive(Debug, Clone)]
pub struct StoredAccount(pub Value);

/// All ServiceAccounts of the cluster.
pub fn accounts() -> List {
    List {
        resource: "serviceaccounts",
        accept: JSON,
        ..List::default()
    }
}

impl StoredAccount {
    /// The account of a list.
    ///
    /// # Errors
    /// It is no JSON object.
    pub fn read(item: &Item) -> Result<Self, RequestError> {
        let mut object: Map<String, Value> = serde_json::from_str(item.json.get())
            .map_err(|error| RequestError::not_json(&error))?;
        // Items of a list carry no kind of their own.
        object.insert("apiVersion".to_owned(), "v1".into());
        object.insert("kind".to_owned(), "ServiceAccount".into());
        Ok(Self(Value::Object(object)))
    }

    /// `metadata.name`.
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// `metadata.uid`.
    pub fn uid(&self) -> &str {
        self.text("/metadata/uid")
    }

    /// `metadata.resourceVersion`.
    pub fn resource_version(&self) -> &str {
        self.text("/metadata/resourceVersion")
    }

    /// `imagePullSecrets`, each tracker as it is.
    pub fn image_pull_secrets(&self) -> &[Value] {
        self.0
            .get("imagePullSecrets")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// `metadata.managedFields`.
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
    /// The ServiceAccount, or `None` where it, or its namespace, is not there.
    ///
    /// # Errors
    /// The request's fault.
    pub async fn read_account(
        &self,
        namespace: &Namespace,
        name: &ServiceAccountName,
    ) -> Result<Option<StoredAccount>, RequestError> {
        let call = ApiRequest {
            method: Method::GET,
            path: path(namespace, name),
            content_type: None,
            accept: JSON,
            body: Bytes::new(),
            limit: OBJECT_LIMIT,
            description: format!("get serviceaccounts {name}"),
        };
        optional(self.send(&call, None).await)?
            .map(|reply| reply.json().map(StoredAccount))
            .transpose()
    }

    /// The ServiceAccount by a list of this one name, for a role that may list and not get.
    ///
    /// # Errors
    /// The request's fault.
    pub async fn list_account(
        self: &Arc<Self>,
        namespace: &Namespace,
        name: &ServiceAccountName,
    ) -> Result<Option<StoredAccount>, RequestError> {
        let list = List {
            namespace: Some(namespace.clone()),
            fields: format!("metadata.name={name}"),
            ..accounts()
        };
        let items = Pager::new(self, list).all().await?;
        items.first().map(StoredAccount::read).transpose()
    }

    /// All ServiceAccounts of the namespace that match `labels`, a label selector; an empty one matches all.
    ///
    /// # Errors
    /// The request's fault.
    pub async fn list_accounts(
        self: &Arc<Self>,
        namespace: &Namespace,
        labels: &str,
    ) -> Result<Vec<StoredAccount>, RequestError> {
        let list = List {
            namespace: Some(namespace.clone()),
            labels: labels.to_owned(),
            ..accounts()
        };
        let items = Pager::new(self, list).all().await?;
        items.iter().map(StoredAccount::read).collect()
    }

    /// JSON merge patch (RFC 7386), bound to the version that was read by the `resourceVersion` and `uid` in `body`.
    ///
    /// # Errors
    /// The request's fault.
    pub async fn patch_account(
        &self,
        namespace: &Namespace,
        name: &ServiceAccountName,
        body: Bytes,
        field_manager: &str,
        dry_run: bool,
        tracker: Option<&WriteTracker>,
    ) -> Result<ApiResponse, RequestError> {
        let query = query(&[
            ("fieldManager", field_manager),
            ("dryRun", if dry_run { "All" } else { "" }),
        ]);
        let call = ApiRequest {
            method: Method::PATCH,
            path: format!("{}?{query}", path(namespace, name)),
            content_type: Some("application/merge-patch+json"),
            accept: JSON,
            body,
            limit: OBJECT_LIMIT,
            description: format!("patch serviceaccounts {name}"),
        };
        self.send(&call, tracker).await
    }
}

fn path(namespace: &Namespace, name: &ServiceAccountName) -> String {
    format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}")
}
