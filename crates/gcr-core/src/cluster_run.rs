//! The targets of one cluster: which they are, what lists show of them, and all of them driven side by side.
//!
//! One namespace is the fleet of one. Namespaces are listed beside the work, so that their number is known early; of those
//! that wait only the names are held.

mod namespace_lister;
mod storage_order;

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::{self, Stream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use crate::domain::names::Namespace;
use crate::event::Event;
use crate::kubernetes::ClusterClient;
use crate::ledger::Ledger;
use crate::observe::{ListCache, TargetSnapshot};
use crate::reconcile::{TargetPermit, expected_objects, reconcile};
use crate::request::{Desired, DryRun, NamespaceMatch};
use crate::target::{Target, TargetName};
use namespace_lister::NamespaceLister;
use storage_order::in_storage_order;

/// Targets that are driven side by side: more than there can be requests in flight, since some wait for their next try.
const MAX_ACTIVE: usize = 64;
/// Targets that wait for what is not there yet, beside them.
const MAX_PENDING: usize = 1_000;
/// More namespaces than this are looked at by lists of the whole cluster, however large it is.
const LIST_THRESHOLD: usize = 50;

/// The namespaces of one cluster that a run is about.
#[derive(Debug)]
pub enum NamespaceSelection<'a> {
    /// These, each once.
    Explicit(Vec<Namespace>),
    /// Those that are there and match.
    Selector(&'a NamespaceMatch),
}

/// One cluster's share of a run.
pub struct ClusterRun<'a> {
    /// The cluster.
    pub cluster: Arc<ClusterClient>,
    /// What every namespace should hold.
    pub desired: &'a Desired,
    /// The books.
    pub ledger: &'a Ledger,
}

impl ClusterRun<'_> {
    /// Writes down what is named, so that it counts whatever happens before it is begun.
    pub async fn begin(&self, selection: &NamespaceSelection<'_>) {
        match selection {
            NamespaceSelection::Explicit(names) => self.register(names).await,
            NamespaceSelection::Selector(_) => {
                self.ledger.begin_listing(self.cluster.context().cloned());
            }
        }
    }

    /// Gets the credential ready, where the server will be asked anything.
    pub async fn authenticate(&self, selection: &NamespaceSelection<'_>) {
        // A Secret's manifest alone asks nobody.
        let asks = self.desired.dry_run != DryRun::Client || self.desired.accounts.is_some();
        let logs_in = match selection {
            NamespaceSelection::Explicit(names) => asks && !names.is_empty(),
            NamespaceSelection::Selector(_) => true,
        };
        if logs_in {
            self.cluster.authenticate().await;
        }
    }

    /// Drives every target that is selection to its end.
    pub async fn reconcile(&self, selection: NamespaceSelection<'_>) {
        self.authenticate(&selection).await;
        // Not before: a user may have thought about a password for a while.
        let deadline = Instant::now() + self.desired.timeout;
        match selection {
            NamespaceSelection::Explicit(names) => self.reconcile_explicit(names, deadline).await,
            NamespaceSelection::Selector(what) => self.reconcile_selected(what, deadline).await,
        }
    }

    async fn reconcile_explicit(&self, mut names: Vec<Namespace>, deadline: Instant) {
        if names.len() > LIST_THRESHOLD {
            names.sort();
            let names = in_storage_order(stream::iter(names));
            let targets = self.targets(names, Some(self.list_cache()), true);
            self.reconcile_all(targets, deadline).await;
        } else {
            let targets = self.targets(stream::iter(names), None, true);
            self.reconcile_all(targets, deadline).await;
        }
    }

    async fn reconcile_selected(&self, what: &NamespaceMatch, deadline: Instant) {
        let mut lister = NamespaceLister::begin(&self.cluster, self.ledger, what);
        // A page may be left out whole: nothing else is looked at for its sake.
        let first = loop {
            match lister.next().await {
                Some(names) if names.is_empty() => {}
                Some(names) => break names,
                None => return lister.end().await,
            }
        };
        let many = !lister.is_over() || first.len() > LIST_THRESHOLD;
        let (found, mut names) = mpsc::unbounded_channel();
        let listing = async {
            let mut page = Some(first);
            while let Some(names) = page {
                self.register(&names).await;
                for name in names {
                    // The other end listens until this one is dropped.
                    let _ = found.send(name);
                }
                page = lister.next().await;
            }
            drop(found);
            lister.end().await;
        };
        let names = stream::poll_fn(move |context| names.poll_recv(context));
        let reconciling = async {
            if many {
                let names = in_storage_order(names);
                let targets = self.targets(names, Some(self.list_cache()), false);
                self.reconcile_all(targets, deadline).await;
            } else {
                let targets = self.targets(names, None, false);
                self.reconcile_all(targets, deadline).await;
            }
        };
        futures_util::join!(listing, reconciling);
    }

    fn list_cache(&self) -> ListCache {
        ListCache::open(&self.cluster, self.desired)
    }

    /// Writes down that these are selection, before anything of them is begun.
    async fn register(&self, names: &[Namespace]) {
        if names.is_empty() {
            return;
        }
        for name in names {
            self.ledger
                .register_target(TargetName::new(&self.cluster, name));
        }
        let objects = names.len() * expected_objects(self.desired).len();
        let event = Event::TotalIncreased {
            context: self.cluster.context().cloned(),
            objects: objects as u64,
        };
        self.cluster.emit(event).await;
    }

    /// The targets as their names come, each with what `list_cache` shows of it.
    fn targets(
        &self,
        names: impl Stream<Item = Namespace>,
        list_cache: Option<ListCache>,
        named: bool,
    ) -> impl Stream<Item = (Target, TargetSnapshot)> {
        let state = (Box::pin(names), list_cache, Arc::clone(&self.cluster));
        stream::unfold(
            state,
            move |(mut names, mut list_cache, cluster)| async move {
                let namespace = names.next().await?;
                let snapshot = match &mut list_cache {
                    Some(list_cache) => list_cache.snapshot(&namespace).await,
                    None => TargetSnapshot::default(),
                };
                let target = Target {
                    cluster: Arc::clone(&cluster),
                    namespace,
                    named,
                };
                Some(((target, snapshot), (names, list_cache, cluster)))
            },
        )
    }

    async fn reconcile_all(
        &self,
        targets: impl Stream<Item = (Target, TargetSnapshot)>,
        deadline: Instant,
    ) {
        let permits = Arc::new(Semaphore::new(MAX_ACTIVE));
        targets
            .then(|(target, snapshot)| {
                let permits = Arc::clone(&permits);
                async move { (target, TargetPermit::acquire(&permits).await, snapshot) }
            })
            .for_each_concurrent(
                MAX_ACTIVE + MAX_PENDING,
                |(target, permit, snapshot)| async move {
                    reconcile(
                        &target,
                        permit,
                        snapshot,
                        self.desired,
                        deadline,
                        self.ledger,
                    )
                    .await;
                },
            )
            .await;
    }
}
