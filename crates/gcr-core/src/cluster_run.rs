//! Reconciles the selected namespaces of one cluster concurrently.
//!
//! Lists namespaces while it reconciles them, so that their number is known early. Of the namespaces that wait, keeps
//! only the names.

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

/// Number of targets that are reconciled concurrently: more than the limiter's requests in flight, since some wait to retry.
const MAX_ACTIVE: usize = 64;
/// Number of targets, in addition to the active ones, that wait for an object.
const MAX_PENDING: usize = 1_000;
/// Above this number of namespaces, objects are observed through lists of the whole cluster.
const LIST_THRESHOLD: usize = 50;

/// The namespaces of one cluster that a run selects.
#[derive(Debug)]
pub enum NamespaceSelection<'a> {
    /// Namespaces by name, without duplicates.
    Explicit(Vec<Namespace>),
    /// The existing namespaces that match.
    Selector(&'a NamespaceMatch),
}

/// The part of a run that concerns one cluster.
pub struct ClusterRun<'a> {
    /// The cluster.
    pub cluster: Arc<ClusterClient>,
    /// The desired state of each namespace.
    pub desired: &'a Desired,
    /// The ledger of the whole run.
    pub ledger: &'a Ledger,
}

impl ClusterRun<'_> {
    /// Registers the selection in the ledger, so that the summary counts it even if the run ends early.
    pub async fn begin(&self, selection: &NamespaceSelection<'_>) {
        match selection {
            NamespaceSelection::Explicit(names) => self.register(names).await,
            NamespaceSelection::Selector(_) => {
                self.ledger.begin_listing(self.cluster.context().cloned());
            }
        }
    }

    /// Obtains the credential, if the run sends any request to this cluster.
    pub async fn authenticate(&self, selection: &NamespaceSelection<'_>) {
        // A client dry run of the Secret alone needs no server.
        let sends_requests =
            self.desired.dry_run != DryRun::Client || self.desired.accounts.is_some();
        let needs_credential = match selection {
            NamespaceSelection::Explicit(names) => sends_requests && !names.is_empty(),
            NamespaceSelection::Selector(_) => true,
        };
        if needs_credential {
            self.cluster.authenticate().await;
        }
    }

    /// Reconciles every selected target.
    pub async fn reconcile(&self, selection: NamespaceSelection<'_>) {
        self.authenticate(&selection).await;
        // The time a user takes to type a password must not count.
        let deadline = Instant::now() + self.desired.timeout;
        match selection {
            NamespaceSelection::Explicit(names) => self.reconcile_explicit(names, deadline).await,
            NamespaceSelection::Selector(selector) => {
                self.reconcile_selected(selector, deadline).await
            }
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

    async fn reconcile_selected(&self, selector: &NamespaceMatch, deadline: Instant) {
        let mut lister = NamespaceLister::begin(&self.cluster, self.ledger, selector);
        // Skip pages without a match, so that a run without any match opens no other list.
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
                    // The receiver lives until this sender is dropped.
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

    /// Registers namespaces in the ledger and adds their objects to the total.
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

    /// Returns the targets in the order of `names`, each with its snapshot from `list_cache`.
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

    /// Reconciles the targets concurrently, within [`MAX_ACTIVE`] and [`MAX_PENDING`].
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
