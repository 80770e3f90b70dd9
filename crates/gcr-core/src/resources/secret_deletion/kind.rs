//! The outcomes of a deletion.

use crate::engine::Outcome;

/// The Secret was deleted.
pub const DELETED: Outcome = Outcome::changed(103, "deleted");
/// The Secret did not exist, which `--ignore-not-found` accepts.
pub const NOT_FOUND: Outcome = Outcome::absent(104, "not found");
