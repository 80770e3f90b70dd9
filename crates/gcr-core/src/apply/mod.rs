//! Carries out a plan's steps, a file a kind. Nothing else writes to a cluster.
//!
//! Says of each object how it ended, or that what was seen is stale and must be seen again.

pub mod account;
mod change_detection;
mod replacement;
pub mod secret;

use serde_json::Value;

use crate::ledger::Outcome;
use crate::object_error::ObjectError;
use crate::target_state::PriorState;

/// What became of a step.
#[derive(Debug)]
pub enum StepResult {
    /// The object has ended.
    Finished {
        /// How.
        outcome: Outcome,
        /// Why, where it went wrong.
        error: Option<ObjectError>,
        /// The object, where it is to be manifest.
        manifest: Option<Value>,
    },
    /// Somebody else changed the object after it was read.
    Conflict {
        /// What the server said last.
        error: ObjectError,
        /// What an earlier try may have written unheard.
        outcome_unknown: Option<UnconfirmedWrite>,
    },
    /// It is not there yet.
    NotReady,
}

/// A write whose answer was lost before the server called it stale: it may be the very change that made it so.
#[derive(Debug)]
pub enum UnconfirmedWrite {
    /// The Secret, as it was before that write.
    Secret(PriorState),
    /// The account.
    Account,
}

impl StepResult {
    /// Ended well.
    pub(crate) fn done(outcome: Outcome, manifest: Option<Value>) -> Self {
        Self::Finished {
            outcome,
            error: None,
            manifest,
        }
    }

    /// Ended badly: failed, unknown where a write may have been carried out unheard, or not even started.
    pub(crate) fn failed(error: impl Into<ObjectError>, outcome_unknown: bool) -> Self {
        let error = error.into();
        let outcome = match () {
            () if outcome_unknown => Outcome::Unknown,
            () if error.is_not_started() => Outcome::NotStarted,
            () => Outcome::Failed,
        };
        Self::Finished {
            outcome,
            error: Some(error),
            manifest: None,
        }
    }
}
