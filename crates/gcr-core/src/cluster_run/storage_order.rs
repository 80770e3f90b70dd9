//! Puts namespaces that come sorted by name into the order of the server's keys, by which all lists can be joined.
//!
//! `a` sorts before `a-b`, and the objects of `a-b` before those of `a`: `a-b/x`, `a/x`. Holds back only names that later
//! ones go on from with a hyphen.

use futures_util::stream::{self, Stream, StreamExt as _};

use crate::domain::names::Namespace;
use crate::kubernetes::pager::cmp_storage_key;

/// Names that come sorted, in the order of the server's keys.
pub(super) fn in_storage_order(
    sorted: impl Stream<Item = Namespace>,
) -> impl Stream<Item = Namespace> {
    let mut order = KeyOrder::default();
    let end = stream::iter([None]);
    sorted.map(Some).chain(end).flat_map(move |next| {
        stream::iter(match next {
            Some(namespace) => order.push(namespace),
            None => std::mem::take(&mut order).finish().collect(),
        })
    })
}

/// Namespaces that may have to come later.
#[derive(Debug, Default)]
struct KeyOrder {
    held: Vec<Namespace>,
}

impl KeyOrder {
    /// Takes the next name; gives those whose turn has come.
    fn push(&mut self, namespace: Namespace) -> Vec<Namespace> {
        let next = (namespace.as_str(), "");
        let held = &mut self.held;
        let permit = |held: &mut Namespace| cmp_storage_key(&(held.as_str(), ""), &next).is_lt();
        let mut out = Vec::new();
        while let Some(last) = held.pop_if(permit) {
            out.push(last);
        }
        held.push(namespace);
        out
    }

    /// The rest.
    fn finish(self) -> impl Iterator<Item = Namespace> {
        self.held.into_iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_go_on_with_a_hyphen_come_first() {
        let sorted = ["a", "a-b", "a-b-c", "a-d", "a1", "b"];
        let mut order = KeyOrder::default();
        let mut out: Vec<Namespace> = Vec::new();
        for name in sorted {
            out.extend(order.push(name.parse().unwrap()));
        }
        out.extend(order.finish());
        let names: Vec<&str> = out.iter().map(Namespace::as_str).collect();
        assert_eq!(names, ["a-b-c", "a-b", "a-d", "a", "a1", "b"]);
    }
}
