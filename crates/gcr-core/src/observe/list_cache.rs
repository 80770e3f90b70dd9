//! Looks at many namespaces of a cluster by lists: Secrets' metadata by name, and the ServiceAccounts, page by page beside
//! the work, in the server's order. A page of each is held, and the next one on its way.
//!
//! Says only what a list has shown. Where a list is refused, breaks off, does not come or is out of order, nothing is known
//! from there on and each namespace is read by itself.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::TargetSnapshot;
use crate::domain::names::{Namespace, SecretName};
use crate::kubernetes::pager::{Item, Pager, cmp_storage_key};
use crate::kubernetes::service_accounts::{self, StoredAccount};
use crate::kubernetes::{ApiError, ClusterClient, RequestError, secrets};
use crate::request::{AccountChange, AccountSelection, Desired, DryRun};

/// The lists of one cluster, being read.
pub struct ListCache {
    cluster: Arc<ClusterClient>,
    secrets: Vec<(SecretName, Listing)>,
    accounts: Option<Listing>,
}

impl ListCache {
    /// Begins to read what `desired` is about.
    pub fn open(cluster: &Arc<ClusterClient>, desired: &Desired) -> Self {
        let secrets = secrets_of(desired)
            .into_iter()
            .map(|name| {
                let list = secrets::named(&name);
                (name, Listing::begin(Pager::new(cluster, list)))
            })
            .collect();
        let accounts = desired.accounts.as_ref().map(|accounts| {
            let mut list = service_accounts::accounts();
            match &accounts.selection {
                AccountSelection::Names(names) => {
                    // A field selector knows no "or": of several names all accounts are listed.
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
            secrets,
            accounts,
        }
    }

    /// What is known of a namespace. To be asked in the order of [`cmp_storage_key`].
    pub async fn snapshot(&mut self, namespace: &Namespace) -> TargetSnapshot {
        let mut snapshot = TargetSnapshot::default();
        for (name, listing) in &mut self.secrets {
            let Some(items) = listing.of(namespace, &self.cluster).await else {
                continue;
            };
            let metadata = match items.first().map(secrets::metadata_of).transpose() {
                Ok(metadata) => metadata,
                Err(_) => continue,
            };
            snapshot.secrets.insert(name.clone(), metadata);
        }
        if let Some(listing) = &mut self.accounts {
            let items = listing.of(namespace, &self.cluster).await;
            let read = items.map(|items| items.iter().map(StoredAccount::read).collect());
            snapshot.accounts = read.and_then(|accounts: Result<_, _>| accounts.ok());
            if listing.take_forbidden() {
                self.cluster.list_accounts_by_name(true);
            }
        }
        snapshot
    }
}

/// The Secrets whose being there makes a difference.
fn secrets_of(desired: &Desired) -> Vec<SecretName> {
    match (&desired.secret, &desired.accounts) {
        (Some(_), _) if desired.dry_run == DryRun::Client => Vec::new(),
        (Some(secret), _) => vec![secret.name.clone()],
        (None, Some(accounts)) => match &accounts.change {
            AccountChange::Attach(names) => names.clone(),
            AccountChange::Detach(_) => Vec::new(),
        },
        (None, None) => Vec::new(),
    }
}

/// A page and the list it is of.
type Read = (Pager, Result<Option<Vec<Item>>, RequestError>);

/// How long a server may answer nothing at all while a page is waited for: a list is a short cut, and must not hold up what
/// can be read without it. Longer than five tries of 2 s take, and shorter than the silence after which the server is given
/// up ([`crate::kubernetes::retry`]).
const LIST_TIMEOUT: Duration = Duration::from_secs(26);
/// How often that is looked at.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// One list, read a page ahead.
struct Listing {
    /// Ended with it: a list that nobody waits for is not read on.
    ahead: JoinSet<Read>,
    items: VecDeque<Item>,
    last: Option<(String, String)>,
    /// The namespace that was asked for last.
    asked: Option<String>,
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
            ahead: JoinSet::new(),
            items: VecDeque::new(),
            last: None,
            asked: None,
            state: ListState::Open,
        };
        listing.read_on(pages);
        listing
    }

    fn read_on(&mut self, mut pages: Pager) {
        self.ahead.spawn(async move {
            let page = pages.next().await;
            (pages, page)
        });
    }

    /// Whether the list is forbidden; said once.
    fn take_forbidden(&mut self) -> bool {
        let refused = self.state == ListState::Forbidden;
        if refused {
            self.state = ListState::Broken;
        }
        refused
    }

    /// The items of a namespace, or `None` where the list cannot say. What is of namespaces before it is let go.
    async fn of(&mut self, namespace: &Namespace, cluster: &ClusterClient) -> Option<Vec<Item>> {
        let namespace = namespace.as_str();
        let before = self.asked.replace(namespace.to_owned());
        // Of one that comes too late its items are gone already.
        if before.is_some_and(|before| cmp_storage_key(&(namespace, ""), &(&before, "")).is_le()) {
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
            match tokio::time::timeout(POLL_INTERVAL, self.ahead.join_next()).await {
                Ok(page) => break page,
                Err(_) if cluster.unresponsive_for() < LIST_TIMEOUT => {}
                Err(_) => break None,
            }
        };
        let Some(Ok((pages, page))) = page else {
            self.state = ListState::Broken;
            self.ahead.abort_all();
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
                    self.read_on(pages);
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

    /// Whether the items go on from the last page in the order that all lists are joined by.
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
