//! Plans the Secret: apply it, replace it, or say why neither will do.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};

use super::{SecretApply, SecretStep, replacement};
use crate::domain::docker_config::DockerConfig;
use crate::domain::escape_control::escape_control;
use crate::domain::pull_secret::{self, Preconditions, PullSecret};
use crate::kubernetes::RequestError;
use crate::kubernetes::secrets::StoredSecret;
use crate::object_error::{Hint, ObjectError, ObjectErrorKind};
use crate::observe::ObservedSecret;
use crate::request::{Desired, DesiredSecret};
use crate::target_state::{PriorState, TargetState};

pub(super) fn plan(
    desired: &Desired,
    secret: &DesiredSecret,
    seen: Result<ObservedSecret, RequestError>,
    state: &TargetState,
    warnings: &mut Vec<String>,
) -> SecretStep {
    let seen = match seen {
        Ok(seen) => seen,
        Err(error) => return SecretStep::Fail(classify_apply_error(error, secret)),
    };
    let body = |config: &DockerConfig, guard: Option<&Preconditions>| {
        PullSecret::new(&secret.name, &secret.credential, config).apply_body(guard)
    };
    let apply =
        |config: &DockerConfig, guard: Option<Preconditions>, before: PriorState| SecretApply {
            // What is bound to nothing and keeps nothing is the same everywhere.
            body: if guard.is_none() && std::ptr::eq(config, &secret.config) {
                secret.body.get(|| body(config, None))
            } else {
                body(config, guard.as_ref())
            },
            force: secret.force_conflicts,
            before: state.unconfirmed_secret.clone().unwrap_or(before),
            repeated: state.unconfirmed_secret.is_some(),
            drop_last_applied: false,
            dropped_hosts: None,
            guarded: guard.is_some(),
        };
    // What is known of the stored Secret decides what the apply leaves behind and what it takes away.
    let mut over =
        |metadata: &ObjectMeta, config: &DockerConfig, guard: Option<Preconditions>| SecretApply {
            drop_last_applied: removes_last_applied(metadata, secret, warnings),
            dropped_hosts: dropped_hosts(metadata, secret, &config.hosts()),
            ..apply(config, guard, before(metadata, &desired.field_manager))
        };
    match seen {
        ObservedSecret::NotAsked => SecretStep::Preview,
        ObservedSecret::Absent => {
            // A version that cannot match: should somebody make the Secret meanwhile, it is a conflict, not a silent
            // overwrite of hosts that --merge promises to keep.
            let guard = secret.merge.then(|| Preconditions {
                uid: None,
                resource_version: "1".to_owned(),
            });
            SecretStep::Apply(apply(&secret.config, guard, PriorState::Absent))
        }
        ObservedSecret::FromDryRun(metadata) => {
            let before = PriorState::Present {
                resource_version: metadata.resource_version.clone().unwrap_or_default(),
                last_applied_at: None,
            };
            SecretStep::Apply(SecretApply {
                drop_last_applied: removes_last_applied(&metadata, secret, warnings),
                ..apply(&secret.config, None, before)
            })
        }
        ObservedSecret::Metadata(metadata) => match being_deleted(&metadata, secret) {
            Some(error) => SecretStep::Fail(error),
            None => SecretStep::Apply(over(&metadata, &secret.config, None)),
        },
        ObservedSecret::Full(stored) => {
            let merged = match merged(secret, &stored) {
                Ok(merged) => merged,
                Err(error) => return SecretStep::Fail(error),
            };
            let config = merged.as_ref().unwrap_or(&secret.config);
            let metadata = &stored.metadata;
            let guard = Preconditions {
                uid: metadata.uid.clone(),
                resource_version: metadata.resource_version.clone().unwrap_or_default(),
            };
            if secret.recreate && replacement::requires_recreate(&stored, config) {
                return match replacement::api_error(secret, &stored, &desired.field_manager) {
                    Some(error) => SecretStep::Fail(error),
                    None => SecretStep::Replace {
                        guard,
                        apply: SecretApply {
                            dropped_hosts: dropped_hosts(metadata, secret, &config.hosts()),
                            ..apply(config, None, PriorState::Absent)
                        },
                    },
                };
            }
            if let Some(error) = being_deleted(metadata, secret) {
                return SecretStep::Fail(error);
            }
            let guard = secret.merge.then_some(guard);
            SecretStep::Apply(over(metadata, config, guard))
        }
    }
}

/// With `--merge`, our config with the stored one's other hosts after it.
fn merged(
    secret: &DesiredSecret,
    stored: &StoredSecret,
) -> Result<Option<DockerConfig>, ObjectError> {
    let existing = stored.data.get(pull_secret::KEY).filter(|_| secret.merge);
    existing
        .map(|existing| secret.config.merge(existing))
        .transpose()
        .map_err(|_| {
            ObjectErrorKind::InvalidDockerConfig {
                name: secret.name.to_string(),
            }
            .into()
        })
}

/// A Secret on its way out takes writes, and takes them with it.
fn being_deleted(metadata: &ObjectMeta, secret: &DesiredSecret) -> Option<ObjectError> {
    metadata.deletion_timestamp.as_ref()?;
    let finalizers = metadata.finalizers.iter().flatten();
    let trouble = ObjectErrorKind::StillDeleting {
        name: secret.name.to_string(),
        finalizers: finalizers
            .map(|it| escape_control(it).into_owned())
            .collect(),
    };
    Some(trouble.into())
}

/// The warning of hosts that the apply takes out of the Secret.
fn dropped_hosts(
    metadata: &ObjectMeta,
    secret: &DesiredSecret,
    hosts: &[String],
) -> Option<String> {
    let gone: Vec<&str> = annotation(metadata, pull_secret::REGISTRIES)?
        .split(',')
        .filter(|host| !host.is_empty() && !hosts.iter().any(|kept| kept == host))
        .collect();
    let advice = if secret.merge {
        ""
    } else {
        "; --merge keeps other hosts"
    };
    (!gone.is_empty()).then(|| {
        format!(
            "secret {:?} no longer holds a credential for {}{advice}",
            secret.name.as_str(),
            escape_control(&gone.join(", "))
        )
    })
}

/// Whether the copy of a key that `kubectl apply` leaves is to be removed; where it is not, warns of it.
fn removes_last_applied(
    metadata: &ObjectMeta,
    secret: &DesiredSecret,
    warnings: &mut Vec<String>,
) -> bool {
    let copied = annotation(metadata, pull_secret::LAST_APPLIED).is_some();
    if copied && !secret.force_conflicts {
        warnings.push(format!(
            "secret {:?} keeps a copy of a key in an annotation that kubectl apply left; remove it with: kubectl annotate secret {} -n {} {}-",
            secret.name.as_str(),
            secret.name,
            metadata.namespace.as_deref().map(escape_control).unwrap_or_default(),
            pull_secret::LAST_APPLIED
        ));
    }
    copied && secret.force_conflicts
}

fn annotation<'a>(metadata: &'a ObjectMeta, key: &str) -> Option<&'a String> {
    metadata.annotations.as_ref()?.get(key)
}

fn before(metadata: &ObjectMeta, field_manager: &str) -> PriorState {
    PriorState::Present {
        resource_version: metadata.resource_version.clone().unwrap_or_default(),
        last_applied_at: last_applied_at(metadata, field_manager),
    }
}

/// When `field_manager` last changed the object by an apply; the server keeps the time when an apply changes nothing.
pub(crate) fn last_applied_at(
    metadata: &ObjectMeta,
    field_manager: &str,
) -> Option<jiff::Timestamp> {
    metadata
        .managed_fields
        .iter()
        .flatten()
        .find(|entry| applies(entry) && manager(entry) == field_manager)
        .and_then(|entry| entry.time.as_ref())
        .map(|time| time.0)
}

pub(super) fn applies(entry: &ManagedFieldsEntry) -> bool {
    entry.operation.as_deref() == Some("Apply") && entry.subresource.is_none()
}

pub(super) fn manager(entry: &ManagedFieldsEntry) -> &str {
    entry.manager.as_deref().unwrap_or_default()
}

/// Managers that stand for a person at a keyboard (kubectl's own defaults).
const INTERACTIVE_MANAGERS: [&str; 4] = [
    "kubectl-create",
    "kubectl-client-side-apply",
    "kubectl-edit",
    "kubectl-patch",
];

/// Says what an apply's refusal means for the Secret.
pub(crate) fn classify_apply_error(error: RequestError, secret: &DesiredSecret) -> ObjectError {
    let name = secret.name.to_string();
    let recreate = (!secret.recreate).then_some(Hint::Recreate);
    let Some(api_error) = error.api_error() else {
        return error.into();
    };
    let conflicts = api_error.manager_conflicts();
    if conflicts.iter().any(|(_, field)| field == ".type")
        || (api_error.is_invalid() && api_error.names_field("type"))
    {
        return ObjectError {
            kind: ObjectErrorKind::WrongType { name },
            hint: recreate,
        };
    }
    if api_error.is_invalid() && api_error.names_field("data") {
        return ObjectError {
            kind: ObjectErrorKind::Immutable { name },
            hint: recreate,
        };
    }
    if !conflicts.is_empty() {
        let stranger = conflicts
            .iter()
            .find(|(manager, _)| !INTERACTIVE_MANAGERS.contains(&manager.as_str()));
        let hint = stranger.map_or(Hint::ForceConflicts, |(manager, _)| {
            Hint::ManagedElsewhere(manager.clone())
        });
        return ObjectError {
            kind: ObjectErrorKind::FieldConflict { name, conflicts },
            hint: Some(hint),
        };
    }
    error.into()
}
