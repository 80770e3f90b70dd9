//! Defines the error of preparing a test environment. It carries only text, because callers never branch on it.

use std::fmt;

/// Text that names the failed operation, its cause and, if known, the fix. Can have several lines.
#[derive(Clone)]
pub struct Error(String);

/// Result of preparing a part of the test environment.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Returns an error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Returns the error `OPERATION: CAUSE`.
    pub fn during(operation: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self(format!("{operation}: {cause}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// Same as `Display`, because `unwrap` in a test prints it.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
