//! From what is wanted and what was seen to what is to be done. Pure and synchronous: no network, no clock.

mod accounts;
mod replacement;
mod secret;

pub(crate) use secret::{classify_apply_error as explain_secret, last_applied_at};

use bytes::Bytes;
use serde_json::Value;

use crate::domain::names::ServiceAccountName;
use crate::domain::pull_secret::Preconditions;
use crate::ledger::Outcome;
use crate::object_error::ObjectError;
use crate::observe::Observed;
use crate::request::Desired;
use crate::target_state::{PriorState, TargetState};

/// What to do next in one target: the Secret's step first, and the accounts' only once it went well.
#[derive(Debug, Default)]
pub struct Plan {
    /// The Secret's step, while it is open.
    pub secret: Option<SecretStep>,
    /// A step for each open account; they do not wait for one another.
    pub accounts: Vec<(ServiceAccountName, AccountStep)>,
    /// Why the accounts could not even be named.
    pub accounts_error: Option<ObjectError>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// What to do about the Secret.
#[derive(Debug)]
pub enum SecretStep {
    /// Apply it.
    Apply(SecretApply),
    /// Delete the one that was read, wait until it is gone, apply.
    Replace {
        /// The uid and version of the one to delete.
        guard: Preconditions,
        /// The apply that makes the new one.
        apply: SecretApply,
    },
    /// Say what would be done: a client dry run.
    Preview,
    /// It cannot be done.
    Fail(ObjectError),
}

impl SecretStep {
    /// The warning that is due once the step went well.
    pub fn dropped_hosts(&self) -> Option<String> {
        match self {
            Self::Apply(apply) | Self::Replace { apply, .. } => apply.dropped_hosts.clone(),
            Self::Preview | Self::Fail(_) => None,
        }
    }
}

/// A server-side apply of the Secret.
pub struct SecretApply {
    /// The prepared body.
    pub body: Bytes,
    /// Take fields over.
    pub force: bool,
    /// What its answer is judged against.
    pub before: PriorState,
    /// Take off the annotation that holds a copy of a key.
    pub drop_last_applied: bool,
    /// An earlier apply may have been carried out unheard: what is there may be ours.
    pub repeated: bool,
    /// The warning that is due once it went well: hosts it takes out of the Secret.
    pub dropped_hosts: Option<String>,
    /// A conflict of versions means that the plan is stale, not that it failed.
    pub guarded: bool,
}

impl std::fmt::Debug for SecretApply {
    /// The body holds a key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SecretApply")
            .field("force", &self.force)
            .field("before", &self.before)
            .finish_non_exhaustive()
    }
}

/// What to do about a ServiceAccount.
#[derive(Debug)]
pub enum AccountStep {
    /// Write its list, bound to the version that was read.
    Patch {
        /// The JSON merge patch.
        body: Bytes,
    },
    /// A client dry run: this is what it would become.
    Preview(Value),
    /// Nothing has to be written.
    NoOp {
        /// The word it ends with: unchanged, or patched where an earlier write of ours turns out to be there.
        outcome: Outcome,
        /// The account as it is.
        account: Value,
    },
    /// It is not there yet: look again.
    Requeue,
    /// It cannot be done.
    Fail(ObjectError),
}

/// Plans the next steps.
pub fn plan(desired: &Desired, observed: Observed, state: &TargetState) -> Plan {
    let mut plan = Plan::default();
    if let (Some(secret), Some(seen)) = (&desired.secret, observed.secret) {
        plan.secret = Some(secret::plan(
            desired,
            secret,
            seen,
            state,
            &mut plan.warnings,
        ));
    }
    if let Some(accounts) = &desired.accounts {
        match observed.accounts {
            Ok(seen) => {
                for (name, seen) in seen {
                    let step =
                        accounts::plan(desired, accounts, &name, seen, state, &mut plan.warnings);
                    plan.accounts.push((name, step));
                }
            }
            Err(error) => plan.accounts_error = Some(error.into()),
        }
    }
    plan.warnings.extend(
        observed
            .missing_secrets
            .iter()
            .map(accounts::missing_secret_warning),
    );
    plan
}
