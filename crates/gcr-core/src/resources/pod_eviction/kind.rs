//! The kind of a pod and its outcome.

use crate::engine::{ObjectId, ObjectKind, Outcome};

/// The kind of a pod.
pub const POD: ObjectKind = ObjectKind {
    rank: 120,
    singular: "pod",
    kind: "Pod",
    unchanged: "unchanged",
};
/// The pod was evicted.
pub const EVICTED: Outcome = Outcome::changed(120, "evicted");

/// Returns the id of the pod called `name`.
pub fn id(name: &str) -> ObjectId {
    ObjectId::new(&POD, name)
}
