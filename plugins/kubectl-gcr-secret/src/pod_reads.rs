//! Reads pods from lists: one of the cluster, or one per namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use gcr_core::domain::names::Namespace;
use gcr_core::kubernetes::api_request::JSON;
use gcr_core::kubernetes::pager::{Item, List, Pager};
use gcr_core::kubernetes::{ApiError, ClusterClient, RequestError};
use serde::Deserialize;

/// The images of the pods of each namespace.
pub(crate) type PodImages = BTreeMap<Namespace, BTreeSet<String>>;

/// Above this number of namespaces, one list of the cluster replaces a read per namespace.
pub(crate) const LIST_THRESHOLD: usize = 20;
/// Number of concurrent lists.
const LISTS: usize = 16;

#[derive(Deserialize, Default)]
#[serde(default)]
struct PodImagesOnly {
    spec: Spec,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    containers: Vec<Container>,
    init_containers: Vec<Container>,
    ephemeral_containers: Vec<Container>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Container {
    image: String,
}

/// Reads a list of a core resource in these namespaces, page by page, and calls `take` with each item: one list of the
/// cluster for many namespaces, otherwise one per namespace.
///
/// # Errors
/// The first error of a list.
pub(crate) async fn for_each(
    cluster: &Arc<ClusterClient>,
    namespaces: &[Namespace],
    list: &List,
    mut take: impl FnMut(Namespace, Item),
) -> Result<(), RequestError> {
    let wanted: BTreeSet<&Namespace> = namespaces.iter().collect();
    if namespaces.len() > LIST_THRESHOLD {
        let mut pages = Pager::new(cluster, list.clone());
        loop {
            match pages.next().await {
                Ok(None) => return Ok(()),
                Ok(Some(items)) => {
                    for item in items {
                        let namespace: Result<Namespace, _> = item.namespace.parse();
                        if let Ok(namespace) = namespace
                            && wanted.contains(&namespace)
                        {
                            take(namespace, item);
                        }
                    }
                }
                // Roles may allow the lists of single namespaces only.
                Err(error) if error.api_error().is_some_and(ApiError::is_forbidden) => break,
                Err(error) => return Err(error),
            }
        }
    }
    let lists = stream::iter(namespaces.to_vec()).map(|namespace| async move {
        let list = List {
            namespace: Some(namespace.clone()),
            ..list.clone()
        };
        let items = Pager::new(cluster, list).all().await;
        (namespace, items)
    });
    let mut lists = lists.buffered(LISTS);
    while let Some((namespace, items)) = lists.next().await {
        for item in items? {
            take(namespace.clone(), item);
        }
    }
    Ok(())
}

/// Returns the images of the pods in these namespaces.
///
/// # Errors
/// The first error of a list.
pub(crate) async fn images_by_namespace(
    cluster: &Arc<ClusterClient>,
    namespaces: &[Namespace],
) -> Result<PodImages, RequestError> {
    let list = List {
        resource: "pods",
        accept: JSON,
        ..List::default()
    };
    let mut images = PodImages::new();
    for_each(cluster, namespaces, &list, |namespace, item| {
        let pod: PodImagesOnly = serde_json::from_str(item.json.get()).unwrap_or_default();
        let found = images.entry(namespace).or_default();
        let spec = pod.spec;
        let containers = spec.containers.into_iter().chain(spec.init_containers);
        let containers = containers.chain(spec.ephemeral_containers);
        found.extend(containers.map(|container| container.image));
    })
    .await?;
    Ok(images)
}
