//! Reads one list of a whole cluster namespace by namespace, one page ahead, to merge it with other lists in storage order.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::domain::names::Namespace;
use crate::kubernetes::pager::{Item, Pager, cmp_storage_key};
use crate::kubernetes::{ApiError, ClusterClient, RequestError};

/// A page and the pager to continue with.
type ReadPage = (Pager, Result<Option<Vec<Item>>, RequestError>);

/// Maximum time without any response from the server while waiting for a page: a list is an optimization and must not
/// delay reads. Longer than five attempts with `--request-timeout=2s` take, and shorter than
/// [`UNRESPONSIVE_TIMEOUT`](crate::kubernetes::retry::UNRESPONSIVE_TIMEOUT).
const LIST_TIMEOUT: Duration = Duration::from_secs(26);
/// Interval of the check for it.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// One list, read one page ahead.
pub(super) struct Listing {
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
    /// Starts reading the list.
    pub(super) fn begin(pages: Pager) -> Self {
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
    pub(super) fn take_forbidden(&mut self) -> bool {
        let is_forbidden = self.state == ListState::Forbidden;
        if is_forbidden {
            self.state = ListState::Broken;
        }
        is_forbidden
    }

    /// Returns the items of a namespace, or `None` if the list does not cover it. Drops the items of earlier
    /// namespaces.
    pub(super) async fn items_of(
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
