//! The names of what there is, for completion.

use bytes::Bytes;
use http::Method;
use serde::Deserialize;

use super::exchange::{Call, LIST_LIMIT};
use super::{Cluster, Fault};
use crate::domain::names::Namespace;

/// Metadata only of each item (API concepts, "Metadata-only fetches").
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

#[derive(Deserialize, Default)]
#[serde(default)]
struct Page {
    metadata: Metadata,
    items: Vec<Item>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Item {
    metadata: Metadata,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Metadata {
    name: String,
    r#continue: Option<String>,
}

impl Cluster {
    /// The names of a core resource, as `secrets`, in a namespace or of the cluster; `fields` is a field selector.
    ///
    /// # Errors
    /// The request's fault.
    pub async fn names(
        &self,
        resource: &str,
        namespace: Option<&Namespace>,
        fields: &str,
    ) -> Result<Vec<String>, Fault> {
        let place = namespace
            .map(|namespace| format!("namespaces/{namespace}/"))
            .unwrap_or_default();
        let mut names = Vec::new();
        let mut next = String::new();
        loop {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("limit", "500")
                .append_pair("fieldSelector", fields)
                .append_pair("continue", &next)
                .finish();
            let call = Call {
                method: Method::GET,
                path: format!("/api/v1/{place}{resource}?{query}"),
                content_type: None,
                accept: METADATA_LIST,
                body: Bytes::new(),
                limit: LIST_LIMIT,
                subject: format!("get {resource}"),
            };
            let page: Page = self.exchange(&call, None).await?.json()?;
            names.extend(page.items.into_iter().map(|item| item.metadata.name));
            next = page.metadata.r#continue.unwrap_or_default();
            if next.is_empty() {
                return Ok(names);
            }
        }
    }
}
