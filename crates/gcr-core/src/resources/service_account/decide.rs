//! Decides the next step of a ServiceAccount: computes its desired list, and whether a write is needed. Pure.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Value, json};

use super::kind::PATCHED;
use super::missing_secrets;
use super::observe::ObservedAccount;
use super::patch::AccountPatch;
use super::shared::SharedAccounts;
use crate::domain::field_manager::may_restore;
use crate::domain::names::ServiceAccountName;
use crate::domain::pull_secret_list;
use crate::engine::{Decision, Finished, Outcome, State};
use crate::kubernetes::service_accounts::StoredAccount;
use crate::request::AccountChange;
use crate::resources::resource_error::{ResourceError, ResourceErrorKind};
use crate::safety::Safety;
use kube_clientcmd::escape_control::escape_control;

pub(super) fn decide(
    shared: &SharedAccounts<'_>,
    name: &ServiceAccountName,
    observed: ObservedAccount,
    state: &State<'_, ()>,
    warnings: &mut Vec<String>,
) -> Decision<AccountPatch, ResourceError> {
    let account = match observed {
        ObservedAccount::Stored {
            account,
            missing_secrets,
        } => {
            warnings.extend(missing_secrets.iter().map(missing_secrets::warning));
            account
        }
        ObservedAccount::NamespaceMissing(error) => return Decision::Fail(error.into()),
        ObservedAccount::NamespaceTerminating => {
            let name = name.to_string();
            return Decision::Fail(ResourceErrorKind::NamespaceTerminating { name }.into());
        }
        ObservedAccount::Missing if state.round.waiting && shared.desired.waits_for(name) => {
            return Decision::NotReady;
        }
        ObservedAccount::Missing if shared.may_vanish => {
            return Decision::Finish(Finished::success(Outcome::Unchanged, None));
        }
        // In a namespace that the user did not name, an account that does not exist has no entry to remove.
        ObservedAccount::Missing
            if !shared.target.named
                && matches!(shared.desired.change, AccountChange::Detach(_)) =>
        {
            return Decision::Skip(None);
        }
        ObservedAccount::Missing => {
            let name = name.to_string();
            return Decision::Fail(ResourceErrorKind::AccountNotFound { name }.into());
        }
    };
    let list = account.image_pull_secrets();
    let changed = match &shared.desired.change {
        AccountChange::Attach(names) => pull_secret_list::with(list, names),
        AccountChange::Detach(names) => pull_secret_list::without(list, names),
    };
    let Some(new) = changed else {
        // If a patch of this run got no response, the list differed before it, so that the account counts as patched.
        let outcome = if state.unconfirmed.is_some() {
            PATCHED
        } else {
            Outcome::Unchanged
        };
        return Decision::Finish(Finished::success(outcome, shared.printed(account.0)));
    };
    warnings.extend(owner_warning(
        name,
        &account,
        &shared.execution.field_manager,
    ));
    // With resourceVersion and uid, any change since the read is a conflict and is not overwritten
    // (apiserver registry/generic/registry/store.go).
    let body = json!({
        "metadata": {"resourceVersion": account.resource_version(), "uid": account.uid()},
        "imagePullSecrets": &new,
    });
    let body = Bytes::from(body.to_string());
    let mut patched = account.0;
    patched["imagePullSecrets"] = Value::Array(new);
    Decision::Act(AccountPatch { body, patched }, Safety::Preconditioned)
}

/// Returns a warning if another manager applies the list: it may restore its own list.
fn owner_warning(
    name: &ServiceAccountName,
    account: &StoredAccount,
    field_manager: &str,
) -> Option<String> {
    let owners: BTreeSet<&str> = account
        .managed_fields()
        .iter()
        .filter(|entry| entry.pointer("/fieldsV1/f:imagePullSecrets").is_some())
        .filter_map(|entry| {
            let manager = entry["manager"].as_str()?;
            let operation = entry["operation"].as_str().unwrap_or_default();
            (may_restore(manager, operation) && manager != field_manager).then_some(manager)
        })
        .collect();
    (!owners.is_empty()).then(|| {
        let owners = owners.into_iter().map(escape_control).collect::<Vec<_>>().join(", ");
        format!("serviceaccount {:?}: its imagePullSecrets belong to {owners}, which may restore the list; change it there too", name.as_str())
    })
}
