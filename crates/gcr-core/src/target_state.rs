//! What a target has behind it: which objects have ended, what is still open, what was said already.
//!
//! Lives as long as its target is driven. The stages read it, [`crate::reconcile`] writes it.

use std::collections::BTreeSet;

use tokio::time::Instant;

use crate::domain::names::ServiceAccountName;
use crate::request::{AccountSelection, Desired};

/// The Secret before the apply, as far as its answer is judged by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriorState {
    /// It was not there.
    Absent,
    /// It was there.
    Present {
        /// `metadata.resourceVersion`.
        resource_version: String,
        /// When our field manager last changed it (whole seconds), where known.
        last_applied_at: Option<jiff::Timestamp>,
    },
}

/// The state of one target's work.
#[derive(Debug)]
pub struct TargetState {
    /// The Secret has ended, or none is wanted.
    pub secret_ended: bool,
    /// The Secret ended as asked, so the namespace is there.
    pub secret_written: bool,
    /// The accounts that are still open; `None` until a selection by label or of all has been resolved.
    pub open_accounts: Option<BTreeSet<ServiceAccountName>>,
    /// Accounts whose patch was sent and the answer lost: should one turn out to be as asked, we wrote it.
    pub unconfirmed_accounts: BTreeSet<ServiceAccountName>,
    /// The Secret before an apply whose answer was lost: later answers are judged by it too.
    pub unconfirmed_secret: Option<PriorState>,
    /// How often somebody else was faster, over all objects of the target.
    pub conflicts: u32,
    /// When waiting for what is not there yet ends.
    pub deadline: Instant,
    /// Whether it may still be waited for, as this round began.
    pub waiting: bool,
    /// How often the target was looked at before.
    pub rounds: u32,
    warned: BTreeSet<String>,
}

impl TargetState {
    /// Nothing done yet.
    pub fn new(desired: &Desired, deadline: Instant) -> Self {
        let open_accounts = match &desired.accounts {
            None => Some(BTreeSet::new()),
            Some(accounts) => match &accounts.selection {
                AccountSelection::Names(names) => Some(names.iter().cloned().collect()),
                AccountSelection::All | AccountSelection::Labels(_) => None,
            },
        };
        Self {
            secret_ended: desired.secret.is_none(),
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

    /// Whether everything has ended.
    pub fn is_complete(&self) -> bool {
        self.secret_ended && self.open_accounts.as_ref().is_some_and(BTreeSet::is_empty)
    }

    /// An account has ended.
    pub fn end_account(&mut self, name: &ServiceAccountName) {
        if let Some(open) = &mut self.open_accounts {
            open.remove(name);
        }
    }

    /// Whether a warning is new: each is said once a target.
    pub fn warn_once(&mut self, text: &str) -> bool {
        self.warned.insert(text.to_owned())
    }
}
