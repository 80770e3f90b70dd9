//! Defines the error of a connection that cannot be resolved.

use std::fmt;

/// An error before any request: of the kubeconfig, the flags or the environment, in kubectl's words.
#[derive(Debug, PartialEq, Eq)]
pub struct ResolveError {
    text: String,
    names_context: bool,
}

impl ResolveError {
    /// Returns an error whose text names the context.
    pub(super) fn of_context(text: String) -> Self {
        Self {
            text,
            names_context: true,
        }
    }

    /// Returns whether the text names the context of the error.
    pub fn names_context(&self) -> bool {
        self.names_context
    }
}

impl From<String> for ResolveError {
    fn from(text: String) -> Self {
        Self {
            text,
            names_context: false,
        }
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
