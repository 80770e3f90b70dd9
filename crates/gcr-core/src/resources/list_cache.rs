//! Observes many namespaces of a cluster by lists: the metadata of Secrets with one name, and the ServiceAccounts.
//!
//! Reads the lists page by page in storage order, concurrently with the work, one page ahead. If a list is forbidden,
//! fails, times out or is not in order, the remaining namespaces are read one by one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::namespace_target::ReadAccess;
use super::target_snapshot::TargetSnapshot;
use crate::domain::names::{Namespace, SecretName};
use crate::kubernetes::object::metadata_of;
use crate::kubernetes::pager::{Item, Pager, cmp_storage_key};
use crate::kubernetes::service_accounts::{self, StoredAccount};
use crate::kubernetes::{ApiError, ClusterClient, RequestError, secrets};
use crate::request::AccountSelection;

/// The lists that a command reads for many namespaces.
#[derive(Debug, Default)]
pub struct Lists {
    /// The names of Secrets: one list of metadata for each.
    pub secrets: Vec<SecretName>,
    /// The ServiceAccounts, if the command needs any.
    pub accounts: Option<AccountSelection>,
}

/// The lists of one cluster.
pub struct ListCache {
    cluster: Arc<ClusterClient>,
    access: Arc<ReadAccess>,
    secrets: Vec<(SecretName, Listing)>,
    accounts: Option<Listing>,
}

impl ListCache {
    /// Starts reading the lists.
    pub fn open(cluster: &Arc<ClusterClient>, access: &Arc<ReadAccess>, lists: &Lists) -> Self {
        let secrets = lists.secrets.iter().map(|name| {
            let list = secrets::list_by_name(name);
            (name.clone(), Listing::begin(Pager::new(cluster, list)))
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
            accounts,
        }
    }

    /// Returns the listed objects of a namespace. Callers must ask for namespaces in the order of [`cmp_storage_key`].
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

/// A page and the pager to continue with.
type ReadPage = (Pager, Result<Option<Vec<Item>>, RequestError>);

/// Maximum time without any response from the server while waiting for a page: a list is an optimization and must not
/// delay reads. Longer than five attempts with `--request-timeout=2s` take, and shorter than
/// [`UNRESPONSIVE_TIMEOUT`](crate::kubernetes::retry::UNRESPONSIVE_TIMEOUT).
const LIST_TIMEOUT: Duration = Duration::from_secs(26);
/// Interval of the check for it.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// One list, read one page ahead.
struct Listing {
    /// The task that reads the next page. Dropping the listing cancels it.
    next_page: JoinSet<ReadPage>,
    items: VecDeque<Item>,
    /// Namespace and name of the last item.
    last: Option<(String, String)>,
    /// The last namespace passed to [`Listing::items_of`].
    requested: Option<String>,
    state: ListState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListState {
    Open,
    Full,
    Broken,
    Forbidden,
}

impl Listing {
    fn begin(pages: Pager) -> Self {
        let mut listing = Self {
            next_page: JoinSet::new(),
            items: VecDeque::new(),
            last: None,
            requested: None,
            state: ListState::Open,
        };
        listing.read_next(pages);
        listing
    }

    fn read_next(&mut self, mut pages: Pager) {
        self.next_page.spawn(async move {
            let page = pages.next().await;
            (pages, page)
        });
    }

    /// Returns whether the list is forbidden, at most once.
    fn take_forbidden(&mut self) -> bool {
        let is_forbidden = self.state == ListState::Forbidden;
        if is_forbidden {
            self.state = ListState::Broken;
        }
        is_forbidden
    }

    /// Returns the items of a namespace, or `None` if the list does not cover it. Drops the items of earlier
    /// namespaces.
    async fn items_of(
        &mut self,
        namespace: &Namespace,
        cluster: &ClusterClient,
    ) -> Option<Vec<Item>> {
        let namespace = namespace.as_str();
        let previous = self.requested.replace(namespace.to_owned());
        // The items of a namespace out of order have been dropped already.
        if previous
            .is_some_and(|previous| cmp_storage_key(&(namespace, ""), &(&previous, "")).is_le())
        {
            return None;
        }
        let mut found = Vec::new();
        loop {
            while let Some(item) = self.items.pop_front() {
                if item.namespace == namespace {
                    found.push(item);
                } else if cmp_storage_key(&(&item.namespace, ""), &(namespace, "")).is_gt() {
                    self.items.push_front(item);
                    return Some(found);
                }
            }
            match self.state {
                ListState::Open => self.take_page(cluster).await,
                ListState::Full => return Some(found),
                ListState::Broken | ListState::Forbidden => return None,
            }
        }
    }

    async fn take_page(&mut self, cluster: &ClusterClient) {
        let page = loop {
            match tokio::time::timeout(POLL_INTERVAL, self.next_page.join_next()).await {
                Ok(page) => break page,
                Err(_) if cluster.unresponsive_for() < LIST_TIMEOUT => {}
                Err(_) => break None,
            }
        };
        let Some(Ok((pages, page))) = page else {
            self.state = ListState::Broken;
            self.next_page.abort_all();
            return;
        };
        match page {
            Ok(Some(items)) => {
                self.state = if self.is_in_order(&items) {
                    ListState::Open
                } else {
                    ListState::Broken
                };
                self.items.extend(items);
                if self.state == ListState::Open {
                    self.read_next(pages);
                }
            }
            Ok(None) => self.state = ListState::Full,
            Err(error) if error.api_error().is_some_and(ApiError::is_forbidden) => {
                self.state = ListState::Forbidden;
            }
            Err(_) => self.state = ListState::Broken,
        }
        if self.state == ListState::Broken {
            self.items.clear();
        }
    }

    /// Returns whether the items continue the last page in storage order, on which joining the lists relies.
    fn is_in_order(&mut self, items: &[Item]) -> bool {
        for item in items {
            let key = (item.namespace.as_str(), item.name.as_str());
            if let Some((namespace, name)) = &self.last
                && cmp_storage_key(&key, &(namespace, name)).is_le()
            {
                return false;
            }
            self.last = Some((item.namespace.clone(), item.name.clone()));
        }
        true
    }
}
