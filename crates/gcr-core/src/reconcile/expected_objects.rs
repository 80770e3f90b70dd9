//! Names the objects of a target before it is observed.

use crate::request::{AccountSelection, DEFAULT_ACCOUNT, Desired};
use crate::target::ObjectName;

/// Returns the objects as which a target counts that was not observed: its expected objects, or the account `default` if
/// none is known by name.
pub fn placeholder_objects(desired: &Desired) -> Vec<ObjectName> {
    let mut objects = expected_objects(desired);
    if objects.is_empty() {
        let default = DEFAULT_ACCOUNT.parse().map(ObjectName::ServiceAccount);
        objects.extend(default);
    }
    objects
}

/// Returns the objects of every target that the request names.
pub fn expected_objects(desired: &Desired) -> Vec<ObjectName> {
    let secret = desired
        .secret
        .iter()
        .map(|secret| ObjectName::Secret(secret.name.clone()));
    let accounts = desired
        .accounts
        .iter()
        .filter_map(|accounts| match &accounts.selection {
            AccountSelection::Names(names) => Some(names),
            AccountSelection::All | AccountSelection::Labels(_) => None,
        });
    let accounts = accounts.flatten().cloned().map(ObjectName::ServiceAccount);
    secret.chain(accounts).collect()
}
