//! Executes the steps of a plan, one file per kind of object. No other module writes to a cluster.
//!
//! Returns the outcome of each object, or that the observation is stale and must be repeated.

pub mod account;
mod change_detection;
mod replacement;
pub mod secret;

use serde_json::Value;

use crate::ledger::Outcome;
use crate::object_error::ObjectError;
use crate::target_state::PriorState;

/// The result of a step.
#[derive(Debug)]
pub enum StepResult {
    /// The object is finished.
    Finished {
        /// Its outcome.
        outcome: Outcome,
        /// The error, if it did not succeed.
        error: Option<ObjectError>,
        /// The object, if it is to be printed.
        manifest: Option<Value>,
    },
    /// Another client changed the object after it was read.
    Conflict {
        /// The last error of the server.
        error: ObjectError,
        /// The write of an earlier attempt that got no response.
        outcome_unknown: Option<UnconfirmedWrite>,
    },
    /// The object does not exist yet.
    NotReady,
}

/// A write that got no response before a retry conflicted: the write itself may be the cause of the conflict.
#[derive(Debug)]
pub enum UnconfirmedWrite {
    /// A write of the Secret, with the state before it.
    Secret(PriorState),
    /// A write of the account.
    Account,
}

impl StepResult {
    /// Returns the result of a successful step.
    pub(crate) fn done(outcome: Outcome, manifest: Option<Value>) -> Self {
        Self::Finished {
            outcome,
            error: None,
            manifest,
        }
    }

    /// Returns the result of a failed step: `Unknown` if a write may have been applied without a response, `NotStarted`
    /// if nothing was sent for a reason that does not concern the object, else `Failed`.
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
