//! Ends a rotation: removes the annotation that names the previous keys. The digest does not cover it, so that the patch needs
//! no credential.

use http::StatusCode;

use crate::domain::names::{Namespace, SecretName};
use crate::domain::pull_secret::PREVIOUS_KEY_ID;
use crate::kubernetes::secrets::ApplyOptions;
use crate::kubernetes::{ClusterClient, RequestError};

/// Removes the annotation from the Secret with this `uid`. A Secret that was deleted or replaced meanwhile is no error.
///
/// # Errors
/// As [`ClusterClient::send`].
pub async fn remove_previous_key(
    cluster: &ClusterClient,
    namespace: &Namespace,
    name: &SecretName,
    uid: &str,
    field_manager: &str,
) -> Result<(), RequestError> {
    let options = ApplyOptions {
        field_manager,
        force: false,
        dry_run: false,
        return_object: false,
    };
    let removed =
        cluster.remove_secret_annotation(namespace, name, uid, PREVIOUS_KEY_ID, &options, None);
    match removed.await {
        Err(error)
            if error
                .api_error()
                .is_some_and(|it| it.is_conflict() || it.code == StatusCode::NOT_FOUND) =>
        {
            Ok(())
        }
        other => other.map(|_| ()),
    }
}
