//! Reads Secrets with their data: for few namespaces one by one, for many from one list per name.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use gcr_core::domain::names::{Namespace, SecretName};
use gcr_core::kubernetes::pager::Pager;
use gcr_core::kubernetes::secrets::{StoredSecret, list_data_by_name};
use gcr_core::kubernetes::{ApiError, ClusterClient, RequestError};

use crate::pod_reads::LIST_THRESHOLD;

/// Number of concurrent reads; the limiter of the client may allow fewer.
const READS: usize = 32;

/// The location of a Secret, and the response of the server: `None` if it does not exist.
pub(crate) type Read = (
    Namespace,
    SecretName,
    Result<Option<StoredSecret>, RequestError>,
);

/// Reads these Secrets. Holds one page of a list at a time. A forbidden list is replaced by single reads.
pub(crate) fn read_secrets(
    cluster: &Arc<ClusterClient>,
    wanted: Vec<(Namespace, SecretName)>,
) -> BoxStream<'_, Read> {
    let mut by_name: std::collections::BTreeMap<SecretName, Vec<Namespace>> = Default::default();
    for (namespace, name) in wanted {
        by_name.entry(name).or_default().push(namespace);
    }
    let groups = stream::iter(by_name);
    let reads = groups.flat_map(move |(name, namespaces)| {
        if namespaces.len() > LIST_THRESHOLD {
            listed(cluster, name, namespaces)
        } else {
            one_by_one(cluster, name, namespaces)
        }
    });
    reads.boxed()
}

fn one_by_one(
    cluster: &Arc<ClusterClient>,
    name: SecretName,
    namespaces: Vec<Namespace>,
) -> BoxStream<'_, Read> {
    let reads = stream::iter(namespaces).map(move |namespace| {
        let name = name.clone();
        async move {
            let read = cluster.read_secret(&namespace, &name).await;
            (namespace, name, read)
        }
    });
    reads.buffered(READS).boxed()
}

/// The state of a list that is being read.
struct Listing {
    pages: Pager,
    name: SecretName,
    /// The namespaces whose Secret was not found yet.
    open: BTreeSet<Namespace>,
    is_over: bool,
}

fn listed(
    cluster: &Arc<ClusterClient>,
    name: SecretName,
    namespaces: Vec<Namespace>,
) -> BoxStream<'_, Read> {
    let listing = Listing {
        pages: Pager::new(cluster, list_data_by_name(&name)),
        name,
        open: namespaces.into_iter().collect(),
        is_over: false,
    };
    let pages = stream::unfold(listing, move |mut listing| async move {
        if listing.is_over {
            return None;
        }
        let found: Vec<Read> = match listing.pages.next().await {
            Ok(Some(items)) => {
                let reads = items.iter().filter_map(|item| {
                    let namespace: Namespace = item.namespace.parse().ok()?;
                    let is_wanted = listing.open.remove(&namespace);
                    let read = || cluster.secret_of(item).map(Some);
                    is_wanted.then(|| (namespace, listing.name.clone(), read()))
                });
                reads.collect()
            }
            Ok(None) => {
                listing.is_over = true;
                let missing = std::mem::take(&mut listing.open).into_iter();
                let missing = missing.map(|namespace| (namespace, listing.name.clone(), Ok(None)));
                missing.collect()
            }
            Err(error) => {
                listing.is_over = true;
                let open: Vec<_> = std::mem::take(&mut listing.open).into_iter().collect();
                let is_forbidden = error.api_error().is_some_and(ApiError::is_forbidden);
                if is_forbidden {
                    let single = one_by_one(cluster, listing.name.clone(), open);
                    return Some((single, listing));
                }
                let first = open.into_iter().next();
                let failed = first.map(|namespace| (namespace, listing.name.clone(), Err(error)));
                failed.into_iter().collect()
            }
        };
        Some((stream::iter(found).boxed(), listing))
    });
    pages.flatten().boxed()
}
