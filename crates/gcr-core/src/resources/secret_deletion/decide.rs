//! Decides whether the Secret may be deleted. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::kind::{DELETED, NOT_FOUND};
use crate::domain::pull_secret::{self, Preconditions};
use crate::engine::{Decision, Finished, Hint};
use crate::request::DesiredDeletion;
use crate::resources::deletion_guards;
use crate::resources::resource_error::{ResourceError, ResourceErrorKind};
use crate::safety::Safety;

/// The deletion of the observed Secret.
#[derive(Debug)]
pub(super) struct Deletion {
    /// The uid and resourceVersion of the Secret.
    pub(super) preconditions: Preconditions,
    /// Its metadata.
    pub(super) metadata: Box<ObjectMeta>,
}

/// Returns the error if the Secret must not be deleted. An owner has no override, and the other guards have one each.
pub(super) fn refusal(
    desired: &DesiredDeletion,
    field_manager: &str,
    metadata: &ObjectMeta,
) -> Option<ResourceError> {
    let refuse = |reason: String, flag: Option<&str>| {
        let name = desired.name.to_string();
        let kind = ResourceErrorKind::DeletionRefused { name, reason };
        let hint = flag.map(|flag| Hint::new(format!("pass {flag} to delete it anyway")));
        Some(ResourceError { kind, hint })
    };
    if let Some(reason) = deletion_guards::owner(metadata) {
        return refuse(reason, None);
    }
    let ours = [pull_secret::MANAGER, field_manager];
    if !desired.force_conflicts
        && let Some(reason) = deletion_guards::other_applier(metadata, &ours)
    {
        return refuse(reason, Some("--force-conflicts"));
    }
    if !desired.allow_unmanaged
        && let Some(reason) = deletion_guards::missing_label(metadata)
    {
        return refuse(reason, Some("--allow-unmanaged"));
    }
    None
}

/// Decides the next step. `was_sent` states whether an earlier deletion of this run got no response, and `named` whether the user
/// named the namespace.
pub(super) fn decide(
    desired: &DesiredDeletion,
    field_manager: &str,
    observed: Option<Box<ObjectMeta>>,
    was_sent: bool,
    named: bool,
) -> Decision<Deletion, ResourceError> {
    let Some(metadata) = observed else {
        return match () {
            () if was_sent => Decision::Finish(Finished::success(DELETED, None)),
            () if desired.ignore_not_found => Decision::Finish(Finished::success(NOT_FOUND, None)),
            () if !named => Decision::Skip(None),
            () => Decision::Fail(not_found(desired)),
        };
    };
    match refusal(desired, field_manager, &metadata) {
        Some(error) => Decision::Fail(error),
        None => Decision::Act(
            Deletion {
                preconditions: Preconditions {
                    uid: metadata.uid.clone(),
                    resource_version: metadata.resource_version.clone().unwrap_or_default(),
                },
                metadata,
            },
            Safety::Preconditioned,
        ),
    }
}

/// Returns the error for a Secret that does not exist.
pub(super) fn not_found(desired: &DesiredDeletion) -> ResourceError {
    let name = desired.name.to_string();
    ResourceErrorKind::SecretNotFound { name }.into()
}
