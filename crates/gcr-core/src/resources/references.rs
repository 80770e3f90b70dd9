//! Finds the ServiceAccounts and Pods that reference Secrets, for one namespace or, merged with another list, for all.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::listing::Listing;
use crate::domain::names::Namespace;
use crate::kubernetes::pager::{Item, List, Pager};
use crate::kubernetes::pods::{self, PodReferences};
use crate::kubernetes::service_accounts::{self, StoredAccount};
use crate::kubernetes::{ApiError, ClusterClient, RequestError};

/// The names of the objects that reference each Secret, by the Secret's name.
pub type Names = BTreeMap<String, Vec<String>>;

/// The references in one namespace; `None` where they cannot be read.
#[derive(Debug, Default)]
pub struct NamespaceReferences {
    /// The ServiceAccounts by Secret.
    pub accounts: Option<Names>,
    /// The Pods by Secret.
    pub pods: Option<Names>,
}

/// Reads references namespace by namespace.
pub struct References {
    accounts: Source,
    pods: Option<Source>,
    /// The references of the namespace that was asked for last.
    last: Option<(Namespace, Arc<NamespaceReferences>)>,
}

impl References {
    /// Returns the references of a single namespace. Sends nothing yet.
    pub fn in_namespace(cluster: &Arc<ClusterClient>, with_pods: bool) -> Self {
        Self::new(cluster, with_pods, |_| None)
    }

    /// Starts to list the references of the whole cluster.
    pub fn in_cluster(cluster: &Arc<ClusterClient>, with_pods: bool) -> Self {
        Self::new(cluster, with_pods, |list| {
            Some(Listing::begin(Pager::new(cluster, list)))
        })
    }

    fn new(
        cluster: &Arc<ClusterClient>,
        with_pods: bool,
        listing: impl Fn(List) -> Option<Listing>,
    ) -> Self {
        let source = |list: fn(Option<&Namespace>) -> List, read: ReadNames| Source {
            cluster: Arc::clone(cluster),
            listing: listing(list(None)),
            list,
            read,
            is_forbidden: false,
        };
        Self {
            accounts: source(service_accounts::list, secrets_of_account),
            pods: with_pods.then(|| source(pods::list, secrets_of_pod)),
            last: None,
        }
    }

    /// Returns the references in a namespace, and the errors of the lists that cannot be read, each with its resource. Callers
    /// must ask for namespaces in the order of [`cmp_storage_key`](crate::kubernetes::pager::cmp_storage_key), and may ask for one
    /// repeatedly. After a 403 for a namespace, the list is not read again.
    pub async fn of(
        &mut self,
        namespace: &Namespace,
    ) -> (Arc<NamespaceReferences>, Vec<(&'static str, RequestError)>) {
        if let Some((last, references)) = &self.last
            && last == namespace
        {
            return (Arc::clone(references), Vec::new());
        }
        let mut errors = Vec::new();
        let mut known = |resource, result: Result<Option<Names>, RequestError>| {
            result.unwrap_or_else(|error| {
                errors.push((resource, error));
                None
            })
        };
        let accounts = known("serviceaccounts", self.accounts.names(namespace).await);
        let pods = match &mut self.pods {
            Some(pods) => known("pods", pods.names(namespace).await),
            None => None,
        };
        let references = Arc::new(NamespaceReferences { accounts, pods });
        self.last = Some((namespace.clone(), Arc::clone(&references)));
        (references, errors)
    }
}

/// Returns the Secrets that an object references.
type ReadNames = fn(&Item) -> Result<Vec<String>, RequestError>;

/// The objects of one kind that reference Secrets.
struct Source {
    cluster: Arc<ClusterClient>,
    /// The list of the whole cluster, unless only single namespaces are read.
    listing: Option<Listing>,
    /// Returns the list of a namespace.
    list: fn(Option<&Namespace>) -> List,
    read: ReadNames,
    /// Whether the list of a namespace was forbidden.
    is_forbidden: bool,
}

impl Source {
    async fn names(&mut self, namespace: &Namespace) -> Result<Option<Names>, RequestError> {
        if let Some(listing) = &mut self.listing {
            if let Some(items) = listing.items_of(namespace, &self.cluster).await {
                return self.read(&items).map(Some);
            }
            // The rest of the namespaces is read one by one.
            self.listing = None;
        }
        if self.is_forbidden {
            return Ok(None);
        }
        let list = (self.list)(Some(namespace));
        match Pager::new(&self.cluster, list).all().await {
            Ok(items) => self.read(&items).map(Some),
            Err(error) => {
                self.is_forbidden = error.api_error().is_some_and(ApiError::is_forbidden);
                Err(error)
            }
        }
    }

    fn read(&self, items: &[Item]) -> Result<Names, RequestError> {
        let mut names = Names::new();
        for item in items {
            for secret in (self.read)(item)? {
                let referrers = names.entry(secret).or_default();
                if referrers.last() != Some(&item.name) {
                    referrers.push(item.name.clone());
                }
            }
        }
        Ok(names)
    }
}

fn secrets_of_account(item: &Item) -> Result<Vec<String>, RequestError> {
    let account = StoredAccount::read(item)?;
    let entries = account.image_pull_secrets().iter();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.get("name")?.as_str().map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}

fn secrets_of_pod(item: &Item) -> Result<Vec<String>, RequestError> {
    let pod = PodReferences::read(item)?;
    Ok(if pod.has_ended {
        Vec::new()
    } else {
        pod.secrets
    })
}
