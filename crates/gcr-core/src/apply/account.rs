//! Writes a ServiceAccount's list, bound to the version that was read.

use serde_json::Value;

use super::{Applied, Unheard};
use crate::cluster::{Fault, Refusal};
use crate::domain::names::ServiceAccountName;
use crate::ledger::{Entry, Outcome};
use crate::plan::AccountStep;
use crate::request::{DryRun, Wanted};
use crate::target::Target;

/// Carries out an account's step.
pub async fn carry_out(
    target: &Target,
    wanted: &Wanted,
    name: &ServiceAccountName,
    step: AccountStep,
    entry: &Entry,
) -> Applied {
    let shown = |account: Value| wanted.whole_objects.then_some(account);
    let body = match step {
        AccountStep::Fail(failure) => return Applied::failed(failure, false),
        AccountStep::Await => return Applied::NotYet,
        AccountStep::Keep { outcome, account } => return Applied::done(outcome, shown(account)),
        AccountStep::Show(account) => return Applied::done(Outcome::Patched, shown(account)),
        AccountStep::Patch { body } => body,
    };
    let dry_run = wanted.dry_run == DryRun::Server;
    let (namespace, manager) = (&target.namespace, &wanted.field_manager);
    let patched = target
        .cluster
        .patch_account(
            namespace,
            name,
            body,
            manager,
            dry_run,
            (!dry_run).then_some(entry),
        )
        .await;
    match patched {
        Ok(reply) => {
            entry.answered();
            Applied::done(Outcome::Patched, reply.json().ok().and_then(shown))
        }
        Err(fault) => {
            let unheard = fault.unheard;
            if !unheard {
                entry.answered();
            }
            if is_stale(&fault) {
                return Applied::Stale {
                    failure: fault.into(),
                    unheard: unheard.then_some(Unheard::Account),
                };
            }
            Applied::failed(fault, unheard)
        }
    }
}

/// The account was changed, deleted, or deleted and made anew since it was read.
fn is_stale(fault: &Fault) -> bool {
    fault.refusal().is_some_and(|refusal: &Refusal| {
        refusal.is_conflict()
            || (refusal.is_not_found()
                && refusal.from_api_server
                && !refusal.is_namespace_not_found())
            || (refusal.is_invalid() && refusal.names_field("metadata.uid"))
    })
}
