//! Lists, page by page, in the order in which the server keeps its objects.
//!
//! A list that grew too old while it was read is begun again, and what was delivered already is left out. Holds one page;
//! decides nothing about what is in it.

use std::cmp::Ordering;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::api_request::{ApiRequest, LIST_LIMIT};
use super::secrets::query;
use super::{ClusterClient, RequestError};
use crate::domain::names::Namespace;

/// Objects a page holds at most: kubectl's own chunk size.
const PAGE: &str = "500";
/// How often a list may be begun again.
const RESTARTS: u32 = 5;

/// Metadata only of each item (API concepts, "Metadata-only fetches").
pub const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// What to list of the core group.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// The resource, as `secrets`.
    pub resource: &'static str,
    /// In one namespace, else in the whole cluster.
    pub namespace: Option<Namespace>,
    /// A label selector in Kubernetes' own syntax; empty for everything.
    pub labels: String,
    /// A field selector; empty for everything.
    pub fields: String,
    /// What the reply should be: [`super::api_request::JSON`] or [`METADATA_LIST`].
    pub accept: &'static str,
}

/// One object of a list.
#[derive(Debug)]
pub struct Item {
    /// Its namespace; empty where the resource has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The whole of it, as the server sent it. Items of a list carry no kind of their own.
    pub json: Box<RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Page {
    kind: String,
    metadata: PageMetadata,
    items: Option<Vec<Box<RawValue>>>,
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

/// A list being read.
pub struct Pager {
    cluster: Arc<ClusterClient>,
    list: List,
    next: Next,
    /// Namespace and name of the last item that was delivered.
    delivered: Option<(String, String)>,
    restarts: u32,
}

enum Next {
    First,
    Continue(String),
    None,
}

impl Pager {
    /// Asks nothing yet.
    pub fn new(cluster: &Arc<ClusterClient>, list: List) -> Self {
        Self {
            cluster: Arc::clone(cluster),
            list,
            next: Next::First,
            delivered: None,
            restarts: 0,
        }
    }

    /// Whether the last page was the last.
    pub fn is_exhausted(&self) -> bool {
        matches!(self.next, Next::None)
    }

    /// The next page, which may be empty; `None` after the last.
    ///
    /// # Errors
    /// The request's fault.
    pub async fn next(&mut self) -> Result<Option<Vec<Item>>, RequestError> {
        loop {
            let token = match &self.next {
                Next::None => return Ok(None),
                Next::First => "",
                Next::Continue(token) => token,
            };
            let page: Page = match self.cluster.send(&self.request(token), None).await {
                Ok(reply) => reply.json()?,
                // Only a new list is whole (API concepts, "410 Gone responses").
                Err(error)
                    if !token.is_empty()
                        && self.restarts < RESTARTS
                        && error
                            .api_error()
                            .is_some_and(|api_error| api_error.code == StatusCode::GONE) =>
                {
                    self.restarts += 1;
                    let resource = self.list.resource;
                    tracing::debug!("the list of {resource} grew too old; it is begun again");
                    self.next = Next::First;
                    continue;
                }
                Err(error) => return Err(error),
            };
            // Whatever else it is, it has no items, and would pass for an empty list.
            if !page.kind.ends_with("List") {
                return Err(RequestError::no_list(&page.kind));
            }
            self.next = match page.metadata.r#continue {
                Some(token) if !token.is_empty() => Next::Continue(token),
                _ => Next::None,
            };
            let mut items = page
                .items
                .unwrap_or_default()
                .into_iter()
                .map(Item::read)
                .collect::<Result<Vec<_>, _>>()?;
            if self.restarts > 0
                && let Some(last) = &self.delivered
            {
                items.retain(|item| cmp_storage_key(&item.key(), &(&last.0, &last.1)).is_gt());
            }
            if let Some(last) = items.last() {
                self.delivered = Some((last.namespace.clone(), last.name.clone()));
            }
            return Ok(Some(items));
        }
    }

    /// All items of all pages.
    ///
    /// # Errors
    /// The request's fault.
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
        } = &self.list;
        let place = namespace
            .as_ref()
            .map(|namespace| format!("namespaces/{namespace}/"))
            .unwrap_or_default();
        let query = query(&[
            ("limit", PAGE),
            ("labelSelector", labels),
            ("fieldSelector", fields),
            ("continue", token),
        ]);
        ApiRequest {
            method: Method::GET,
            path: format!("/api/v1/{place}{resource}?{query}"),
            content_type: None,
            accept,
            body: Bytes::new(),
            limit: LIST_LIMIT,
            description: format!("get {resource}"),
        }
    }
}

impl Item {
    fn read(json: Box<RawValue>) -> Result<Self, RequestError> {
        let Head { metadata } =
            serde_json::from_str(json.get()).map_err(|error| RequestError::not_json(&error))?;
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

/// The order in which the server keeps and lists objects: by `NAMESPACE/NAME`, byte by byte (apiserver
/// `registry/generic/registry/store.go`, `NamespaceKeyFunc`). A `-` comes before the `/`, so `a-b` before `a`.
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
    fn a_namespace_comes_after_those_that_go_on_with_a_hyphen() {
        // What etcd holds them in: `-` is 0x2d, `/` is 0x2f, digits and letters come after both.
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
