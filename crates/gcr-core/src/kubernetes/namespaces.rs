//! Sends the requests for namespaces.

use bytes::Bytes;
use http::Method;

use super::api_error::ApiError;
use super::api_request::{ApiRequest, METADATA, OBJECT_LIMIT};
use super::client::ClusterClient;
use super::object::metadata;
use super::pager::{List, METADATA_LIST};
use super::request_error::RequestError;
use crate::domain::names::Namespace;
use crate::safety::Safety;

/// Whether a namespace exists.
#[derive(Debug, Clone)]
pub enum NamespaceState {
    /// It exists.
    Present,
    /// It is being deleted and rejects new objects.
    Terminating,
    /// It does not exist. Contains the server's error.
    Absent(RequestError),
    /// The read failed, for example with 403.
    Unknown,
}

/// Returns the list of namespaces that match a label selector; an empty one matches all.
pub fn matching(labels: &str) -> List {
    List {
        resource: "namespaces",
        labels: labels.to_owned(),
        accept: METADATA_LIST,
        ..List::default()
    }
}

impl ClusterClient {
    /// Reads the state of the namespace.
    pub async fn namespace_state(&self, namespace: &Namespace) -> NamespaceState {
        let request = ApiRequest {
            method: Method::GET,
            path: format!("/api/v1/namespaces/{namespace}"),
            content_type: None,
            accept: METADATA,
            body: Bytes::new(),
            limit: OBJECT_LIMIT,
            safety: Safety::Idempotent,
            description: format!("get namespaces {namespace}"),
        };
        match self.send(&request, None).await {
            Ok(response) => match metadata(&response) {
                Ok(namespace) if namespace.deletion_timestamp.is_some() => {
                    NamespaceState::Terminating
                }
                _ => NamespaceState::Present,
            },
            Err(error) if error.api_error().is_some_and(ApiError::is_not_found) => {
                NamespaceState::Absent(error)
            }
            Err(_) => NamespaceState::Unknown,
        }
    }
}
