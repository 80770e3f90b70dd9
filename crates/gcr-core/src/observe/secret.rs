//! What is known of the Secret before it is written.
//!
//! Its metadata is enough for most runs; the whole is read only where `--merge` or `--recreate` need it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::domain::pull_secret::PullSecret;
use crate::kubernetes::secrets::{ApplyOptions, StoredSecret, metadata};
use crate::kubernetes::{ApiError, RequestError};
use crate::request::{Desired, DesiredSecret, DryRun};
use crate::target::Target;

/// The Secret as it was seen.
#[derive(Debug)]
pub enum ObservedSecret {
    /// Nobody was asked: a client dry run.
    NotAsked,
    /// It is not there.
    Absent,
    /// It is there.
    Metadata(Box<ObjectMeta>),
    /// It is there, and was read whole.
    Full(Box<StoredSecret>),
    /// It may not be read. What a server dry run of the very same apply answered: the version that is stored, and the
    /// annotations as they would be afterwards.
    FromDryRun(Box<ObjectMeta>),
}

pub(super) async fn observe(
    target: &Target,
    desired: &Desired,
    secret: &DesiredSecret,
    listed: Option<Option<ObjectMeta>>,
) -> Result<ObservedSecret, RequestError> {
    if desired.dry_run == DryRun::Client {
        return Ok(ObservedSecret::NotAsked);
    }
    let (cluster, namespace) = (&target.cluster, &target.namespace);
    // What a list showed some time ago is enough for the word of an apply, and not for a deletion or an error.
    let listed = listed.filter(|_| !secret.recreate).filter(|seen| {
        let leaving = |metadata: &ObjectMeta| metadata.deletion_timestamp.is_some();
        !seen.as_ref().is_some_and(leaving)
    });
    if let Some(None) = listed {
        return Ok(ObservedSecret::Absent);
    }
    if secret.merge || secret.recreate {
        let whole = cluster.read_secret(namespace, &secret.name).await?;
        return Ok(whole.map_or(ObservedSecret::Absent, |whole| {
            ObservedSecret::Full(Box::new(whole))
        }));
    }
    if let Some(Some(metadata)) = listed {
        return Ok(ObservedSecret::Metadata(Box::new(metadata)));
    }
    if cluster.can_read_secrets() {
        match cluster.read_secret_metadata(namespace, &secret.name).await {
            Ok(seen) => {
                return Ok(seen.map_or(ObservedSecret::Absent, |seen| {
                    ObservedSecret::Metadata(Box::new(seen))
                }));
            }
            Err(error) if error.api_error().is_some_and(ApiError::is_forbidden) => {}
            Err(error) => return Err(error),
        }
    }
    try_out(target, desired, secret).await
}

/// Where nothing may be read, a server dry run of the very same apply says what is stored.
async fn try_out(
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
        whole: false,
    };
    let reply = target
        .cluster
        .apply_secret(&target.namespace, &secret.name, body, &options, None)
        .await?;
    if reply.status == http::StatusCode::CREATED {
        return Ok(ObservedSecret::Absent);
    }
    Ok(ObservedSecret::FromDryRun(Box::new(metadata(&reply)?)))
}
