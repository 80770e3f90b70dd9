//! The kind of a Secret and its outcomes.

use crate::domain::names::SecretName;
use crate::engine::{ObjectId, ObjectKind, Outcome};

/// The kind of a Secret.
pub const SECRET: ObjectKind = ObjectKind {
    rank: 100,
    singular: "secret",
    kind: "Secret",
    unchanged: "unchanged",
};
/// The Secret did not exist and was created.
pub const CREATED: Outcome = Outcome::changed(100, "created");
/// The Secret existed and was changed.
pub const CONFIGURED: Outcome = Outcome::changed(101, "configured");
/// The Secret was deleted and created again.
pub const REPLACED: Outcome = Outcome::changed(102, "replaced");

/// Returns the id of the Secret called `name`.
pub fn id(name: &SecretName) -> ObjectId {
    ObjectId::new(&SECRET, name.as_str())
}
