//! Plans a ServiceAccount: the list it should have, and whether that takes a write.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Value, json};

use super::AccountStep;
use crate::domain::escape_control::escape_control;
use crate::domain::names::{SecretName, ServiceAccountName};
use crate::domain::pull_secret_list;
use crate::kubernetes::RequestError;
use crate::kubernetes::service_accounts::StoredAccount;
use crate::ledger::Outcome;
use crate::object_error::ObjectErrorKind;
use crate::observe::ObservedAccount;
use crate::request::{AccountChange, Desired, DesiredAccounts, DryRun};
use crate::target_state::TargetState;

pub(super) fn plan(
    desired: &Desired,
    accounts: &DesiredAccounts,
    name: &ServiceAccountName,
    seen: Result<ObservedAccount, RequestError>,
    state: &TargetState,
    warnings: &mut Vec<String>,
) -> AccountStep {
    let account = match seen {
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
        // It was not so when the list was sent whose answer was lost. Others may have changed it further since.
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
        let mut shown = account.0;
        shown["imagePullSecrets"] = Value::Array(new);
        return AccountStep::Preview(shown);
    }
    // The version and the uid make it an answer to what was read: any change since is a conflict, not a loss
    // (apiserver registry/generic/registry/store.go).
    let body = json!({
        "metadata": {"resourceVersion": account.resource_version(), "uid": account.uid()},
        "imagePullSecrets": &new,
    });
    AccountStep::Patch {
        body: Bytes::from(body.to_string()),
    }
}

/// Managers that write what they hold again, by whatever operation.
const REAPPLYING_MANAGERS: [&str; 3] =
    ["helm", "argocd-controller", "argocd-application-controller"];

/// Warns where somebody applies the list: he may put it back as it was.
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
            let restores = entry["operation"] == "Apply" || REAPPLYING_MANAGERS.contains(&manager);
            (restores && manager != field_manager).then_some(manager)
        })
        .collect();
    (!owners.is_empty()).then(|| {
        let owners = owners.into_iter().map(escape_control).collect::<Vec<_>>().join(", ");
        format!("serviceaccount {:?}: its imagePullSecrets belong to {owners}, which may put the list back; change it there too", name.as_str())
    })
}

pub(super) fn missing_secret_warning(name: &SecretName) -> String {
    format!(
        "secret {:?} is not there: pods that refer to it cannot pull until it is made",
        name.as_str()
    )
}
