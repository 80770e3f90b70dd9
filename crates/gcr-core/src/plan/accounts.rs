//! Plans a ServiceAccount: computes its desired list, and whether a write is needed.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Value, json};

use super::AccountStep;
use crate::domain::field_manager::may_restore;
use crate::domain::names::{SecretName, ServiceAccountName};
use crate::domain::pull_secret_list;
use crate::kubernetes::RequestError;
use crate::kubernetes::service_accounts::StoredAccount;
use crate::ledger::Outcome;
use crate::object_error::ObjectErrorKind;
use crate::observe::ObservedAccount;
use crate::request::{AccountChange, Desired, DesiredAccounts, DryRun};
use crate::target_state::TargetState;
use kube_clientcmd::escape_control::escape_control;

pub(super) fn plan(
    desired: &Desired,
    accounts: &DesiredAccounts,
    name: &ServiceAccountName,
    observed: Result<ObservedAccount, RequestError>,
    state: &TargetState,
    warnings: &mut Vec<String>,
) -> AccountStep {
    let account = match observed {
        Ok(ObservedAccount::Stored(account)) => account,
        Ok(ObservedAccount::NamespaceMissing(error)) | Err(error) => {
            return AccountStep::Fail(error.into());
        }
        Ok(ObservedAccount::NamespaceTerminating) => {
            let name = name.to_string();
            return AccountStep::Fail(ObjectErrorKind::NamespaceTerminating { name }.into());
        }
        Ok(ObservedAccount::Missing) => {
            return if state.waiting && accounts.waits_for(name) {
                AccountStep::Requeue
            } else {
                AccountStep::Fail(
                    ObjectErrorKind::AccountNotFound {
                        name: name.to_string(),
                    }
                    .into(),
                )
            };
        }
    };
    let list = account.image_pull_secrets();
    let changed = match &accounts.change {
        AccountChange::Attach(names) => pull_secret_list::with(list, names),
        AccountChange::Detach(names) => pull_secret_list::without(list, names),
    };
    let Some(new) = changed else {
        // If a patch of this run got no response, the list differed before it, so that the account counts as patched.
        let outcome = if state.unconfirmed_accounts.contains(name) {
            Outcome::Patched
        } else {
            Outcome::Unchanged
        };
        return AccountStep::NoOp {
            outcome,
            account: account.0,
        };
    };
    warnings.extend(owner_warning(name, &account, &desired.field_manager));
    if desired.dry_run == DryRun::Client {
        let mut patched = account.0;
        patched["imagePullSecrets"] = Value::Array(new);
        return AccountStep::Preview(patched);
    }
    // With resourceVersion and uid, any change since the read is a conflict and is not overwritten
    // (apiserver registry/generic/registry/store.go).
    let body = json!({
        "metadata": {"resourceVersion": account.resource_version(), "uid": account.uid()},
        "imagePullSecrets": &new,
    });
    AccountStep::Patch {
        body: Bytes::from(body.to_string()),
    }
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

pub(super) fn missing_secret_warning(name: &SecretName) -> String {
    format!(
        "secret {:?} not found; pods that reference it cannot pull until it exists",
        name.as_str()
    )
}
