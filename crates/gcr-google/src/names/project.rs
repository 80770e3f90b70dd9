//! Names projects.

use std::fmt;
use std::str::FromStr;

use super::name_error::NameError;

/// The ID of a project: `my-project`, `example.com:my-project`, or the project's number.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ProjectId(String);

impl ProjectId {
    /// Returns the ID.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether this is the number of the project: an ID contains a letter.
    pub(super) fn is_number(&self) -> bool {
        self.0.bytes().all(|it| it.is_ascii_digit())
    }
}

impl FromStr for ProjectId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let invalid = |reason| Err(NameError::new("project ID", text, reason));
        let (domain, name) = text.rsplit_once(':').unwrap_or(("", text));
        if name.is_empty() || text.len() > 253 {
            return invalid("its length is not between 1 and 253 characters");
        }
        let is_word = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
        if !name.bytes().all(is_word) || !domain.bytes().all(|it| is_word(it) || it == b'.') {
            return invalid("it contains a character other than a-z, 0-9 and '-'");
        }
        if name.starts_with('-') || domain.starts_with('-') {
            return invalid("it starts with '-'");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
