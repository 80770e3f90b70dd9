//! The requests that concern namespaces.

use bytes::Bytes;
use http::Method;

use super::api_request::{ApiRequest, METADATA, OBJECT_LIMIT};
use super::pager::{List, METADATA_LIST};
use super::secrets::metadata;
use super::{ApiError, ClusterClient, RequestError};
use crate::domain::names::Namespace;

/// What is known of a namespace's being there.
#[derive(Debug, Clone)]
pub enum NamespaceState {
    /// It is there.
    Present,
    /// It is being deleted, and takes nothing new.
    Terminating,
    /// It is not; the server's own words.
    Absent(RequestError),
    /// It may not be read, or could not be.
    Unreadable,
}

/// The namespaces that match a label selector; an empty one matches all.
pub fn matching(labels: &str) -> List {
    List {
        resource: "namespaces",
        labels: labels.to_owned(),
        accept: METADATA_LIST,
        ..List::default()
    }
}

impl ClusterClient {
    /// Looks whether the namespace is there.
    pub async fn namespace_state(&self, namespace: &Namespace) -> NamespaceState {
        let call = ApiRequest {
            method: Method::GET,
            path: format!("/api/v1/namespaces/{namespace}"),
            content_type: None,
            accept: METADATA,
            body: Bytes::new(),
            limit: OBJECT_LIMIT,
            description: format!("get namespaces {namespace}"),
        };
        match self.send(&call, None).await {
            Ok(reply) => match metadata(&reply) {
                Ok(namespace) if namespace.deletion_timestamp.is_some() => {
                    NamespaceState::Terminating
                }
                _ => NamespaceState::Present,
            },
            Err(error) if error.api_error().is_some_and(ApiError::is_not_found) => {
                NamespaceState::Absent(error)
            }
            Err(_) => NamespaceState::Unreadable,
        }
    }
}
