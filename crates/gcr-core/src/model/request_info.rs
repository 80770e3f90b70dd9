//! Parses the requests to the model server.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use serde_json::Value;

/// A parsed request.
pub(super) struct RequestInfo {
    pub(super) method: Method,
    /// Empty for cluster-scoped objects and cluster-wide lists.
    pub(super) namespace: String,
    /// The resource, for example `secrets`.
    pub(super) resource: String,
    /// The object's name; empty for lists.
    pub(super) name: String,
    pub(super) query: BTreeMap<String, String>,
    pub(super) body: Value,
}

impl RequestInfo {
    pub(super) fn read(uri: &http::Uri, method: Method, body: &Bytes) -> Self {
        let words: Vec<&str> = uri.path().trim_start_matches('/').split('/').collect();
        // /api/v1/namespaces/NS/RESOURCE/NAME, /api/v1/namespaces/NS, /api/v1/RESOURCE
        let (namespace, resource, name) = match words.as_slice() {
            ["api", "v1", "namespaces", namespace, resource, name] => {
                (*namespace, *resource, *name)
            }
            ["api", "v1", "namespaces", namespace, resource] => (*namespace, *resource, ""),
            ["api", "v1", resource, name] => ("", *resource, *name),
            ["api", "v1", resource] => ("", *resource, ""),
            _ => ("", "", "-"),
        };
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        Self {
            method,
            namespace: namespace.to_owned(),
            resource: resource.to_owned(),
            name: name.to_owned(),
            query: query.into_owned().collect(),
            body: serde_json::from_slice(body).unwrap_or(Value::Null),
        }
    }

    /// Returns the key of the object in a [`Store`](super::store::Store): `secret/NAME`.
    pub(super) fn object(&self) -> String {
        format!("{}/{}", self.resource.trim_end_matches('s'), self.name)
    }
}
