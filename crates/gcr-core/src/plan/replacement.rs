//! Whether a Secret must, and may, be deleted to make room for ours: what `--recreate` asks before it does.
//!
//! Nothing of somebody else's is lost: other keys and owners speak against it for good, other hands until
//! `--force-conflicts` is given.

use super::secret::{applies, manager};
use crate::domain::docker_config::DockerConfig;
use crate::domain::escape_control::escape_control;
use crate::domain::pull_secret;
use crate::kubernetes::secrets::StoredSecret;
use crate::object_error::{Hint, ObjectError, ObjectErrorKind};
use crate::request::DesiredSecret;

/// Whether only a new Secret can hold what is wanted.
pub(super) fn requires_recreate(stored: &StoredSecret, config: &DockerConfig) -> bool {
    let same = stored
        .data
        .get(pull_secret::KEY)
        .is_some_and(|data| **data == *config.to_json());
    let leaving = stored.metadata.deletion_timestamp.is_some();
    leaving || stored.type_ != pull_secret::TYPE || (stored.immutable && !same)
}

/// What speaks against deleting the Secret: nothing of somebody else's is lost.
pub(super) fn api_error(
    secret: &DesiredSecret,
    stored: &StoredSecret,
    field_manager: &str,
) -> Option<ObjectError> {
    let metadata = &stored.metadata;
    let refuse = |why: String| {
        let name = secret.name.to_string();
        ObjectError::from(ObjectErrorKind::RecreateRefused { name, why })
    };
    if let Some(owner) = metadata.owner_references.iter().flatten().next() {
        return Some(refuse(format!(
            "it belongs to {}/{}",
            escape_control(&owner.kind),
            escape_control(&owner.name)
        )));
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
    let by_force = |why: String| {
        Some(ObjectError {
            hint: Some(Hint::RecreateByForce),
            ..refuse(why)
        })
    };
    if let Some(entry) = metadata
        .managed_fields
        .iter()
        .flatten()
        .find(|entry| applies(entry) && manager(entry) != field_manager)
    {
        return by_force(format!("{:?} applies it", escape_control(manager(entry))));
    }
    let ours = metadata
        .labels
        .iter()
        .flatten()
        .any(|(key, value)| key == pull_secret::MANAGED_BY && value == pull_secret::MANAGER);
    if ours {
        None
    } else {
        by_force(format!(
            "it does not carry the label {}: {}",
            pull_secret::MANAGED_BY,
            pull_secret::MANAGER
        ))
    }
}
