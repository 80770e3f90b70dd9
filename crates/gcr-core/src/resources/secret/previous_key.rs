//! Ends a rotation: removes the annotation that names the previous keys. The digest does not cover it, so that the patch needs
//! no credential.

use http::StatusCode;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::domain::names::{Namespace, SecretName};
use crate::domain::pull_secret::PREVIOUS_KEY_ID;
use crate::kubernetes::stale_annotation::StaleAnnotation;
use crate::kubernetes::{ClusterClient, RequestError};

/// Removes the annotation from the Secret with this `uid` if it still names the keys `ids`. A Secret that was deleted or replaced
/// meanwhile, or that another rotation has written, is no error.
///
/// # Errors
/// As [`ClusterClient::send`].
pub async fn remove_previous_key(
    cluster: &ClusterClient,
    (namespace, name): (&Namespace, &SecretName),
    uid: &str,
    ids: &str,
    field_manager: &str,
) -> Result<(), RequestError> {
    let annotation = StaleAnnotation {
        name: PREVIOUS_KEY_ID,
        value: ids,
    };
    let removed = cluster.remove_stale_annotation(namespace, name, uid, annotation, field_manager);
    let Err(error) = removed.await else {
        return Ok(());
    };
    let Some(status) = error.api_error() else {
        return Err(error);
    };
    if status.is_conflict() || status.code == StatusCode::NOT_FOUND {
        return Ok(());
    }
    if status.code != StatusCode::UNPROCESSABLE_ENTITY {
        return Err(error);
    }
    // Admission control refuses a patch with the same code.
    match cluster.read_secret_metadata(namespace, name).await {
        Ok(Some(stored)) if is_as_observed(&stored, uid, ids) => Err(error),
        _ => Ok(()),
    }
}

fn is_as_observed(stored: &ObjectMeta, uid: &str, ids: &str) -> bool {
    let annotations = stored.annotations.as_ref();
    let value = annotations.and_then(|it| it.get(PREVIOUS_KEY_ID));
    stored.uid.as_deref() == Some(uid) && value.is_some_and(|it| it == ids)
}
