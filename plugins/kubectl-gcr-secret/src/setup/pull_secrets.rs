//! Finds the keys that the pull Secrets of the selected namespaces carry, and reads them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use gcr_core::commands::{NamespaceSelection, SelectedCluster};
use gcr_core::domain::contained_keys::key_file;
use gcr_core::domain::names::{Namespace, SecretName};
use gcr_core::domain::namespace_filter::{NamespaceClass, NamespaceFilter};
use gcr_core::domain::pull_secret::{ACCOUNT, KEY, KEY_ID};
use gcr_core::domain::redactor::Redactor;
use gcr_core::domain::service_account_key::ServiceAccountKey;
use gcr_core::engine::{Event, EventSender};
use gcr_core::kubernetes::object::metadata_of;
use gcr_core::kubernetes::pager::{Item, List, METADATA_LIST, Pager};
use gcr_core::kubernetes::secrets::StoredSecret;
use gcr_core::kubernetes::{ApiError, ClusterClient, RequestError, namespaces, secrets};
use gcr_google::keyring::{Keyring, SecretFormat};
use gcr_google::names::ServiceAccountEmail;
use gcr_google::resources::{StoredKey, StoredKeys};
use secrecy::ExposeSecret as _;
use tokio::sync::OnceCell;

/// Above this number of namespaces, one list of the cluster replaces the reads.
const MAX_READS: usize = 50;
/// Number of concurrent reads.
const CONCURRENT_READS: usize = 16;

/// The pull Secrets of the selected namespaces.
pub(super) struct PullSecrets {
    clusters: Vec<Cluster>,
    name: SecretName,
    account: ServiceAccountEmail,
    redactor: Arc<Redactor>,
    events: EventSender,
    /// The note to print before a key is created for a cluster with GKE nodes.
    gke_note: String,
    found: OnceCell<Vec<Found>>,
    keys: OnceCell<Vec<StoredKey>>,
}

struct Cluster {
    client: Arc<ClusterClient>,
    selection: Selection,
}

enum Selection {
    Names(Vec<Namespace>),
    Matching(String, NamespaceFilter),
}

struct Found {
    cluster: usize,
    namespace: Namespace,
    key: StoredKey,
}

impl PullSecrets {
    pub(super) fn new(
        clusters: &[SelectedCluster<'_>],
        name: SecretName,
        account: ServiceAccountEmail,
        redactor: Arc<Redactor>,
        events: EventSender,
        gke_note: String,
    ) -> Self {
        let clusters = clusters.iter().map(|selected| Cluster {
            client: Arc::clone(&selected.cluster),
            selection: match &selected.selection {
                NamespaceSelection::Explicit(names) => Selection::Names(names.clone()),
                NamespaceSelection::Selector(selector) => Selection::Matching(
                    selector.labels.clone().unwrap_or_default(),
                    selector.filter.clone(),
                ),
            },
        });
        Self {
            clusters: clusters.collect(),
            name,
            account,
            redactor,
            events,
            gke_note,
            found: OnceCell::new(),
            keys: OnceCell::new(),
        }
    }

    /// Returns whether a cluster has GKE nodes, as far as the caller may list nodes.
    async fn has_gke_nodes(&self) -> bool {
        let mut checks = Vec::new();
        for cluster in &self.clusters {
            checks.push(cluster.has_gke_nodes());
        }
        join_all(checks).await.contains(&true)
    }

    async fn search(&self) -> Vec<Found> {
        let mut searches = Vec::new();
        for index in 0..self.clusters.len() {
            searches.push(self.search_in(index));
        }
        let (found, has_gke_nodes) = futures_util::join!(join_all(searches), self.has_gke_nodes());
        let mut all: Vec<Found> = found.into_iter().flatten().collect();
        if all.is_empty() && has_gke_nodes {
            let (line, context) = (self.gke_note.clone(), None);
            self.events.send(Event::Note { line, context }).await;
        }
        for (position, found) in all.iter_mut().enumerate() {
            found.key.position = position;
        }
        all
    }

    async fn search_in(&self, cluster: usize) -> Vec<Found> {
        // A cluster that cannot be read has an error of its own later, or its Secrets get a new key.
        let found = self.clusters[cluster].annotations(&self.name).await;
        let mut keys = Vec::new();
        for (namespace, annotations) in found.unwrap_or_default() {
            let value = |name: &str| annotations.get(name).map(String::as_str);
            let is_ours = value(ACCOUNT) == Some(self.account.as_str());
            let Some(Ok(id)) = value(KEY_ID).filter(|_| is_ours).map(str::parse) else {
                continue;
            };
            keys.push(Found {
                cluster,
                namespace,
                key: StoredKey { id, position: 0 },
            });
        }
        keys
    }

    async fn read_key(&self, key: &StoredKey) -> Option<ServiceAccountKey> {
        let found = self.found().await.get(key.position)?;
        let client = &self.clusters[found.cluster].client;
        let secret = client.read_secret(&found.namespace, &self.name).await;
        let secret = match secret {
            Err(error) if error.api_error().is_some_and(ApiError::is_forbidden) => {
                self.read_from_list(client, &found.namespace).await?
            }
            secret => secret.ok().flatten()?,
        };
        let file = key_in(
            secret.data.get(KEY)?,
            key.id.as_str(),
            self.account.as_str(),
        )?;
        self.redactor.add_key(&file);
        Some(file)
    }

    /// Reads a Secret from a list: a role may allow `list` alone, which includes the data.
    async fn read_from_list(
        &self,
        client: &Arc<ClusterClient>,
        namespace: &Namespace,
    ) -> Option<StoredSecret> {
        let list = List {
            namespace: Some(namespace.clone()),
            ..secrets::list_data_by_name(&self.name)
        };
        let page = Pager::new(client, list).next().await.ok()??;
        client.secret_of(page.first()?).ok()
    }

    async fn found(&self) -> &[Found] {
        self.found.get_or_init(|| self.search()).await
    }
}

impl Cluster {
    async fn has_gke_nodes(&self) -> bool {
        let list = List {
            resource: "nodes",
            labels: "cloud.google.com/gke-nodepool".to_owned(),
            accept: METADATA_LIST,
            ..List::default()
        };
        let page = Pager::new(&self.client, list).next().await;
        page.is_ok_and(|page| page.is_some_and(|nodes| !nodes.is_empty()))
    }

    /// Returns the annotations of the Secrets in the selected namespaces.
    async fn annotations(
        &self,
        name: &SecretName,
    ) -> Result<Vec<(Namespace, BTreeMap<String, String>)>, RequestError> {
        match &self.selection {
            Selection::Names(names) if names.len() <= MAX_READS => {
                let mut found = Vec::new();
                for some in names.chunks(CONCURRENT_READS) {
                    let mut reads = Vec::new();
                    for namespace in some {
                        reads.push(self.read_annotations(namespace, name));
                    }
                    found.extend(join_all(reads).await.into_iter().flatten());
                }
                Ok(found)
            }
            Selection::Names(names) => {
                let selected: HashSet<&Namespace> = names.iter().collect();
                let listed = self.list(name).await?;
                let listed = listed.into_iter();
                Ok(listed
                    .filter(|(namespace, _)| selected.contains(namespace))
                    .collect())
            }
            Selection::Matching(labels, filter) => {
                let labelled: Option<HashSet<String>> = if labels.is_empty() {
                    None
                } else {
                    let list = namespaces::matching(labels);
                    let items = Pager::new(&self.client, list).all().await?;
                    Some(items.into_iter().map(|item| item.name).collect())
                };
                let mut listed = self.list(name).await?;
                listed.retain(|(namespace, _)| {
                    let is_labelled = labelled.as_ref();
                    filter.classify(namespace) == NamespaceClass::Included
                        && is_labelled.is_none_or(|names| names.contains(namespace.as_str()))
                });
                Ok(listed)
            }
        }
    }

    async fn read_annotations(
        &self,
        namespace: &Namespace,
        name: &SecretName,
    ) -> Option<(Namespace, BTreeMap<String, String>)> {
        let metadata = self.client.read_secret_metadata(namespace, name).await;
        let annotations = metadata.ok().flatten()?.annotations?;
        Some((namespace.clone(), annotations))
    }

    async fn list(
        &self,
        name: &SecretName,
    ) -> Result<Vec<(Namespace, BTreeMap<String, String>)>, RequestError> {
        let items = Pager::new(&self.client, secrets::list_by_name(name)).all();
        let read = |item: Item| {
            let annotations = metadata_of(&item).ok()?.annotations?;
            Some((item.namespace.parse().ok()?, annotations))
        };
        Ok(items.await?.into_iter().filter_map(read).collect())
    }
}

impl StoredKeys for PullSecrets {
    fn list(&self) -> BoxFuture<'_, &[StoredKey]> {
        async {
            let found = self.found().await;
            let keys = || found.iter().map(|it| it.key.clone()).collect();
            self.keys.get_or_init(async || keys()).await.as_slice()
        }
        .boxed()
    }

    fn read<'a>(&'a self, key: &'a StoredKey) -> BoxFuture<'a, Option<ServiceAccountKey>> {
        self.read_key(key).boxed()
    }
}

/// Returns the file of a key in a Docker config.
pub(crate) fn key_in(config: &[u8], id: &str, account: &str) -> Option<ServiceAccountKey> {
    let keyring = Keyring::new([(SecretFormat::DockerConfigJson, config)]).ok()?;
    keyring.entries().iter().find_map(|entry| {
        let password = entry.login.password.expose_secret();
        let file = key_file(&entry.login.username, password)?;
        let is_named = file.private_key_id() == Some(id) && file.client_email() == account;
        is_named.then_some(file)
    })
}
