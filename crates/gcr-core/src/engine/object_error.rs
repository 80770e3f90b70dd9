//! Defines the error of an object as it is reported, and the hint for the user.
//!
//! The error states the problem, the hint an action that may solve it: one line each. Each resource has typed errors of
//! its own, and converts them to this type once it has explained them.

use std::borrow::Cow;
use std::fmt;

/// The error of an object, ready to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectError {
    /// The complete text, one or more lines.
    pub text: String,
    /// The cause without claims about the object's final state: for the report file, and for an object whose outcome is
    /// unknown.
    pub cause: String,
    /// Whether nothing was sent, for a reason that does not concern this object. Another line states that reason.
    pub not_started: bool,
    /// The action that may solve it, if known.
    pub hint: Option<Hint>,
}

impl ObjectError {
    /// Returns an error without a hint, whose cause equals its text.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            cause: text.clone(),
            text,
            not_started: false,
            hint: None,
        }
    }

    /// Returns the error of an object for which nothing was sent, for a reason that does not concern it.
    pub fn not_started(cause: impl Into<String>) -> Self {
        Self {
            not_started: true,
            ..Self::new(cause)
        }
    }
}

/// An action that may solve an error. Equal hints are printed once, with the number of their errors.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hint(Cow<'static, str>);

impl Hint {
    /// Returns a hint with this text: an imperative sentence without a full stop.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
