//! The reasons not to delete a Secret: an owner, another applier, or a missing label. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::managed_fields::{applies, manager};
use super::pull_secret_summary::is_managed;
use crate::domain::pull_secret;
use kube_clientcmd::escape_control::escape_control;

/// Returns the reason if another object owns the Secret: the garbage collector and the owner's controller decide about it.
pub(super) fn owner(metadata: &ObjectMeta) -> Option<String> {
    let owner = metadata.owner_references.iter().flatten().next()?;
    Some(format!(
        "it belongs to {}/{}",
        escape_control(&owner.kind),
        escape_control(&owner.name)
    ))
}

/// Returns the reason if another field manager than `ours` applies the Secret.
pub(super) fn other_applier(metadata: &ObjectMeta, ours: &[&str]) -> Option<String> {
    let mut entries = metadata.managed_fields.iter().flatten();
    let entry = entries.find(|entry| applies(entry) && !ours.contains(&manager(entry)))?;
    Some(format!("{:?} applies it", escape_control(manager(entry))))
}

/// Returns the reason if the Secret lacks the label of this plugin.
pub(super) fn missing_label(metadata: &ObjectMeta) -> Option<String> {
    (!is_managed(metadata)).then(|| {
        format!(
            "it does not carry the label {}: {}",
            pull_secret::MANAGED_BY,
            pull_secret::MANAGER
        )
    })
}
