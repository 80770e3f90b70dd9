//! A long-running operation, as the fake stores it.

use serde_json::Value;

/// An operation. Its effect has taken place when it was started; only its end is delayed.
pub(super) struct Operation {
    /// Polls until it is done; `None` if it never ends.
    pub(super) remaining: Option<u32>,
    pub(super) metadata: Value,
    /// `{"response": …}` or `{"error": …}`.
    pub(super) result: Value,
}
