//! Decides the next step of the Secret: apply it, replace it, or report why neither is possible. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::super::managed_fields::last_applied_at;
use super::super::resource_error::{self, ResourceError, ResourceErrorKind};
use super::action::{PriorState, SecretAction, SecretApply};
use super::content::has_content;
use super::observe::ObservedSecret;
use super::recreate;
use super::replacement::{Replacement, replacement};
use crate::domain::docker_config::DockerConfig;
use crate::domain::field_manager;
use crate::domain::pull_secret::{self, Preconditions, PullSecret};
use crate::engine::{Decision, Finished, Hint, Outcome};
use crate::kubernetes::RequestError;
use crate::kubernetes::secrets::StoredSecret;
use crate::request::{DesiredSecret, ExecutionOptions};
use crate::safety::Safety;
use kube_clientcmd::escape_control::escape_control;

pub(crate) fn decide(
    execution: &ExecutionOptions,
    secret: &DesiredSecret,
    observed: ObservedSecret,
    unconfirmed: Option<&PriorState>,
    warnings: &mut Vec<String>,
) -> Decision<SecretAction, ResourceError> {
    let mut previous = String::new();
    if let Some(keys) = secret.replaces.as_ref().filter(|_| observed.was_read()) {
        match replacement(secret, keys, &observed, unconfirmed.is_some()) {
            Replacement::Write(ids) => previous = ids,
            Replacement::Leave(outcome) => {
                return Decision::Finish(Finished::success(outcome, None));
            }
            Replacement::Gone => {
                return Decision::Skip(Some(format!(
                    "secret/{} skipped: deleted meanwhile",
                    secret.name
                )));
            }
        }
    }
    let is_as_observed = secret.only_as_observed || secret.replaces.is_some();
    let is_bound = secret.merge || is_as_observed;
    let build = |config: &DockerConfig| {
        PullSecret::new(&secret.name, &secret.credential, config).with_previous_key(&previous)
    };
    let apply = |config: &DockerConfig,
                 preconditions: Option<Preconditions>,
                 prior_state: PriorState| SecretApply {
        // Without preconditions and merged entries, the body is the same in every namespace.
        body: if preconditions.is_none() && std::ptr::eq(config, &secret.config) {
            secret.cached.body(|| build(config))
        } else {
            build(config).apply_body(preconditions.as_ref())
        },
        force: secret.force_conflicts,
        prior_state: unconfirmed.cloned().unwrap_or(prior_state),
        may_have_applied: unconfirmed.is_some(),
        drop_last_applied: false,
        dropped_hosts: None,
        has_preconditions: preconditions.is_some(),
    };
    // An apply to an existing Secret may remove an annotation and hosts, and take it over from a Helm release.
    let mut apply_to_existing =
        |metadata: &ObjectMeta, config: &DockerConfig, preconditions: Option<Preconditions>| {
            warnings.extend(helm_warning(metadata, secret));
            SecretApply {
                drop_last_applied: removes_last_applied(metadata, secret, warnings),
                dropped_hosts: dropped_hosts(metadata, secret, &config.hosts()),
                ..apply(
                    config,
                    preconditions,
                    prior_state(metadata, &execution.field_manager),
                )
            }
        };
    match observed {
        ObservedSecret::NotRead => Decision::Act(SecretAction::Print, Safety::Idempotent),
        ObservedSecret::Absent => {
            // This resourceVersion never matches: if another client has created the Secret by then, the apply is
            // a conflict and does not overwrite hosts that --merge must keep.
            let preconditions = secret.merge.then(|| Preconditions {
                uid: None,
                resource_version: "1".to_owned(),
            });
            act(apply(&secret.config, preconditions, PriorState::Absent))
        }
        ObservedSecret::Unreadable => act(apply(&secret.config, None, PriorState::Unknown)),
        ObservedSecret::FromDryRun(metadata) => {
            let prior_state = PriorState::Present {
                resource_version: metadata.resource_version.clone().unwrap_or_default(),
                last_applied_at: None,
            };
            act(SecretApply {
                drop_last_applied: removes_last_applied(&metadata, secret, warnings),
                ..apply(&secret.config, None, prior_state)
            })
        }
        ObservedSecret::Metadata(metadata) => {
            if let Some(error) = terminating_error(&metadata, secret) {
                return Decision::Fail(error);
            }
            let preconditions = is_as_observed.then(|| preconditions(&metadata));
            let apply = apply_to_existing(&metadata, &secret.config, preconditions);
            let annotations = secret.cached.annotations(|| build(&secret.config));
            // After a lost response the outcome must be found, and an object to print must be read.
            let needs_response = unconfirmed.is_some() || execution.return_objects;
            if !needs_response
                && !apply.drop_last_applied
                && has_content(&metadata, annotations, &execution.field_manager)
            {
                return Decision::Finish(Finished::success(Outcome::Unchanged, None));
            }
            act(apply)
        }
        ObservedSecret::Full(stored) => {
            let merged = match merged(secret, &stored) {
                Ok(merged) => merged,
                Err(error) => return Decision::Fail(error),
            };
            let config = merged.as_ref().unwrap_or(&secret.config);
            let metadata = &stored.metadata;
            let preconditions = preconditions(metadata);
            if secret.recreate && recreate::requires_recreate(&stored, config) {
                let error = recreate::recreate_error(secret, &stored, &execution.field_manager);
                if let Some(error) = error {
                    return Decision::Fail(error);
                }
                warnings.extend(helm_warning(metadata, secret));
                let apply = SecretApply {
                    dropped_hosts: dropped_hosts(metadata, secret, &config.hosts()),
                    ..apply(config, None, PriorState::Absent)
                };
                let replace = SecretAction::Replace {
                    preconditions,
                    apply,
                };
                return Decision::Act(replace, Safety::Preconditioned);
            }
            if let Some(error) = terminating_error(metadata, secret) {
                return Decision::Fail(error);
            }
            let preconditions = is_bound.then_some(preconditions);
            act(apply_to_existing(metadata, config, preconditions))
        }
    }
}

fn act(apply: SecretApply) -> Decision<SecretAction, ResourceError> {
    let safety = if apply.has_preconditions {
        Safety::Preconditioned
    } else {
        Safety::Idempotent
    };
    Decision::Act(SecretAction::Apply(apply), safety)
}

/// Returns the preconditions for a write of the Secret as it was read.
fn preconditions(metadata: &ObjectMeta) -> Preconditions {
    Preconditions {
        uid: metadata.uid.clone(),
        resource_version: metadata.resource_version.clone().unwrap_or_default(),
    }
}

/// Returns our config merged with the stored one, or `None` without `--merge` or without a stored config.
fn merged(
    secret: &DesiredSecret,
    stored: &StoredSecret,
) -> Result<Option<DockerConfig>, ResourceError> {
    let existing = stored.data.get(pull_secret::KEY).filter(|_| secret.merge);
    existing
        .map(|existing| secret.config.merge(existing))
        .transpose()
        .map_err(|_| {
            ResourceErrorKind::InvalidDockerConfig {
                name: secret.name.to_string(),
            }
            .into()
        })
}

/// Returns the error for a Secret that is being deleted: the server accepts writes to it, but they vanish with it.
pub(super) fn terminating_error(
    metadata: &ObjectMeta,
    secret: &DesiredSecret,
) -> Option<ResourceError> {
    metadata.deletion_timestamp.as_ref()?;
    Some(ResourceError::still_deleting(&secret.name, metadata))
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

/// Returns the warning about a Secret of a Helm release that `--force-conflicts` takes over.
fn helm_warning(metadata: &ObjectMeta, secret: &DesiredSecret) -> Option<String> {
    if !secret.force_conflicts {
        return None;
    }
    let (labels, annotations) = (metadata.labels.as_ref(), metadata.annotations.as_ref());
    field_manager::helm_warning(secret.name.as_str(), labels, annotations)
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

/// Converts the error of an apply: recognizes a wrong type, an immutable Secret, and field conflicts.
pub(super) fn classify_apply_error(error: RequestError, secret: &DesiredSecret) -> ResourceError {
    let name = secret.name.to_string();
    let recreate = (!secret.recreate).then_some(Hint::new(resource_error::RECREATE));
    let Some(api_error) = error.api_error() else {
        return error.into();
    };
    let conflicts = api_error.manager_conflicts();
    if conflicts.iter().any(|(_, field)| field == ".type")
        || (api_error.is_invalid() && api_error.names_field("type"))
    {
        return ResourceError {
            kind: ResourceErrorKind::WrongType { name },
            hint: recreate,
        };
    }
    if api_error.is_invalid() && api_error.names_field("data") {
        return ResourceError {
            kind: ResourceErrorKind::Immutable { name },
            hint: recreate,
        };
    }
    if !conflicts.is_empty() {
        let managers = conflicts.iter().map(|(manager, _)| manager.as_str());
        let hint = resource_error::for_conflicts(managers);
        return ResourceError {
            kind: ResourceErrorKind::FieldConflict { name, conflicts },
            hint: Some(hint),
        };
    }
    error.into()
}
