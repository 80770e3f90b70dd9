//! What of a target is known before it is looked at.

use crate::request::{AccountSelection, DEFAULT_ACCOUNT, Desired};
use crate::target::ObjectName;

/// What a target counts for that nobody has looked at: what is known by name, else one account, called `default`.
pub fn placeholder_objects(desired: &Desired) -> Vec<ObjectName> {
    let mut objects = expected_objects(desired);
    if objects.is_empty() {
        let default = DEFAULT_ACCOUNT.parse().map(ObjectName::ServiceAccount);
        objects.extend(default);
    }
    objects
}

/// The objects of every target that are known by name.
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
