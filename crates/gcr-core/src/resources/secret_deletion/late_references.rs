//! Removes references that other clients added while the Secret was being deleted.
//!
//! The references are removed before the Secret, so that no account references a Secret that is gone. A client that adds one
//! in between would be left with such a reference.

use std::sync::Arc;

use serde_json::json;

use super::shared::DeletionContext;
use crate::domain::pull_secret_list;
use crate::kubernetes::api_request::WriteObserver;
use crate::kubernetes::service_accounts::StoredAccount;
use crate::kubernetes::{ApiError, RequestError};

/// Number of passes over the accounts while other clients keep changing them.
const MAX_PASSES: u32 = 8;

/// Removes the references to the deleted Secret. Returns the names of the changed accounts. Removes none if the Secret exists
/// again.
pub(super) async fn remove(
    cx: &DeletionContext<'_>,
    observer: &Arc<dyn WriteObserver>,
) -> Result<Vec<String>, RequestError> {
    let (target, name) = (cx.target, &cx.desired.name);
    let names = std::slice::from_ref(name);
    let mut changed = Vec::new();
    for pass in 1.. {
        let accounts = target.cluster.list_accounts(&target.namespace, "").await?;
        let with_reference = |account: &StoredAccount| {
            pull_secret_list::without(account.image_pull_secrets(), names).is_some()
        };
        let accounts: Vec<_> = accounts.into_iter().filter(with_reference).collect();
        if accounts.is_empty() {
            break;
        }
        let secret = target.cluster.read_secret_metadata(&target.namespace, name);
        if secret.await?.is_some() {
            break;
        }
        for account in accounts {
            match patch(cx, &account, observer).await {
                Ok(()) => changed.push(account.name().to_owned()),
                Err(error) if pass < MAX_PASSES && is_stale(&error) => {}
                Err(error) => return Err(error),
            }
        }
        if pass >= MAX_PASSES {
            break;
        }
    }
    changed.sort();
    changed.dedup();
    Ok(changed)
}

async fn patch(
    cx: &DeletionContext<'_>,
    account: &StoredAccount,
    observer: &Arc<dyn WriteObserver>,
) -> Result<(), RequestError> {
    let names = std::slice::from_ref(&cx.desired.name);
    let list = account.image_pull_secrets();
    let (Some(new), Ok(name)) = (
        pull_secret_list::without(list, names),
        account.name().parse(),
    ) else {
        return Ok(());
    };
    let body = json!({
        "metadata": {"resourceVersion": account.resource_version(), "uid": account.uid()},
        "imagePullSecrets": new,
    });
    let target = cx.target;
    let patched = target.cluster.patch_account(
        &target.namespace,
        &name,
        body.to_string().into(),
        &cx.execution.field_manager,
        false,
        Some(Arc::clone(observer)),
    );
    patched.await.map(drop)
}

/// Returns whether the account was changed or deleted since it was listed.
fn is_stale(error: &RequestError) -> bool {
    let stale = |error: &ApiError| error.is_conflict() || error.is_not_found();
    error.api_error().is_some_and(stale)
}
