//! Ends a rotation: removes the annotation that names the previous keys. The digest does not cover it, so that the patch needs
//! no credential.

use http::StatusCode;

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
    let is_outdated = |error: &RequestError| {
        let codes = [StatusCode::UNPROCESSABLE_ENTITY, StatusCode::NOT_FOUND];
        error
            .api_error()
            .is_some_and(|it| it.is_conflict() || codes.contains(&it.code))
    };
    match removed.await {
        Err(error) if is_outdated(&error) => Ok(()),
        other => other.map(|_| ()),
    }
}
