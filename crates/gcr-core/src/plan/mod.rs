//! Computes the next steps from the desired and the observed state. Pure and synchronous: no network, no clock.

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

/// The next steps in one target: the Secret's step first, then those of the accounts if it succeeds.
#[derive(Debug, Default)]
pub struct Plan {
    /// The Secret's step, unless it is finished.
    pub secret: Option<SecretStep>,
    /// The step of each unfinished account. They are independent of each other.
    pub accounts: Vec<(ServiceAccountName, AccountStep)>,
    /// The error of the list that selects the accounts.
    pub accounts_error: Option<ObjectError>,
    /// Warnings for the user.
    pub warnings: Vec<String>,
}

/// The next step for the Secret.
#[derive(Debug)]
pub enum SecretStep {
    /// Apply it.
    Apply(SecretApply),
    /// Delete the observed Secret, wait until it is gone, and apply the new one.
    Replace {
        /// The uid and resourceVersion of the Secret to delete.
        preconditions: Preconditions,
        /// The apply that creates the new Secret.
        apply: SecretApply,
    },
    /// Print the Secret: a client dry run.
    Preview,
    /// Report the error.
    Fail(ObjectError),
}

impl SecretStep {
    /// Returns the warning to print if the step succeeds.
    pub fn dropped_hosts(&self) -> Option<String> {
        match self {
            Self::Apply(apply) | Self::Replace { apply, .. } => apply.dropped_hosts.clone(),
            Self::Preview | Self::Fail(_) => None,
        }
    }
}

/// A server-side apply of the Secret.
pub struct SecretApply {
    /// The request body.
    pub body: Bytes,
    /// Whether to take over fields of other managers.
    pub force: bool,
    /// The Secret before the apply, which distinguishes created, configured and unchanged.
    pub prior_state: PriorState,
    /// Whether to remove the last-applied annotation, which contains an earlier key.
    pub drop_last_applied: bool,
    /// Whether an earlier apply of this run got no response and may have created the stored Secret.
    pub may_have_applied: bool,
    /// The warning to print if the apply succeeds: hosts that it removes from the Secret.
    pub dropped_hosts: Option<String>,
    /// Whether the body contains a resourceVersion: a conflict then means that the plan is stale, not an error.
    pub has_preconditions: bool,
}

impl std::fmt::Debug for SecretApply {
    /// Omits the body, which contains a key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SecretApply")
            .field("force", &self.force)
            .field("prior_state", &self.prior_state)
            .finish_non_exhaustive()
    }
}

/// The next step for a ServiceAccount.
#[derive(Debug)]
pub enum AccountStep {
    /// Patch its list, with the observed uid and resourceVersion as preconditions.
    Patch {
        /// The JSON merge patch.
        body: Bytes,
    },
    /// Print the patched account: a client dry run.
    Preview(Value),
    /// Write nothing.
    NoOp {
        /// `Unchanged`, or `Patched` if the list contains an earlier write of this run that got no response.
        outcome: Outcome,
        /// The observed account.
        account: Value,
    },
    /// Observe it again: it does not exist yet.
    Requeue,
    /// Report the error.
    Fail(ObjectError),
}

/// Computes the next steps.
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
