//! Finds out which keys the Secrets carry. The metadata suffice if they prove that the annotations are true. The data of the other
//! Secrets of this plugin are read: another client may have changed the data or the annotations, and a Secret with entries of other
//! owners may contain keys that no annotation names.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use futures_util::stream;
use gcr_core::domain::contained_keys::{ContainedKey, contained_keys, contained_keys_of_dockercfg};
use gcr_core::domain::names::{Namespace, SecretName};
use gcr_core::domain::pull_secret::{ANNOTATION_PREFIX, KEY, TYPE};
use gcr_core::kubernetes::pager::{List, Pager};
use gcr_core::kubernetes::secrets::{
    StoredSecret, list_data_by_name, list_dockercfg, list_unmanaged,
};
use gcr_core::kubernetes::{ApiError, ClusterClient, RequestError};
use gcr_core::resources::pull_secret_summary::is_managed;
use gcr_core::resources::secret::describes_data;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::carrier::{Carrier, Place, place_of};

/// The key of the data of the older type for pulls (`core/v1/types.go`, `DockerConfigKey`).
const DOCKERCFG_KEY: &str = ".dockercfg";
/// Number of concurrent reads.
const CONCURRENT_READS: usize = 16;

/// The keys in Secrets whose data were read, by uid and resourceVersion, so that no version is read twice.
#[derive(Default)]
pub(super) struct KnownKeys(Mutex<HashMap<(String, String), Vec<ContainedKey>>>);

/// The carriers among the Secrets of a cluster, and the Secrets whose data could not be read.
pub(super) type Found = (Vec<Carrier>, Vec<(Place, RequestError)>);

/// Returns the carriers among the Secrets with this metadata. `field_manager` is that of this run: only its own applies prove
/// something.
pub(super) async fn carriers_among(
    cluster: usize,
    client: &Arc<ClusterClient>,
    found: Vec<ObjectMeta>,
    field_manager: &str,
    known: &KnownKeys,
) -> Found {
    let (mut carriers, mut open) = (Vec::new(), Vec::new());
    for metadata in found {
        if describes_data(&metadata, field_manager) {
            carriers.extend(Carrier::annotated(cluster, metadata, true));
        } else if is_of_this_plugin(&metadata) {
            open.push(metadata);
        }
    }
    let mut unread = Vec::new();
    let reads = stream::iter(open).map(async |metadata| {
        let place = place_of(cluster, &metadata)?;
        Some(match known.keys(client, &metadata, &place).await {
            Ok(Some((metadata, keys))) => Ok(Carrier::of_data(cluster, &metadata, &keys)),
            Ok(None) => return None,
            Err(error) => Err((place, error)),
        })
    });
    let mut reads = reads.buffered(CONCURRENT_READS);
    while let Some(read) = reads.next().await {
        match read {
            Some(Ok(found)) => carriers.extend(found),
            Some(Err(failed)) => unread.push(failed),
            None => {}
        }
    }
    (carriers, unread)
}

/// Returns the places of the Secrets of other clients in a cluster that contain one of the wanted keys. Their data are read page by
/// page: no annotation names their keys.
///
/// # Errors
/// The first error of a list.
pub(super) async fn foreign_carriers(
    cluster: usize,
    client: &Arc<ClusterClient>,
    is_wanted: impl Fn(ContainedKey) -> bool,
) -> Result<Vec<Place>, RequestError> {
    let mut places = Vec::new();
    for list in [list_unmanaged(None, ""), list_dockercfg()] {
        let mut pages = Pager::new(client, list);
        while let Some(items) = pages.next().await? {
            for item in &items {
                let secret = client.secret_of(item)?;
                // The search covers the Secrets of this plugin, also those that lost the label.
                if secret.type_ == TYPE && is_of_this_plugin(&secret.metadata) {
                    continue;
                }
                let config = secret.data.get(KEY).map(|it| contained_keys(it));
                let entries = secret.data.get(DOCKERCFG_KEY);
                let entries = entries.map(|it| contained_keys_of_dockercfg(it));
                if config.into_iter().chain(entries).flatten().any(&is_wanted) {
                    places.extend(place_of(cluster, &secret.metadata));
                }
            }
        }
    }
    Ok(places)
}

/// Returns whether the Secret is one of this plugin. Its label and some annotations may have been removed.
fn is_of_this_plugin(metadata: &ObjectMeta) -> bool {
    let mut annotations = metadata.annotations.iter().flat_map(|it| it.keys());
    is_managed(metadata) || annotations.any(|key| key.starts_with(ANNOTATION_PREFIX))
}

impl KnownKeys {
    /// Returns the keys in the data of a Secret, with the metadata of that version; `None` if it was deleted meanwhile.
    async fn keys(
        &self,
        client: &Arc<ClusterClient>,
        metadata: &ObjectMeta,
        (_, namespace, name): &Place,
    ) -> Result<Option<(ObjectMeta, Vec<ContainedKey>)>, RequestError> {
        let known = {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            version(metadata).and_then(|version| known.get(&version).cloned())
        };
        if let Some(keys) = known {
            return Ok(Some((metadata.clone(), keys)));
        }
        let Some(stored) = read(client, namespace, name).await? else {
            return Ok(None);
        };
        let config = stored.data.get(KEY);
        let keys = config.map(|config| contained_keys(config));
        let keys = keys.unwrap_or_default();
        if let Some(version) = version(&stored.metadata) {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(version, keys.clone());
        }
        Ok(Some((stored.metadata, keys)))
    }
}

fn version(metadata: &ObjectMeta) -> Option<(String, String)> {
    Some((metadata.uid.clone()?, metadata.resource_version.clone()?))
}

/// Reads a Secret. A caller that may list Secrets, but not get this one, reads it by a list of its name.
async fn read(
    client: &Arc<ClusterClient>,
    namespace: &Namespace,
    name: &SecretName,
) -> Result<Option<StoredSecret>, RequestError> {
    let refused = match client.read_secret(namespace, name).await {
        Err(error) if error.api_error().is_some_and(ApiError::is_forbidden) => error,
        result => return result,
    };
    let list = List {
        namespace: Some(namespace.clone()),
        ..list_data_by_name(name)
    };
    match Pager::new(client, list).all().await {
        Ok(items) => items.first().map(|item| client.secret_of(item)).transpose(),
        Err(_) => Err(refused),
    }
}
