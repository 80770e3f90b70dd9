//! Why a part of the test bench is not there. Carries words only: nobody decides anything by it.

use std::fmt;

/// What could not be had, and where there is one, the way to get it. May have several lines.
#[derive(Clone)]
pub struct Error(String);

/// The result of getting a part ready.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with these words.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// An error that says what was being done when `cause` happened.
    pub fn during(what: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self(format!("{what}: {cause}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// As `Display`: a panicking test shows it.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
