//! Observes many namespaces of a cluster by lists: the metadata of Secrets with one name, and the ServiceAccounts.
//!
//! Reads the lists page by page in storage order, concurrently with the work, one page ahead. If a list is forbidden,
//! fails, times out or is not in order, the remaining namespaces are read one by one.

use std::sync::Arc;

use super::listing::Listing;
use super::namespace_target::ReadAccess;
use super::target_snapshot::TargetSnapshot;
use crate::domain::names::{Namespace, SecretName};
use crate::kubernetes::object::metadata_of;
use crate::kubernetes::pager::Pager;
use crate::kubernetes::service_accounts::{self, StoredAccount};
use crate::kubernetes::{ClusterClient, secrets};
use crate::request::AccountSelection;

/// The lists that a command reads for many namespaces.
#[derive(Debug, Default)]
pub struct Lists {
    /// The names of Secrets: one list of metadata for each.
    pub secrets: Vec<SecretName>,
    /// Whether the command needs the metadata of all Secrets of this plugin.
    pub managed_secrets: bool,
    /// The ServiceAccounts, if the command needs any.
    pub accounts: Option<AccountSelection>,
}

/// The lists of one cluster.
pub struct ListCache {
    cluster: Arc<ClusterClient>,
    access: Arc<ReadAccess>,
    secrets: Vec<(SecretName, Listing)>,
    managed_secrets: Option<Listing>,
    accounts: Option<Listing>,
}

impl ListCache {
    /// Starts reading the lists.
    pub fn open(cluster: &Arc<ClusterClient>, access: &Arc<ReadAccess>, lists: &Lists) -> Self {
        let secrets = lists.secrets.iter().map(|name| {
            let list = secrets::list_by_name(name);
            (name.clone(), Listing::begin(Pager::new(cluster, list)))
        });
        let managed_secrets = lists.managed_secrets.then(|| {
            let list = secrets::list_managed(None, "");
            Listing::begin(Pager::new(cluster, list))
        });
        let accounts = lists.accounts.as_ref().map(|selection| {
            let mut list = service_accounts::list_all();
            match selection {
                AccountSelection::Names(names) => {
                    // A field selector has no "or": for several names, all accounts are listed.
                    if let [name] = names.as_slice() {
                        list.fields = format!("metadata.name={name}");
                    }
                }
                AccountSelection::All => {}
                AccountSelection::Labels(labels) => list.labels.clone_from(labels),
            }
            Listing::begin(Pager::new(cluster, list))
        });
        Self {
            cluster: Arc::clone(cluster),
            access: Arc::clone(access),
            secrets: secrets.collect(),
            managed_secrets,
            accounts,
        }
    }

    /// Returns the listed objects of a namespace. Callers must ask for namespaces in the order of
    /// [`cmp_storage_key`](crate::kubernetes::pager::cmp_storage_key).
    pub async fn snapshot(&mut self, namespace: &Namespace) -> TargetSnapshot {
        let mut snapshot = TargetSnapshot::default();
        for (name, listing) in &mut self.secrets {
            let Some(items) = listing.items_of(namespace, &self.cluster).await else {
                continue;
            };
            let metadata = match items.first().map(metadata_of).transpose() {
                Ok(metadata) => metadata,
                Err(_) => continue,
            };
            snapshot.secrets.insert(name.clone(), metadata);
        }
        if let Some(listing) = &mut self.managed_secrets {
            let items = listing.items_of(namespace, &self.cluster).await;
            let read = items.map(|items| items.iter().map(metadata_of).collect());
            snapshot.managed_secrets = read.and_then(|secrets: Result<_, _>| secrets.ok());
        }
        if let Some(listing) = &mut self.accounts {
            let items = listing.items_of(namespace, &self.cluster).await;
            let read = items.map(|items| items.iter().map(StoredAccount::read).collect());
            snapshot.accounts = read.and_then(|accounts: Result<_, _>| accounts.ok());
            if listing.take_forbidden() {
                self.access.list_accounts_by_name(true);
            }
        }
        snapshot
    }
}
