//! Observes the Secret.
//!
//! Reads metadata only, unless `--merge` or `--recreate` needs the complete Secret.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::domain::pull_secret::PullSecret;
use crate::kubernetes::secrets::{ApplyOptions, StoredSecret, metadata};
use crate::kubernetes::{ApiError, RequestError};
use crate::request::{Desired, DesiredSecret, DryRun};
use crate::target::Target;

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
}

pub(super) async fn observe(
    target: &Target,
    desired: &Desired,
    secret: &DesiredSecret,
    listed: Option<Option<ObjectMeta>>,
) -> Result<ObservedSecret, RequestError> {
    if desired.dry_run == DryRun::Client {
        return Ok(ObservedSecret::NotRead);
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
    if cluster.can_read_secrets() {
        match cluster.read_secret_metadata(namespace, &secret.name).await {
            Ok(metadata) => {
                return Ok(metadata.map_or(ObservedSecret::Absent, |metadata| {
                    ObservedSecret::Metadata(Box::new(metadata))
                }));
            }
            Err(error) if error.api_error().is_some_and(ApiError::is_forbidden) => {}
            Err(error) => return Err(error),
        }
    }
    observe_by_dry_run(target, desired, secret).await
}

/// Observes the Secret without the permission to read it: by a server dry run of the same apply.
async fn observe_by_dry_run(
    target: &Target,
    desired: &Desired,
    secret: &DesiredSecret,
) -> Result<ObservedSecret, RequestError> {
    let body = secret
        .body
        .get(|| PullSecret::new(&secret.name, &secret.credential, &secret.config).apply_body(None));
    let options = ApplyOptions {
        field_manager: &desired.field_manager,
        force: secret.force_conflicts,
        dry_run: true,
        return_object: false,
    };
    let response = target
        .cluster
        .apply_secret(&target.namespace, &secret.name, body, &options, None)
        .await?;
    if response.status == http::StatusCode::CREATED {
        return Ok(ObservedSecret::Absent);
    }
    Ok(ObservedSecret::FromDryRun(Box::new(metadata(&response)?)))
}
