//! The model server's lists: in the server's order, two objects a page.
//!
//! A page shows what is there when it is asked for, also where the pages before showed something older: a real server
//! keeps the pages of a list together, so that this is the harder one to read.

use serde_json::{Value, json};

use super::asked::Asked;
use super::store::{Answer, Store};

/// Objects a page holds, whatever was asked for.
const PAGE: usize = 2;

/// The page that was asked for; of a server that lists all but namespaces `backwards`, its.
pub(super) fn page(stores: &[Store], asked: &Asked, backwards: bool) -> Answer {
    let kind = match asked.kind.as_str() {
        "namespaces" => "NamespaceList",
        "secrets" => "SecretList",
        "serviceaccounts" => "ServiceAccountList",
        other => panic!("the model has no list of {other}"),
    };
    let from = asked.query.get("continue").cloned().unwrap_or_default();
    let mut items = all(stores, asked);
    items.sort_by(|(left, _), (right, _)| left.cmp(right));
    if backwards && asked.kind != "namespaces" {
        items.reverse();
        items.retain(|(key, _)| from.is_empty() || *key < from);
    } else {
        items.retain(|(key, _)| *key > from);
    }
    let more = items.len() > PAGE;
    items.truncate(PAGE);
    let next = items.last().filter(|_| more).map(|(key, _)| key.clone());
    let items: Vec<Value> = items.into_iter().map(|(_, item)| item).collect();
    (
        200,
        json!({"kind": kind, "metadata": {"continue": next}, "items": items}),
    )
}

/// All that is meant, each with the key by which etcd sorts it.
fn all(stores: &[Store], asked: &Asked) -> Vec<(String, Value)> {
    if asked.kind == "namespaces" {
        let namespace = |store: &Store| {
            let name = store.namespace;
            (name.to_owned(), json!({"metadata": {"name": name}}))
        };
        return stores.iter().map(namespace).collect();
    }
    let name = asked.query.get("fieldSelector");
    let name = name.and_then(|selector| selector.strip_prefix("metadata.name="));
    let prefix = format!("{}/", asked.kind.trim_end_matches('s'));
    let stores = stores
        .iter()
        .filter(|store| asked.namespace.is_empty() || asked.namespace == store.namespace);
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
