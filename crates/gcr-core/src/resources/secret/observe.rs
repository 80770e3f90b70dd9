//! Observes the Secret.
//!
//! Reads metadata only, unless `--merge` or `--recreate` needs the complete Secret.

use http::StatusCode;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::super::namespace_target::NamespaceTarget;
use crate::domain::pull_secret::PullSecret;
use crate::kubernetes::RequestError;
use crate::kubernetes::object::metadata;
use crate::kubernetes::secrets::{ApplyOptions, StoredSecret};
use crate::request::{DesiredSecret, DryRun, ExecutionOptions};

/// The Secret as observed.
#[derive(Debug)]
pub enum ObservedSecret {
    /// Not read: a client dry run.
    NotRead,
    /// It does not exist.
    Absent,
    /// It exists; its metadata was read.
    Metadata(Box<ObjectMeta>),
    /// It exists; it was read completely.
    Full(Box<StoredSecret>),
    /// It may not be read. Contains the metadata that a server dry run of the same apply returned: the stored
    /// resourceVersion, and the annotations after the apply.
    FromDryRun(Box<ObjectMeta>),
    /// It may not be read, and the server refuses dry runs: only the response to the write tells more.
    Unreadable,
}

impl ObservedSecret {
    /// Returns the metadata, if it was read.
    pub(super) fn metadata(&self) -> Option<&ObjectMeta> {
        match self {
            Self::Metadata(metadata) | Self::FromDryRun(metadata) => Some(metadata),
            Self::Full(stored) => Some(&stored.metadata),
            Self::NotRead | Self::Absent | Self::Unreadable => None,
        }
    }

    /// Returns whether the Secret was read, so that its absence is known.
    pub(super) fn was_read(&self) -> bool {
        !matches!(self, Self::NotRead | Self::Unreadable)
    }
}

pub(super) async fn observe(
    target: &NamespaceTarget,
    execution: &ExecutionOptions,
    secret: &DesiredSecret,
    listed: Option<Option<ObjectMeta>>,
) -> Result<ObservedSecret, RequestError> {
    if execution.dry_run == DryRun::Client {
        // The effect of a rotation depends on the key in the Secret, which a list has shown.
        return Ok(
            match listed.flatten().filter(|_| secret.replaces.is_some()) {
                Some(metadata) => ObservedSecret::Metadata(Box::new(metadata)),
                None => ObservedSecret::NotRead,
            },
        );
    }
    let (cluster, namespace) = (&target.cluster, &target.namespace);
    // The list may be outdated. It still distinguishes created from configured, but must not cause a deletion or an error.
    let listed = listed.filter(|_| !secret.recreate).filter(|observed| {
        let is_terminating = |metadata: &ObjectMeta| metadata.deletion_timestamp.is_some();
        !observed.as_ref().is_some_and(is_terminating)
    });
    if let Some(None) = listed {
        return Ok(ObservedSecret::Absent);
    }
    if secret.merge || secret.recreate {
        let stored = cluster.read_secret(namespace, &secret.name).await?;
        return Ok(stored.map_or(ObservedSecret::Absent, |stored| {
            ObservedSecret::Full(Box::new(stored))
        }));
    }
    if let Some(Some(metadata)) = listed {
        return Ok(ObservedSecret::Metadata(Box::new(metadata)));
    }
    if target.access.can_read_secrets() || secret.replaces.is_some() {
        match cluster.read_secret_metadata(namespace, &secret.name).await {
            Ok(metadata) => {
                return Ok(metadata.map_or(ObservedSecret::Absent, |metadata| {
                    ObservedSecret::Metadata(Box::new(metadata))
                }));
            }
            Err(error) => {
                target.access.note_secret_error(&error);
                // A dry run shows the Secret after the apply, not the key that it carries.
                if target.access.can_read_secrets() || secret.replaces.is_some() {
                    return Err(error);
                }
            }
        }
    }
    observe_by_dry_run(target, execution, secret).await
}

/// Observes the Secret without the permission to read it: by a server dry run of the same apply.
async fn observe_by_dry_run(
    target: &NamespaceTarget,
    execution: &ExecutionOptions,
    secret: &DesiredSecret,
) -> Result<ObservedSecret, RequestError> {
    let body = secret
        .cached
        .body(|| PullSecret::new(&secret.name, &secret.credential, &secret.config));
    let options = ApplyOptions {
        field_manager: &execution.field_manager,
        force: secret.force_conflicts,
        dry_run: true,
        return_object: false,
    };
    let response = target
        .cluster
        .apply_secret(&target.namespace, &secret.name, body, &options, None)
        .await;
    let response = match response {
        Ok(response) => response,
        // Policies and webhooks may refuse dry runs only. The write itself shows whether they refuse it too.
        Err(error) if execution.dry_run == DryRun::None && refuses_dry_run(&error) => {
            return Ok(ObservedSecret::Unreadable);
        }
        Err(error) => return Err(error),
    };
    if response.status == StatusCode::CREATED {
        return Ok(ObservedSecret::Absent);
    }
    Ok(ObservedSecret::FromDryRun(Box::new(metadata(&response)?)))
}

/// Returns whether the error may concern dry runs only: a webhook that does not support them (400, apiserver
/// `admission/plugin/webhook/errors/statuserror.go`, `NewDryRunUnsupportedErr`), or a policy (403).
fn refuses_dry_run(error: &RequestError) -> bool {
    let code = error.api_error().map(|api_error| api_error.code);
    code.is_some_and(|code| matches!(code, StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN))
}
