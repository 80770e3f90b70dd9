//! Plans the Secret: apply it, replace it, or report why neither is possible.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};

use super::{SecretApply, SecretStep, replacement};
use crate::domain::docker_config::DockerConfig;
use crate::domain::pull_secret::{self, Preconditions, PullSecret};
use crate::kubernetes::RequestError;
use crate::kubernetes::secrets::StoredSecret;
use crate::object_error::{Hint, ObjectError, ObjectErrorKind};
use crate::observe::ObservedSecret;
use crate::request::{Desired, DesiredSecret};
use crate::target_state::{PriorState, TargetState};
use kube_clientcmd::escape_control::escape_control;

pub(super) fn plan(
    desired: &Desired,
    secret: &DesiredSecret,
    observed: Result<ObservedSecret, RequestError>,
    state: &TargetState,
    warnings: &mut Vec<String>,
) -> SecretStep {
    let observed = match observed {
        Ok(observed) => observed,
        Err(error) => return SecretStep::Fail(classify_apply_error(error, secret)),
    };
    let body = |config: &DockerConfig, preconditions: Option<&Preconditions>| {
        PullSecret::new(&secret.name, &secret.credential, config).apply_body(preconditions)
    };
    let apply = |config: &DockerConfig,
                 preconditions: Option<Preconditions>,
                 prior_state: PriorState| SecretApply {
        // Without preconditions and merged entries, the body is the same in every namespace.
        body: if preconditions.is_none() && std::ptr::eq(config, &secret.config) {
            secret.body.get(|| body(config, None))
        } else {
            body(config, preconditions.as_ref())
        },
        force: secret.force_conflicts,
        prior_state: state.unconfirmed_secret.clone().unwrap_or(prior_state),
        may_have_applied: state.unconfirmed_secret.is_some(),
        drop_last_applied: false,
        dropped_hosts: None,
        has_preconditions: preconditions.is_some(),
    };
    // An apply to an existing Secret may remove an annotation and hosts.
    let mut apply_to_existing =
        |metadata: &ObjectMeta, config: &DockerConfig, preconditions: Option<Preconditions>| {
            SecretApply {
                drop_last_applied: removes_last_applied(metadata, secret, warnings),
                dropped_hosts: dropped_hosts(metadata, secret, &config.hosts()),
                ..apply(
                    config,
                    preconditions,
                    prior_state(metadata, &desired.field_manager),
                )
            }
        };
    match observed {
        ObservedSecret::NotRead => SecretStep::Preview,
        ObservedSecret::Absent => {
            // This resourceVersion never matches: if another client has created the Secret by then, the apply is
            // a conflict and does not overwrite hosts that --merge must keep.
            let preconditions = secret.merge.then(|| Preconditions {
                uid: None,
                resource_version: "1".to_owned(),
            });
            SecretStep::Apply(apply(&secret.config, preconditions, PriorState::Absent))
        }
        ObservedSecret::FromDryRun(metadata) => {
            let prior_state = PriorState::Present {
                resource_version: metadata.resource_version.clone().unwrap_or_default(),
                last_applied_at: None,
            };
            SecretStep::Apply(SecretApply {
                drop_last_applied: removes_last_applied(&metadata, secret, warnings),
                ..apply(&secret.config, None, prior_state)
            })
        }
        ObservedSecret::Metadata(metadata) => match terminating_error(&metadata, secret) {
            Some(error) => SecretStep::Fail(error),
            None => SecretStep::Apply(apply_to_existing(&metadata, &secret.config, None)),
        },
        ObservedSecret::Full(stored) => {
            let merged = match merged(secret, &stored) {
                Ok(merged) => merged,
                Err(error) => return SecretStep::Fail(error),
            };
            let config = merged.as_ref().unwrap_or(&secret.config);
            let metadata = &stored.metadata;
            let preconditions = Preconditions {
                uid: metadata.uid.clone(),
                resource_version: metadata.resource_version.clone().unwrap_or_default(),
            };
            if secret.recreate && replacement::requires_recreate(&stored, config) {
                return match replacement::recreate_error(secret, &stored, &desired.field_manager) {
                    Some(error) => SecretStep::Fail(error),
                    None => SecretStep::Replace {
                        preconditions,
                        apply: SecretApply {
                            dropped_hosts: dropped_hosts(metadata, secret, &config.hosts()),
                            ..apply(config, None, PriorState::Absent)
                        },
                    },
                };
            }
            if let Some(error) = terminating_error(metadata, secret) {
                return SecretStep::Fail(error);
            }
            let preconditions = secret.merge.then_some(preconditions);
            SecretStep::Apply(apply_to_existing(metadata, config, preconditions))
        }
    }
}

/// Returns our config merged with the stored one, or `None` without `--merge` or without a stored config.
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

/// Returns the error for a Secret that is being deleted: the server accepts writes to it, but they vanish with it.
fn terminating_error(metadata: &ObjectMeta, secret: &DesiredSecret) -> Option<ObjectError> {
    metadata.deletion_timestamp.as_ref()?;
    let finalizers = metadata.finalizers.iter().flatten();
    let error = ObjectErrorKind::StillDeleting {
        name: secret.name.to_string(),
        finalizers: finalizers
            .map(|finalizer| escape_control(finalizer).into_owned())
            .collect(),
    };
    Some(error.into())
}

/// Returns the warning about hosts that the apply removes from the Secret.
fn dropped_hosts(
    metadata: &ObjectMeta,
    secret: &DesiredSecret,
    hosts: &[String],
) -> Option<String> {
    let dropped: Vec<&str> = annotation(metadata, pull_secret::REGISTRIES)?
        .split(',')
        .filter(|host| !host.is_empty() && !hosts.iter().any(|kept| kept == host))
        .collect();
    let advice = if secret.merge {
        ""
    } else {
        "; --merge keeps other hosts"
    };
    (!dropped.is_empty()).then(|| {
        format!(
            "secret {:?} no longer holds a credential for {}{advice}",
            secret.name.as_str(),
            escape_control(&dropped.join(", "))
        )
    })
}

/// Returns whether to remove the annotation in which `kubectl apply` keeps an earlier key. Adds a warning if the
/// annotation exists and stays.
fn removes_last_applied(
    metadata: &ObjectMeta,
    secret: &DesiredSecret,
    warnings: &mut Vec<String>,
) -> bool {
    let has_copy = annotation(metadata, pull_secret::LAST_APPLIED).is_some();
    if has_copy && !secret.force_conflicts {
        warnings.push(format!(
            "secret {:?} keeps a copy of a key in an annotation that kubectl apply left; remove it with: kubectl annotate secret {} -n {} {}-",
            secret.name.as_str(),
            secret.name,
            metadata.namespace.as_deref().map(escape_control).unwrap_or_default(),
            pull_secret::LAST_APPLIED
        ));
    }
    has_copy && secret.force_conflicts
}

fn annotation<'a>(metadata: &'a ObjectMeta, key: &str) -> Option<&'a String> {
    metadata.annotations.as_ref()?.get(key)
}

fn prior_state(metadata: &ObjectMeta, field_manager: &str) -> PriorState {
    PriorState::Present {
        resource_version: metadata.resource_version.clone().unwrap_or_default(),
        last_applied_at: last_applied_at(metadata, field_manager),
    }
}

/// Returns when `field_manager` last changed the object by an apply. An apply without changes keeps the time.
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

/// Converts the error of an apply: recognizes a wrong type, an immutable Secret, and field conflicts.
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
        let hint = Hint::for_conflicts(conflicts.iter().map(|(manager, _)| manager.as_str()));
        return ObjectError {
            kind: ObjectErrorKind::FieldConflict { name, conflicts },
            hint: Some(hint),
        };
    }
    error.into()
}
