//! Defines the error of a command line.

/// An error in the command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("error: {message}")]
pub struct UsageError {
    message: String,
}

impl UsageError {
    /// Creates an error with this message: one line without control characters.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }

    /// Appends a pointer to the help of the command `path` (kubectl `cmd/util/helpers.go`, `UsageErrorf`).
    pub fn with_help_of(self, path: &str) -> Self {
        Self::new(format!(
            "{}\nSee '{path} -h' for help and examples",
            self.message
        ))
    }
}
