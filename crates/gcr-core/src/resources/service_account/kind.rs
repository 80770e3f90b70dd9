//! The kind of a ServiceAccount and its outcome.

use crate::domain::names::ServiceAccountName;
use crate::engine::{ObjectId, ObjectKind, Outcome};

/// The kind of a ServiceAccount.
pub const SERVICE_ACCOUNT: ObjectKind = ObjectKind {
    rank: 110,
    singular: "serviceaccount",
    kind: "ServiceAccount",
    unchanged: "patched (no change)",
};
/// The ServiceAccount's `imagePullSecrets` was changed.
pub const PATCHED: Outcome = Outcome::changed(110, "patched");

/// Returns the id of the ServiceAccount called `name`.
pub fn id(name: &ServiceAccountName) -> ObjectId {
    ObjectId::new(&SERVICE_ACCOUNT, name.as_str())
}
