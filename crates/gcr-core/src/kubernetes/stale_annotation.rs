//! Removes an annotation of a Secret, if no other client has changed it.

use bytes::Bytes;
use http::Method;

use super::api_request::{ApiRequest, ApiResponse, METADATA, OBJECT_LIMIT};
use super::client::ClusterClient;
use super::query_string::query;
use super::request_error::RequestError;
use super::secrets::path;
use crate::domain::names::{Namespace, SecretName};
use crate::safety::Safety;

/// An annotation to remove, if it still has this value.
#[derive(Debug, Clone, Copy)]
pub struct StaleAnnotation<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value as observed.
    pub value: &'a str,
}

impl ClusterClient {
    /// Removes an annotation from the Secret with this `uid`, regardless of its field manager. The server refuses the patch with
    /// 422 if the annotation is missing or has another value, or if the Secret is another one (RFC 6902, `test`).
    ///
    /// # Errors
    /// As [`ClusterClient::send`].
    pub async fn remove_stale_annotation(
        &self,
        namespace: &Namespace,
        name: &SecretName,
        uid: &str,
        annotation: StaleAnnotation<'_>,
        field_manager: &str,
    ) -> Result<ApiResponse, RequestError> {
        // RFC 6901.
        let escaped = annotation.name.replace('~', "~0").replace('/', "~1");
        let pointer = format!("/metadata/annotations/{escaped}");
        let body = serde_json::json!([
            {"op": "test", "path": "/metadata/uid", "value": uid},
            {"op": "test", "path": pointer, "value": annotation.value},
            {"op": "remove", "path": pointer},
        ]);
        let query = query(&[("fieldManager", field_manager)]);
        let request = ApiRequest {
            method: Method::PATCH,
            path: format!("{}?{query}", path(namespace, name)),
            content_type: Some("application/json-patch+json"),
            accept: METADATA,
            body: Bytes::from(body.to_string()),
            limit: OBJECT_LIMIT,
            safety: Safety::Preconditioned,
            description: format!("patch secrets {name}"),
        };
        self.send(&request, None).await
    }
}
