//! Serves the model server's lists: in storage order, two objects per page.
//!
//! Each page contains the state at its own request. A real server serves all pages of a list from one snapshot, so that
//! the model's lists are harder to read.

use serde_json::{Value, json};

use super::request_info::RequestInfo;
use super::store::{Answer, Store};

/// Number of objects per page, whatever `limit` says.
const PAGE_SIZE: usize = 2;

/// Returns the requested page. With `reverse_order`, lists of everything but namespaces are in reverse order.
pub(super) fn page(stores: &[Store], request: &RequestInfo, reverse_order: bool) -> Answer {
    let kind = match request.resource.as_str() {
        "namespaces" => "NamespaceList",
        "secrets" => "SecretList",
        "serviceaccounts" => "ServiceAccountList",
        other => panic!("the model has no list of {other}"),
    };
    let from = request.query.get("continue").cloned().unwrap_or_default();
    let mut items = all(stores, request);
    items.sort_by(|(left, _), (right, _)| left.cmp(right));
    if reverse_order && request.resource != "namespaces" {
        items.reverse();
        items.retain(|(key, _)| from.is_empty() || *key < from);
    } else {
        items.retain(|(key, _)| *key > from);
    }
    let more = items.len() > PAGE_SIZE;
    items.truncate(PAGE_SIZE);
    let next = items.last().filter(|_| more).map(|(key, _)| key.clone());
    let items: Vec<Value> = items.into_iter().map(|(_, item)| item).collect();
    (
        200,
        json!({"kind": kind, "metadata": {"continue": next}, "items": items}),
    )
}

/// Returns all selected objects, each with its storage key.
fn all(stores: &[Store], request: &RequestInfo) -> Vec<(String, Value)> {
    if request.resource == "namespaces" {
        let namespace = |store: &Store| {
            let name = store.namespace;
            (name.to_owned(), json!({"metadata": {"name": name}}))
        };
        return stores.iter().map(namespace).collect();
    }
    let name = request.query.get("fieldSelector");
    let name = name.and_then(|selector| selector.strip_prefix("metadata.name="));
    let prefix = format!("{}/", request.resource.trim_end_matches('s'));
    let stores = stores
        .iter()
        .filter(|store| request.namespace.is_empty() || request.namespace == store.namespace);
    let mut found = Vec::new();
    for store in stores {
        for (key, object) in &store.objects {
            if let Some(own) = key.strip_prefix(&prefix)
                && name.is_none_or(|name| name == own)
            {
                found.push((format!("{}/{own}", store.namespace), object.clone()));
            }
        }
    }
    found
}
