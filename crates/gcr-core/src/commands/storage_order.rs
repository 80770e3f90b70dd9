//! Reorders namespaces that are sorted by name into the order of etcd's keys, so that all lists can be joined.
//!
//! The name `a` sorts before `a-b`, but the objects of `a-b` sort before those of `a`: the key `a-b/x` comes before `a/x`. Only
//! names that later names extend with a hyphen are held back.

use futures_util::stream::{self, Stream, StreamExt as _};

use crate::domain::names::Namespace;
use crate::kubernetes::pager::cmp_storage_key;

/// Returns names that are sorted by name in the order of etcd's keys.
pub(super) fn in_storage_order(
    sorted: impl Stream<Item = Namespace>,
) -> impl Stream<Item = Namespace> {
    let mut order = StorageOrder::default();
    let end = stream::iter([None]);
    sorted.map(Some).chain(end).flat_map(move |next| {
        stream::iter(match next {
            Some(namespace) => order.push(namespace),
            None => std::mem::take(&mut order).finish().collect(),
        })
    })
}

/// Namespaces that are held back because a later name may have to come first.
#[derive(Debug, Default)]
struct StorageOrder {
    held: Vec<Namespace>,
}

impl StorageOrder {
    /// Adds the next name. Returns the names that come before it and before all later names.
    fn push(&mut self, namespace: Namespace) -> Vec<Namespace> {
        let next = (namespace.as_str(), "");
        let held = &mut self.held;
        let is_before = |held: &mut Namespace| cmp_storage_key(&(held.as_str(), ""), &next).is_lt();
        let mut out = Vec::new();
        while let Some(last) = held.pop_if(is_before) {
            out.push(last);
        }
        held.push(namespace);
        out
    }

    /// Returns the names that are still held back.
    fn finish(self) -> impl Iterator<Item = Namespace> {
        self.held.into_iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_extended_with_hyphen_come_first() {
        let sorted = ["a", "a-b", "a-b-c", "a-d", "a1", "b"];
        let mut order = StorageOrder::default();
        let mut out: Vec<Namespace> = Vec::new();
        for name in sorted {
            out.extend(order.push(name.parse().unwrap()));
        }
        out.extend(order.finish());
        let names: Vec<&str> = out.iter().map(Namespace::as_str).collect();
        assert_eq!(names, ["a-b-c", "a-b", "a-d", "a", "a1", "b"]);
    }
}
