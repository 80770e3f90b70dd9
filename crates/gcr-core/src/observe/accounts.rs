//! Observes the ServiceAccounts.

use futures_util::stream::{self, StreamExt as _};

use super::{ObservedAccounts, TargetSnapshot};
use crate::domain::names::{SecretName, ServiceAccountName};
use crate::kubernetes::namespaces::NamespaceState;
use crate::kubernetes::service_accounts::StoredAccount;
use crate::kubernetes::{ApiError, RequestError};
use crate::request::{AccountChange, AccountSelection, DEFAULT_ACCOUNT, DesiredAccounts};
use crate::target::Target;
use crate::target_state::TargetState;

/// Maximum number of accounts of one namespace that are read concurrently.
const MAX_CONCURRENT_READS: usize = 8;

/// A ServiceAccount as observed.
#[derive(Debug)]
pub enum ObservedAccount {
    /// It exists.
    Stored(Box<StoredAccount>),
    /// It does not exist, although its namespace does or may.
    Missing,
    /// It does not exist, and its namespace is being deleted.
    NamespaceTerminating,
    /// Its namespace does not exist. Contains the server's error for the namespace.
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
    // A listed account is used once: after a conflict it must be read.
    let mut listed = snapshot.accounts.take();
    let (mut observed, mut unread): (ObservedAccounts, _) = (Vec::new(), Vec::new());
    for name in open {
        match listed.as_mut().and_then(|accounts| take(accounts, name)) {
            Some(account) => {
                observed.push((name.clone(), Ok(ObservedAccount::Stored(Box::new(account)))))
            }
            // An account that the list lacks does not exist, unless the server is about to create it.
            None if listed.is_some() && !desired.waits_for(name) => {
                observed.push((name.clone(), Ok(ObservedAccount::Missing)));
            }
            None => unread.push(name.clone()),
        }
    }
    let read: ObservedAccounts = stream::iter(unread)
        .map(|name| async move {
            let account = match find(target, &name).await {
                Ok(Some(account)) => Ok(ObservedAccount::Stored(Box::new(account))),
                Ok(None) => Ok(missing(target, state).await),
                Err(error) => Err(error),
            };
            (name, account)
        })
        .buffered(MAX_CONCURRENT_READS)
        .collect()
        .await;
    observed.extend(read);
    Ok(observed)
}

/// Removes and returns the account called `name`.
fn take(accounts: &mut Vec<StoredAccount>, name: &ServiceAccountName) -> Option<StoredAccount> {
    let name = name.as_str();
    let index = accounts.iter().position(|account| account.name() == name)?;
    Some(accounts.swap_remove(index))
}

/// Looks up an account by `get` or by a list of its name. Begins with the way that was allowed last, and tries the
/// other after a 403: permissions differ between namespaces.
async fn find(
    target: &Target,
    name: &ServiceAccountName,
) -> Result<Option<StoredAccount>, RequestError> {
    let cluster = &target.cluster;
    let lists = cluster.lists_accounts_by_name();
    let first = find_by(lists, target, name).await;
    let is_forbidden = |found: &Result<_, RequestError>| match found {
        Ok(_) => false,
        Err(error) => error.api_error().is_some_and(ApiError::is_forbidden),
    };
    if !is_forbidden(&first) {
        return first;
    }
    let second = find_by(!lists, target, name).await;
    if is_forbidden(&second) {
        // Report the error of `get`, the verb that roles usually grant.
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
    let mut observed: ObservedAccounts = accounts
        .into_iter()
        .filter_map(|account| {
            let name = account.name().parse().ok()?;
            Some((name, Ok(ObservedAccount::Stored(Box::new(account)))))
        })
        .collect();
    // Every namespace gets a `default` account, so that `--all` includes it even before it exists. An empty list does
    // not prove that the namespace exists.
    let all = desired.selection == AccountSelection::All;
    if all
        && !observed
            .iter()
            .any(|(name, _)| name.as_str() == DEFAULT_ACCOUNT)
        && matches!(desired.change, AccountChange::Attach(_))
    {
        if let Ok(name) = DEFAULT_ACCOUNT.parse() {
            observed.push((name, Ok(missing(target, state).await)));
        }
    } else if observed.is_empty()
        && target.named
        && let NamespaceState::Absent(error) =
            target.cluster.namespace_state(&target.namespace).await
    {
        return Err(error);
    }
    Ok(observed)
}

/// Classifies an account that does not exist. The run waits for accounts of a namespace that was just created, but not
/// for a mistyped namespace.
async fn missing(target: &Target, state: &TargetState) -> ObservedAccount {
    let first = state.rounds == 0;
    // The namespace exists if the Secret was just written or an earlier round found it. It is checked again after the
    // deadline.
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
        NamespaceState::Present | NamespaceState::Unknown => ObservedAccount::Missing,
    }
}

/// Returns the Secrets to attach that do not exist, as far as they may be read. Empty without an account to attach them
/// to.
pub(super) async fn missing_secrets(
    target: &Target,
    desired: &DesiredAccounts,
    observed: &ObservedAccounts,
    snapshot: &mut TargetSnapshot,
) -> Vec<SecretName> {
    let AccountChange::Attach(names) = &desired.change else {
        return Vec::new();
    };
    let stored = |(_, account): &(_, _)| matches!(account, Ok(ObservedAccount::Stored(_)));
    let mut missing = Vec::new();
    if !observed.iter().any(stored) {
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
        let metadata = target
            .cluster
            .read_secret_metadata(&target.namespace, name)
            .await;
        if let Ok(None) = metadata {
            missing.push(name.clone());
        }
    }
    missing
}
