//! Records the steps of a handshake.

use std::fmt;
use std::time::Duration;

use super::verdict::Verdict;

/// A step of the handshake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StepName {
    /// The password is what its user says.
    Parse,
    /// The key is exchanged at its token endpoint.
    Key,
    /// The registry sends its challenge.
    Challenge,
    /// The realm issues a token.
    Token,
    /// The registry returns the manifest.
    Manifest,
    /// Google's answer to the operator explains the refusal.
    Explain,
}

/// The result of a step.
#[derive(Clone, Debug)]
pub struct Step {
    /// The step.
    pub name: StepName,
    /// The HTTP status; `None` if there was no response.
    pub status: Option<u16>,
    /// The server's text, or the reason why there is none: redacted, printable and capped. Empty after success.
    pub text: String,
    /// The time that the step took.
    pub elapsed: Duration,
}

/// The result of a handshake.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The verdict.
    pub verdict: Verdict,
    /// The reason in words; empty for [`Verdict::Ok`].
    pub reason: String,
    /// The steps in order.
    pub steps: Vec<Step>,
}

impl StepName {
    /// Returns the stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Key => "key",
            Self::Challenge => "challenge",
            Self::Token => "token",
            Self::Manifest => "manifest",
            Self::Explain => "explain",
        }
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
