//! Patches a ServiceAccount's list, with the observed uid and resourceVersion as preconditions.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::kind::PATCHED;
use super::shared::SharedAccounts;
use crate::domain::names::ServiceAccountName;
use crate::domain::pull_secret_list;
use crate::engine::{Finished, Outcome, StepResult, WriteTracker};
use crate::kubernetes::api_request::WriteObserver;
use crate::kubernetes::service_accounts::StoredAccount;
use crate::kubernetes::{ApiError, RequestError};
use crate::request::{AccountChange, DryRun};
use crate::resources::resource_error::ResourceError;

/// The patch of an account's list, or the account as a client dry run prints it.
#[derive(Debug)]
pub struct AccountPatch {
    /// The JSON merge patch, with the observed uid and resourceVersion as preconditions.
    pub(super) body: Bytes,
    /// The account with the new list.
    pub(super) patched: Value,
}

pub(super) async fn patch(
    shared: &SharedAccounts<'_>,
    name: &ServiceAccountName,
    action: AccountPatch,
    tracker: &Arc<WriteTracker>,
) -> StepResult<ResourceError, ()> {
    let (target, execution) = (shared.target, shared.execution);
    let dry_run = execution.dry_run != DryRun::None;
    let observer: Option<Arc<dyn WriteObserver>> = if dry_run {
        None
    } else {
        Some(Arc::clone(tracker) as _)
    };
    let patched = target
        .cluster
        .patch_account(
            &target.namespace,
            name,
            action.body,
            &execution.field_manager,
            dry_run,
            observer,
        )
        .await;
    match patched {
        Ok(response) => {
            tracker.mark_answered();
            let account = match response.json() {
                Ok(account) => StoredAccount(account),
                Err(error) => {
                    let error = ResourceError::from(error);
                    let outcome = error.outcome(!dry_run);
                    return StepResult::Finished(Finished::failure(outcome, error));
                }
            };
            if let Some(error) = changed_by_admission(shared, name, &account) {
                return StepResult::Finished(Finished::failure(Outcome::Failed, error));
            }
            let manifest = shared.printed(account.0);
            StepResult::Finished(Finished::success(PATCHED, manifest))
        }
        Err(error) => {
            let outcome_unknown = error.outcome_unknown;
            if !outcome_unknown {
                tracker.mark_answered();
            }
            let is_stale = is_stale(&error);
            let error = ResourceError::from(error);
            if is_stale {
                return StepResult::Conflict {
                    error,
                    unconfirmed: outcome_unknown.then_some(()),
                };
            }
            StepResult::Finished(Finished::failure(error.outcome(outcome_unknown), error))
        }
    }
}

/// Returns the error if the account in the response does not have the requested list.
fn changed_by_admission(
    shared: &SharedAccounts<'_>,
    name: &ServiceAccountName,
    account: &StoredAccount,
) -> Option<ResourceError> {
    let (names, attach) = match &shared.desired.change {
        AccountChange::Attach(names) => (names, true),
        AccountChange::Detach(names) => (names, false),
    };
    let list = account.image_pull_secrets();
    let difference = pull_secret_list::difference(list, names, attach)?;
    Some(ResourceError::changed_by_admission(
        format!("serviceaccount {:?}", name.as_str()),
        format!("imagePullSecrets are now {difference}"),
    ))
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
