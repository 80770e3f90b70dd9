//! Decides whether `--recreate` must, and may, delete the stored Secret.
//!
//! It never deletes a Secret with an owner or with other keys, and one with another applier or without our label only
//! with `--force-conflicts`.

use super::super::deletion_guards;
use super::super::resource_error::{self, ResourceError, ResourceErrorKind};
use crate::domain::docker_config::DockerConfig;
use crate::domain::pull_secret;
use crate::engine::Hint;
use crate::kubernetes::secrets::StoredSecret;
use crate::request::DesiredSecret;
use kube_clientcmd::escape_control::escape_control;

/// Returns whether only a new Secret can have the desired content.
pub(super) fn requires_recreate(stored: &StoredSecret, config: &DockerConfig) -> bool {
    let is_same_config = stored
        .data
        .get(pull_secret::KEY)
        .is_some_and(|data| **data == *config.to_json());
    let is_terminating = stored.metadata.deletion_timestamp.is_some();
    is_terminating || stored.type_ != pull_secret::TYPE || (stored.immutable && !is_same_config)
}

/// Returns the error if the Secret must not be deleted.
pub(super) fn recreate_error(
    secret: &DesiredSecret,
    stored: &StoredSecret,
    field_manager: &str,
) -> Option<ResourceError> {
    let metadata = &stored.metadata;
    let refuse = |reason: String| {
        let name = secret.name.to_string();
        ResourceError::from(ResourceErrorKind::DeletionRefused { name, reason })
    };
    if let Some(reason) = deletion_guards::owner(metadata) {
        return Some(refuse(reason));
    }
    if let Some(key) = stored.data.keys().find(|key| *key != pull_secret::KEY) {
        return Some(refuse(format!(
            "it holds another key, {:?}",
            escape_control(key)
        )));
    }
    if secret.force_conflicts {
        return None;
    }
    let reason = deletion_guards::other_applier(metadata, &[field_manager])
        .or_else(|| deletion_guards::missing_label(metadata))?;
    Some(ResourceError {
        hint: Some(Hint::new(resource_error::RECREATE_WITH_FORCE)),
        ..refuse(reason)
    })
}
