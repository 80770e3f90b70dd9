//! Reads lists page by page, in the server's storage order.
//!
//! Restarts a list whose continue token has expired, and skips the items already returned. Keeps one page in memory.

use std::cmp::Ordering;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::api_request::ApiRequest;
use super::client::ClusterClient;
use super::query_string::query;
use super::request_error::RequestError;
use super::request_options::LIST_LIMIT;
use crate::domain::names::Namespace;
use crate::safety::Safety;

/// Maximum number of objects per page: kubectl's default chunk size.
const PAGE_SIZE: u16 = 500;
/// Maximum number of restarts of a list.
const MAX_RESTARTS: u32 = 5;

/// Media types of lists with the metadata only of each item (API concepts, "Metadata-only fetches"), with the same fallback as
/// [`super::api_request::METADATA`].
pub const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;q=0.9";

/// A list request in the core API group.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// The resource, for example `secrets`.
    pub resource: &'static str,
    /// The namespace; `None` for the whole cluster.
    pub namespace: Option<Namespace>,
    /// The label selector; empty matches everything.
    pub labels: String,
    /// The field selector; empty matches everything.
    pub fields: String,
    /// The media type of the response: [`super::api_request::JSON`] or [`METADATA_LIST`].
    pub accept: &'static str,
    /// Maximum number of objects per page, for large objects; `None` for 500.
    pub page_size: Option<u16>,
}

/// One object of a list.
#[derive(Debug)]
pub struct Item {
    /// Its namespace; empty for a cluster-scoped resource.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The object: complete as sent, or its metadata only if the list asked for no more. The items of a list have no
    /// apiVersion and kind.
    pub json: Box<RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Page {
    kind: String,
    metadata: PageMetadata,
    items: Option<Vec<Box<RawValue>>>,
    /// The rows of a `Table`, which some gateways send in place of a list.
    rows: Option<Vec<Row>>,
}

#[derive(Deserialize)]
struct Row {
    object: Box<RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PageMetadata {
    r#continue: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Head {
    metadata: HeadMetadata,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct HeadMetadata {
    name: String,
    namespace: String,
}

#[derive(Deserialize)]
struct RawMetadata<'a> {
    #[serde(borrow)]
    metadata: &'a RawValue,
}

/// Reads one list.
pub struct Pager {
    cluster: Arc<ClusterClient>,
    list: List,
    next: Next,
    /// Namespace and name of the last item returned.
    last_returned: Option<(String, String)>,
    restarts: u32,
}

enum Next {
    First,
    Continue(String),
    None,
}

impl Pager {
    /// Creates a pager. Sends nothing yet.
    pub fn new(cluster: &Arc<ClusterClient>, list: List) -> Self {
        Self {
            cluster: Arc::clone(cluster),
            list,
            next: Next::First,
            last_returned: None,
            restarts: 0,
        }
    }

    /// Returns whether the list has no more pages.
    pub fn is_exhausted(&self) -> bool {
        matches!(self.next, Next::None)
    }

    /// Returns the next page, which may be empty, or `None` after the last.
    ///
    /// # Errors
    /// As [`ClusterClient::send`].
    pub async fn next(&mut self) -> Result<Option<Vec<Item>>, RequestError> {
        loop {
            let token = match &self.next {
                Next::None => return Ok(None),
                Next::First => "",
                Next::Continue(token) => token,
            };
            let page: Page = match self.cluster.send(&self.request(token), None).await {
                Ok(response) => response.json()?,
                // Only a new list is consistent (API concepts, "410 Gone responses").
                Err(error)
                    if !token.is_empty()
                        && self.restarts < MAX_RESTARTS
                        && error
                            .api_error()
                            .is_some_and(|api_error| api_error.code == StatusCode::GONE) =>
                {
                    self.restarts += 1;
                    let resource = self.list.resource;
                    tracing::debug!("the list of {resource} expired; restarting it");
                    self.next = Next::First;
                    continue;
                }
                Err(error) => return Err(error),
            };
            // Any other object has no items and would look like an empty list.
            let is_table = page.kind == "Table" && page.rows.is_some();
            if !page.kind.ends_with("List") && !is_table {
                return Err(RequestError::not_a_list(&page.kind));
            }
            self.next = match page.metadata.r#continue {
                Some(token) if !token.is_empty() => Next::Continue(token),
                _ => Next::None,
            };
            let rows = page.rows.into_iter().flatten().map(|row| row.object);
            // A server that does not know the media type sends whole objects: their data is dropped here.
            let keeps_data = self.list.accept != METADATA_LIST;
            let mut items = page
                .items
                .unwrap_or_default()
                .into_iter()
                .chain(rows)
                .map(|json| Item::read(json, keeps_data))
                .collect::<Result<Vec<_>, _>>()?;
            if self.restarts > 0
                && let Some(last) = &self.last_returned
            {
                items.retain(|item| cmp_storage_key(&item.key(), &(&last.0, &last.1)).is_gt());
            }
            if let Some(last) = items.last() {
                self.last_returned = Some((last.namespace.clone(), last.name.clone()));
            }
            return Ok(Some(items));
        }
    }

    /// Returns the items of all pages.
    ///
    /// # Errors
    /// As [`ClusterClient::send`].
    pub async fn all(mut self) -> Result<Vec<Item>, RequestError> {
        let mut items = Vec::new();
        while let Some(page) = self.next().await? {
            items.extend(page);
        }
        Ok(items)
    }

    fn request(&self, token: &str) -> ApiRequest {
        let List {
            resource,
            namespace,
            labels,
            fields,
            accept,
            page_size,
        } = &self.list;
        let page_size = page_size.unwrap_or(PAGE_SIZE).to_string();
        let scope = namespace
            .as_ref()
            .map(|namespace| format!("namespaces/{namespace}/"))
            .unwrap_or_default();
        let query = query(&[
            ("limit", &page_size),
            ("labelSelector", labels),
            ("fieldSelector", fields),
            ("continue", token),
        ]);
        ApiRequest {
            method: Method::GET,
            path: format!("/api/v1/{scope}{resource}?{query}"),
            content_type: None,
            accept,
            body: Bytes::new(),
            limit: LIST_LIMIT,
            safety: Safety::Idempotent,
            description: format!("get {resource}"),
        }
    }
}

impl Item {
    fn read(json: Box<RawValue>, keeps_data: bool) -> Result<Self, RequestError> {
        Self::decode(json, keeps_data).map_err(|error| RequestError::not_json(&error))
    }

    fn decode(json: Box<RawValue>, keeps_data: bool) -> Result<Self, serde_json::Error> {
        let Head { metadata } = serde_json::from_str(json.get())?;
        let json = if keeps_data {
            json
        } else {
            let raw: RawMetadata<'_> = serde_json::from_str(json.get())?;
            RawValue::from_string(format!(r#"{{"metadata":{}}}"#, raw.metadata.get()))?
        };
        Ok(Self {
            namespace: metadata.namespace,
            name: metadata.name,
            json,
        })
    }

    fn key(&self) -> (&str, &str) {
        (&self.namespace, &self.name)
    }
}

/// Compares two objects (namespace, name) in the order in which the server stores and lists them: by the bytes of
/// `NAMESPACE/NAME` (apiserver `registry/generic/registry/store.go`, `NamespaceKeyFunc`). `-` sorts before `/`, so that
/// namespace `a-b` comes before `a`.
pub fn cmp_storage_key(left: &(&str, &str), right: &(&str, &str)) -> Ordering {
    fn key<'a>((namespace, name): &(&'a str, &'a str)) -> impl Iterator<Item = u8> + use<'a> {
        namespace.bytes().chain([b'/']).chain(name.bytes())
    }
    key(left).cmp(key(right))
}

#[cfg(test)]
mod tests {
    use super::cmp_storage_key;

    #[test]
    fn hyphenated_namespace_sorts_before_its_prefix() {
        // etcd's order: `-` is 0x2d and `/` is 0x2f; digits and letters come after both.
        let sorted = [
            ("team-a-1", "x"),
            ("team-a", "default"),
            ("team", "a"),
            ("team", "default"),
            ("team1", "default"),
        ];
        assert!(sorted.is_sorted_by(|left, right| cmp_storage_key(left, right).is_lt()));
    }
}
