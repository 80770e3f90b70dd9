//! Patches a ServiceAccount's list, with the observed uid and resourceVersion as preconditions.

use serde_json::Value;

use super::{StepResult, UnconfirmedWrite};
use crate::domain::names::ServiceAccountName;
use crate::kubernetes::{ApiError, RequestError};
use crate::ledger::{Outcome, WriteTracker};
use crate::plan::AccountStep;
use crate::request::{Desired, DryRun};
use crate::target::Target;

/// Executes an account's step.
pub async fn execute(
    target: &Target,
    desired: &Desired,
    name: &ServiceAccountName,
    step: AccountStep,
    tracker: &WriteTracker,
) -> StepResult {
    let manifest = |account: Value| desired.return_objects.then_some(account);
    let body = match step {
        AccountStep::Fail(error) => return StepResult::failed(error, false),
        AccountStep::Requeue => return StepResult::NotReady,
        AccountStep::NoOp { outcome, account } => {
            return StepResult::done(outcome, manifest(account));
        }
        AccountStep::Preview(account) => {
            return StepResult::done(Outcome::Patched, manifest(account));
        }
        AccountStep::Patch { body } => body,
    };
    let dry_run = desired.dry_run == DryRun::Server;
    let (namespace, manager) = (&target.namespace, &desired.field_manager);
    let patched = target
        .cluster
        .patch_account(
            namespace,
            name,
            body,
            manager,
            dry_run,
            (!dry_run).then_some(tracker),
        )
        .await;
    match patched {
        Ok(response) => {
            tracker.mark_answered();
            StepResult::done(Outcome::Patched, response.json().ok().and_then(manifest))
        }
        Err(error) => {
            let outcome_unknown = error.outcome_unknown;
            if !outcome_unknown {
                tracker.mark_answered();
            }
            if is_stale(&error) {
                return StepResult::Conflict {
                    error: error.into(),
                    outcome_unknown: outcome_unknown.then_some(UnconfirmedWrite::Account),
                };
            }
            StepResult::failed(error, outcome_unknown)
        }
    }
}

/// Returns whether the account was changed, deleted or recreated since it was read.
fn is_stale(error: &RequestError) -> bool {
    error.api_error().is_some_and(|api_error: &ApiError| {
        api_error.is_conflict()
            || (api_error.is_not_found()
                && api_error.has_status_body
                && !api_error.is_namespace_not_found())
            || (api_error.is_invalid() && api_error.names_field("metadata.uid"))
    })
}
