//! Holds the state of a target between rounds: finished objects, open objects, and warnings already printed.
//!
//! Lives as long as the target is reconciled. Observe and plan read it, [`crate::reconcile`] updates it.

use std::collections::BTreeSet;

use tokio::time::Instant;

use crate::domain::names::ServiceAccountName;
use crate::request::{AccountSelection, Desired};

/// The Secret before an apply: the apply's outcome depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriorState {
    /// It did not exist.
    Absent,
    /// It existed.
    Present {
        /// `metadata.resourceVersion`.
        resource_version: String,
        /// When our field manager last changed it, in whole seconds, if known.
        last_applied_at: Option<jiff::Timestamp>,
    },
}

/// The state of one target.
#[derive(Debug)]
pub struct TargetState {
    /// Whether the Secret is finished, or none was requested.
    pub secret_finished: bool,
    /// Whether the Secret was written, which also proves that the namespace exists.
    pub secret_written: bool,
    /// The accounts that are not finished; `None` until a selection by label or `--all` has been resolved.
    pub open_accounts: Option<BTreeSet<ServiceAccountName>>,
    /// Accounts whose patch got no response: if one has the desired list later, this run patched it.
    pub unconfirmed_accounts: BTreeSet<ServiceAccountName>,
    /// The Secret before an apply that got no response: the outcome of later applies is relative to it.
    pub unconfirmed_secret: Option<PriorState>,
    /// Number of conflicts, over all objects of the target.
    pub conflicts: u32,
    /// When to stop waiting for objects that do not exist yet.
    pub deadline: Instant,
    /// Whether the deadline was in the future when this round began: a final "not found" must be observed after it.
    pub waiting: bool,
    /// Number of completed rounds.
    pub rounds: u32,
    /// Warnings already printed.
    warned: BTreeSet<String>,
}

impl TargetState {
    /// Creates the state of a target before its first round.
    pub fn new(desired: &Desired, deadline: Instant) -> Self {
        let open_accounts = match &desired.accounts {
            None => Some(BTreeSet::new()),
            Some(accounts) => match &accounts.selection {
                AccountSelection::Names(names) => Some(names.iter().cloned().collect()),
                AccountSelection::All | AccountSelection::Labels(_) => None,
            },
        };
        Self {
            secret_finished: desired.secret.is_none(),
            secret_written: false,
            open_accounts,
            unconfirmed_accounts: BTreeSet::new(),
            unconfirmed_secret: None,
            conflicts: 0,
            deadline,
            waiting: true,
            rounds: 0,
            warned: BTreeSet::new(),
        }
    }

    /// Returns whether all objects are finished.
    pub fn is_complete(&self) -> bool {
        self.secret_finished && self.open_accounts.as_ref().is_some_and(BTreeSet::is_empty)
    }

    /// Records that an account is finished.
    pub fn finish_account(&mut self, name: &ServiceAccountName) {
        if let Some(open) = &mut self.open_accounts {
            open.remove(name);
        }
    }

    /// Returns whether a warning is new: each is printed once per target.
    pub fn warn_once(&mut self, text: &str) -> bool {
        self.warned.insert(text.to_owned())
    }
}
