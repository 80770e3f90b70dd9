//! A request to the model server, taken apart.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use serde_json::Value;

/// A request, taken apart.
pub(super) struct Asked {
    pub(super) method: Method,
    /// Empty for what is in none, and for lists over all.
    pub(super) namespace: String,
    /// As `secrets`.
    pub(super) kind: String,
    /// Empty for lists.
    pub(super) name: String,
    pub(super) query: BTreeMap<String, String>,
    pub(super) body: Value,
}

impl Asked {
    pub(super) fn read(uri: &http::Uri, method: Method, body: &Bytes) -> Self {
        let words: Vec<&str> = uri.path().trim_start_matches('/').split('/').collect();
        // /api/v1/namespaces/NS/KIND/NAME, /api/v1/namespaces/NS, /api/v1/KIND
        let (namespace, kind, name) = match words.as_slice() {
            ["api", "v1", "namespaces", namespace, kind, name] => (*namespace, *kind, *name),
            ["api", "v1", "namespaces", namespace, kind] => (*namespace, *kind, ""),
            ["api", "v1", kind, name] => ("", *kind, *name),
            ["api", "v1", kind] => ("", *kind, ""),
            _ => ("", "", "-"),
        };
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        Self {
            method,
            namespace: namespace.to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            query: query.into_owned().collect(),
            body: serde_json::from_slice(body).unwrap_or(Value::Null),
        }
    }

    /// As a store has it: `secret/NAME`.
    pub(super) fn object(&self) -> String {
        format!("{}/{}", self.kind.trim_end_matches('s'), self.name)
    }
}
