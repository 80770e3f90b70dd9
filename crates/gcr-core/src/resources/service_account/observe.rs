//! Observes a ServiceAccount.

use super::shared::{Listed, SharedAccounts};
use crate::domain::names::{SecretName, ServiceAccountName};
use crate::engine::Round;
use crate::kubernetes::namespaces::NamespaceState;
use crate::kubernetes::service_accounts::StoredAccount;
use crate::kubernetes::{ApiError, RequestError};
use crate::resources::namespace_target::NamespaceTarget;

/// A ServiceAccount as observed.
#[derive(Debug)]
pub enum ObservedAccount {
    /// It exists.
    Stored {
        /// The account.
        account: Box<StoredAccount>,
        /// Secrets to attach that do not exist.
        missing_secrets: Vec<SecretName>,
    },
    /// It does not exist, although its namespace does or may.
    Missing,
    /// It does not exist, and its namespace is being deleted.
    NamespaceTerminating,
    /// Its namespace does not exist. Contains the server's error for the namespace.
    NamespaceMissing(RequestError),
}

pub(super) async fn observe(
    shared: &SharedAccounts<'_>,
    name: &ServiceAccountName,
    listed: Listed,
    round: Round,
) -> Result<ObservedAccount, RequestError> {
    let account = match listed {
        Listed::Stored(account) => Some(*account),
        // Some proxies filter lists by what the user may read by name, so that the lack of an account proves nothing. If it does
        // not exist, its namespace does: the list of namespaces contained it.
        Listed::Absent => match find(shared.target, name).await? {
            None if !shared.desired.waits_for(name) => return Ok(ObservedAccount::Missing),
            account => account,
        },
        Listed::Unknown => find(shared.target, name).await?,
    };
    let Some(account) = account else {
        return Ok(missing(shared.target, round).await);
    };
    let missing_secrets = if round.conflicts == 0 {
        shared.missing_secrets.get(shared.target).await.to_vec()
    } else {
        Vec::new()
    };
    let account = Box::new(account);
    Ok(ObservedAccount::Stored {
        account,
        missing_secrets,
    })
}

/// Looks up an account by `get` or by a list of its name. Begins with the way that was allowed last, and tries the
/// other after a 403: permissions differ between namespaces.
async fn find(
    target: &NamespaceTarget,
    name: &ServiceAccountName,
) -> Result<Option<StoredAccount>, RequestError> {
    let lists = target.access.lists_accounts_by_name();
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
    target.access.list_accounts_by_name(!lists);
    second
}

async fn find_by(
    list: bool,
    target: &NamespaceTarget,
    name: &ServiceAccountName,
) -> Result<Option<StoredAccount>, RequestError> {
    let (cluster, namespace) = (&target.cluster, &target.namespace);
    if list {
        cluster.list_account(namespace, name).await
    } else {
        cluster.read_account(namespace, name).await
    }
}

/// Classifies an account that does not exist. The run waits for accounts of a namespace that was just created, but not
/// for a mistyped namespace.
async fn missing(target: &NamespaceTarget, round: Round) -> ObservedAccount {
    // An earlier round found the namespace. It is checked again after the deadline.
    if round.completed > 0 && round.waiting {
        return ObservedAccount::Missing;
    }
    match target.cluster.namespace_state(&target.namespace).await {
        NamespaceState::Absent(error) => ObservedAccount::NamespaceMissing(error),
        NamespaceState::Terminating => ObservedAccount::NamespaceTerminating,
        NamespaceState::Present | NamespaceState::Unknown => ObservedAccount::Missing,
    }
}
