//! Defines the values that a program completes itself.

use super::line_before::LineBefore;

/// Values that the crate does not know, such as the names of objects in the cluster.
///
/// A value is identified by its clap value name: `#[arg(value_name = "POD")]`. The crate itself completes `CONTEXT`,
/// `CLUSTER`, `USER`, `FILE`, `DIR` and alternatives such as `json|yaml`.
///
/// `()` implements the trait for programs without such values.
pub trait ValueSource {
    /// Returns all values for a value name; the crate keeps those that start with the typed text. On any error, returns
    /// no values and prints nothing: the user is typing. [`within_time_limit`](super::within_time_limit) calls a server.
    fn values(&self, value_name: &str, line: LineBefore<'_>) -> Vec<String>;

    /// Returns the kinds that may precede a name, as in `pod/NAME`.
    fn kinds(&self) -> &[&str] {
        &[]
    }

    /// Returns whether a flag with this value name takes several values separated by commas, although it cannot be
    /// repeated.
    fn is_list(&self, value_name: &str) -> bool {
        let _ = value_name;
        false
    }
}

impl ValueSource for () {
    fn values(&self, _: &str, _: LineBefore<'_>) -> Vec<String> {
        Vec::new()
    }
}
