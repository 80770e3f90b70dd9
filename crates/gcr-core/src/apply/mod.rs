//! Carries out a plan's steps, a file a kind. Nothing else writes to a cluster.
//!
//! Says of each object how it ended, or that what was seen is stale and must be seen again.

pub mod account;
mod replacement;
pub mod secret;
mod verdict;

use serde_json::Value;

use crate::failure::Failure;
use crate::ledger::Outcome;
use crate::progress::Before;

/// What became of a step.
#[derive(Debug)]
pub enum Applied {
    /// The object has ended.
    Ended {
        /// How.
        outcome: Outcome,
        /// Why, where it went wrong.
        failure: Option<Failure>,
        /// The object, where it is to be shown.
        shown: Option<Value>,
    },
    /// Somebody else changed the object after it was read.
    Stale {
        /// What the server said last.
        failure: Failure,
        /// What an earlier try may have written unheard.
        unheard: Option<Unheard>,
    },
    /// It is not there yet.
    NotYet,
}

/// A write whose answer was lost before the server called it stale: it may be the very change that made it so.
#[derive(Debug)]
pub enum Unheard {
    /// The Secret, as it was before that write.
    Secret(Before),
    /// The account.
    Account,
}

impl Applied {
    /// Ended well.
    pub(crate) fn done(outcome: Outcome, shown: Option<Value>) -> Self {
        Self::Ended {
            outcome,
            failure: None,
            shown,
        }
    }

    /// Ended badly: failed, unknown where a write may have been carried out unheard, or not even started.
    pub(crate) fn failed(failure: impl Into<Failure>, unheard: bool) -> Self {
        let failure = failure.into();
        let outcome = match () {
            () if unheard => Outcome::Unknown,
            () if failure.is_unstarted() => Outcome::NotStarted,
            () => Outcome::Failed,
        };
        Self::Ended {
            outcome,
            failure: Some(failure),
            shown: None,
        }
    }
}
