//! What is known of the ServiceAccounts before they are patched.

use futures_util::stream::{self, StreamExt as _};

use super::{ObservedAccounts, TargetSnapshot};
use crate::domain::names::{SecretName, ServiceAccountName};
use crate::kubernetes::namespaces::NamespaceState;
use crate::kubernetes::service_accounts::StoredAccount;
use crate::kubernetes::{ApiError, RequestError};
use crate::request::{AccountChange, AccountSelection, DEFAULT_ACCOUNT, DesiredAccounts};
use crate::target::Target;
use crate::target_state::TargetState;

/// Accounts of one namespace that are read side by side.
const SIDE_BY_SIDE: usize = 8;

/// A ServiceAccount as it was seen.
#[derive(Debug)]
pub enum ObservedAccount {
    /// It is there.
    Stored(Box<StoredAccount>),
    /// It is not there, though its namespace is, or may be.
    Missing,
    /// It is not there, nor will it be: its namespace is being deleted.
    NamespaceTerminating,
    /// Its namespace is not there either; the server's words for that.
    NamespaceMissing(RequestError),
}

pub(super) async fn observe(
    target: &Target,
    desired: &DesiredAccounts,
    state: &TargetState,
    snapshot: &mut TargetSnapshot,
) -> Result<ObservedAccounts, RequestError> {
    let Some(open) = &state.open_accounts else {
        return list(target, desired, state, snapshot).await;
    };
    // Good for this look only: whoever is overtaken has to read.
    let mut listed = snapshot.accounts.take();
    let (mut seen, mut unseen): (ObservedAccounts, _) = (Vec::new(), Vec::new());
    for name in open {
        match listed.as_mut().and_then(|accounts| taken(accounts, name)) {
            Some(account) => {
                seen.push((name.clone(), Ok(ObservedAccount::Stored(Box::new(account)))))
            }
            // What a list has just not shown is not there, unless it may come any moment.
            None if listed.is_some() && !desired.waits_for(name) => {
                seen.push((name.clone(), Ok(ObservedAccount::Missing)));
            }
            None => unseen.push(name.clone()),
        }
    }
    let read: ObservedAccounts = stream::iter(unseen)
        .map(|name| async move {
            let account = match find(target, &name).await {
                Ok(Some(account)) => Ok(ObservedAccount::Stored(Box::new(account))),
                Ok(None) => Ok(missing(target, state).await),
                Err(error) => Err(error),
            };
            (name, account)
        })
        .buffered(SIDE_BY_SIDE)
        .collect()
        .await;
    seen.extend(read);
    Ok(seen)
}

/// An account that was listed.
fn taken(accounts: &mut Vec<StoredAccount>, name: &ServiceAccountName) -> Option<StoredAccount> {
    let name = name.as_str();
    let at = accounts.iter().position(|account| account.name() == name)?;
    Some(accounts.swap_remove(at))
}

/// Reads an account, or lists it by its name: whichever is not refused, and first what was not refused last. Rights differ
/// between namespaces.
async fn find(
    target: &Target,
    name: &ServiceAccountName,
) -> Result<Option<StoredAccount>, RequestError> {
    let cluster = &target.cluster;
    let lists = cluster.lists_accounts_by_name();
    let first = find_by(lists, target, name).await;
    let refused = |found: &Result<_, RequestError>| match found {
        Ok(_) => false,
        Err(error) => error.api_error().is_some_and(ApiError::is_forbidden),
    };
    if !refused(&first) {
        return first;
    }
    let second = find_by(!lists, target, name).await;
    if refused(&second) {
        // What a role has as a rule is the right to read.
        return if lists { second } else { first };
    }
    cluster.list_accounts_by_name(!lists);
    second
}

async fn find_by(
    list: bool,
    target: &Target,
    name: &ServiceAccountName,
) -> Result<Option<StoredAccount>, RequestError> {
    let (cluster, namespace) = (&target.cluster, &target.namespace);
    if list {
        cluster.list_account(namespace, name).await
    } else {
        cluster.read_account(namespace, name).await
    }
}

async fn list(
    target: &Target,
    desired: &DesiredAccounts,
    state: &TargetState,
    snapshot: &mut TargetSnapshot,
) -> Result<ObservedAccounts, RequestError> {
    let selector = match &desired.selection {
        AccountSelection::Labels(selector) => selector.as_str(),
        AccountSelection::Names(_) | AccountSelection::All => "",
    };
    let accounts = match snapshot.accounts.take() {
        Some(accounts) => accounts,
        None => {
            let listed = target.cluster.list_accounts(&target.namespace, selector);
            listed.await?
        }
    };
    let mut seen: ObservedAccounts = accounts
        .into_iter()
        .filter_map(|account| {
            let name = account.name().parse().ok()?;
            Some((name, Ok(ObservedAccount::Stored(Box::new(account)))))
        })
        .collect();
    // Every namespace has `default`, or will in a moment: `--all` means it too. An empty list alone does not even say
    // that the namespace is there.
    let all = desired.selection == AccountSelection::All;
    if all
        && !seen
            .iter()
            .any(|(name, _)| name.as_str() == DEFAULT_ACCOUNT)
        && matches!(desired.change, AccountChange::Attach(_))
    {
        if let Ok(name) = DEFAULT_ACCOUNT.parse() {
            seen.push((name, Ok(missing(target, state).await)));
        }
    } else if seen.is_empty()
        && target.named
        && let NamespaceState::Absent(error) =
            target.cluster.namespace_state(&target.namespace).await
    {
        return Err(error);
    }
    Ok(seen)
}

/// A mistyped namespace must not be waited for, one that was made this very moment must.
async fn missing(target: &Target, state: &TargetState) -> ObservedAccount {
    let first = state.rounds == 0;
    // It was there a moment ago, or when it was looked at first. It may be gone when the waiting is over.
    if if first {
        state.secret_written
    } else {
        state.waiting
    } {
        return ObservedAccount::Missing;
    }
    match target.cluster.namespace_state(&target.namespace).await {
        NamespaceState::Absent(error) => ObservedAccount::NamespaceMissing(error),
        NamespaceState::Terminating => ObservedAccount::NamespaceTerminating,
        NamespaceState::Present | NamespaceState::Unreadable => ObservedAccount::Missing,
    }
}

/// Those of the Secrets to attach that are not there, as far as we may look and there is an account to attach them to.
pub(super) async fn missing_secrets(
    target: &Target,
    desired: &DesiredAccounts,
    seen: &ObservedAccounts,
    snapshot: &mut TargetSnapshot,
) -> Vec<SecretName> {
    let AccountChange::Attach(names) = &desired.change else {
        return Vec::new();
    };
    let stored = |(_, account): &(_, _)| matches!(account, Ok(ObservedAccount::Stored(_)));
    let mut missing = Vec::new();
    if !seen.iter().any(stored) {
        return missing;
    }
    for name in names {
        if let Some(listed) = snapshot.secret(name) {
            if listed.is_none() {
                missing.push(name.clone());
            }
            continue;
        }
        if !target.cluster.can_read_secrets() {
            break;
        }
        let looked = target
            .cluster
            .read_secret_metadata(&target.namespace, name)
            .await;
        if let Ok(None) = looked {
            missing.push(name.clone());
        }
    }
    missing
}
