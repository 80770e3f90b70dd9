//! Writes a ServiceAccount's list, bound to the version that was read.

use serde_json::Value;

use super::{Applied, unknown};
use crate::cluster::{Fault, Refusal};
use crate::domain::names::ServiceAccountName;
use crate::ledger::{Entry, Outcome};
use crate::plan::AccountStep;
use crate::request::{DryRun, Wanted};
use crate::target::Target;

/// Carries out an account's step. A list whose answer was lost is added to `unheard`, so that it is known as ours
/// should it turn out to be there.
pub async fn carry_out(
    target: &Target,
    wanted: &Wanted,
    name: &ServiceAccountName,
    step: AccountStep,
    entry: &Entry,
) -> (Applied, Option<Vec<Value>>) {
    let shown = |account: Value| wanted.whole_objects.then_some(account);
    let (list, body) = match step {
        AccountStep::Fail(failure) => return (Applied::failed(failure, false), None),
        AccountStep::Await => return (Applied::NotYet, None),
        AccountStep::Keep { outcome, account } => {
            return (Applied::done(outcome, shown(account)), None);
        }
        AccountStep::Show(account) => {
            return (Applied::done(Outcome::Patched, shown(account)), None);
        }
        AccountStep::Patch { list, body } => (list, body),
    };
    let dry_run = wanted.dry_run == DryRun::Server;
    let reply = target
        .cluster
        .patch_account(
            &target.namespace,
            name,
            body,
            &wanted.field_manager,
            dry_run,
            Some(entry),
        )
        .await;
    match reply {
        Ok(reply) => {
            entry.answered();
            (
                Applied::done(Outcome::Patched, reply.json().ok().and_then(shown)),
                None,
            )
        }
        Err(fault) => {
            let unheard = unknown(&fault, dry_run);
            if is_stale(&fault) {
                return (Applied::Stale(fault.into()), unheard.then_some(list));
            }
            if !unheard {
                entry.answered();
            }
            (Applied::failed(fault, unheard), None)
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
