//! The requests that concern ServiceAccounts.
//!
//! Objects stay raw JSON: the typed struct would rewrite entries it does not know. Decides nothing.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::exchange::{Call, JSON, LIST_LIMIT, OBJECT_LIMIT, Reply};
use super::secrets::{found, query};
use super::{Cluster, Fault};
use crate::domain::names::{Namespace, ServiceAccountName};
use crate::ledger::Entry;

/// Objects a list page holds at most: kubectl's own chunk size.
const PAGE: &str = "500";

/// How often a list that grew too old while it was read is begun again.
const RESTARTS: u32 = 5;

/// A ServiceAccount as the server holds it.
#[derive(Debug, Clone)]
pub struct StoredAccount(pub Value);

impl StoredAccount {
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

    /// `imagePullSecrets`, each entry as it is.
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

impl Cluster {
    /// The ServiceAccount, or `None` where it, or its namespace, is not there.
    ///
    /// # Errors
    /// The request's fault.
    pub async fn read_account(
        &self,
        namespace: &Namespace,
        name: &ServiceAccountName,
    ) -> Result<Option<StoredAccount>, Fault> {
        let call = Call {
            method: Method::GET,
            path: path(namespace, name),
            content_type: None,
            accept: JSON,
            body: Bytes::new(),
            limit: OBJECT_LIMIT,
            subject: format!("get serviceaccounts {name}"),
        };
        found(self.exchange(&call, None).await)?
            .map(|reply| reply.json().map(StoredAccount))
            .transpose()
    }

    /// All ServiceAccounts of the namespace that match `selector`; an empty selector matches all.
    ///
    /// # Errors
    /// The request's fault.
    pub async fn list_accounts(
        &self,
        namespace: &Namespace,
        selector: &str,
    ) -> Result<Vec<StoredAccount>, Fault> {
        let mut accounts = Vec::new();
        let mut next = String::new();
        let mut restarts = 0;
        loop {
            let query = query(&[
                ("limit", PAGE),
                ("labelSelector", selector),
                ("continue", &next),
            ]);
            let call = Call {
                method: Method::GET,
                path: format!("/api/v1/namespaces/{namespace}/serviceaccounts?{query}"),
                content_type: None,
                accept: JSON,
                body: Bytes::new(),
                limit: LIST_LIMIT,
                subject: "get serviceaccounts".to_owned(),
            };
            let mut page: Value = match self.exchange(&call, None).await {
                Ok(reply) => reply.json()?,
                // The list grew too old while it was read: only a new one is whole.
                Err(fault)
                    if !next.is_empty()
                        && restarts < RESTARTS
                        && fault
                            .refusal()
                            .is_some_and(|refusal| refusal.code == http::StatusCode::GONE) =>
                {
                    restarts += 1;
                    accounts.clear();
                    next.clear();
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            if let Some(Value::Array(items)) = page.get_mut("items").map(Value::take) {
                // Items of a list carry no kind of their own.
                accounts.extend(items.into_iter().map(|mut item| {
                    item["apiVersion"] = json!("v1");
                    item["kind"] = json!("ServiceAccount");
                    StoredAccount(item)
                }));
            }
            next = page
                .pointer("/metadata/continue")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            if next.is_empty() {
                return Ok(accounts);
            }
        }
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
        entry: Option<&Entry>,
    ) -> Result<Reply, Fault> {
        let query = query(&[
            ("fieldManager", field_manager),
            ("dryRun", if dry_run { "All" } else { "" }),
        ]);
        let call = Call {
            method: Method::PATCH,
            path: format!("{}?{query}", path(namespace, name)),
            content_type: Some("application/merge-patch+json"),
            accept: JSON,
            body,
            limit: OBJECT_LIMIT,
            subject: format!("patch serviceaccounts {name}"),
        };
        self.exchange(&call, entry).await
    }
}

fn path(namespace: &Namespace, name: &ServiceAccountName) -> String {
    format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}")
}
