//! Reconciles the selected namespaces of one cluster concurrently.
//!
//! Lists namespaces while it reconciles them, so that their number is known early. Of the namespaces that wait, keeps
//! only the names.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream::{self, Stream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use super::namespace_command::NamespaceCommand;
use super::namespace_lister::NamespaceLister;
use super::resolved_clusters::NamespaceSelection;
use super::session::{SelectedCluster, show_progress};
use super::storage_order::in_storage_order;
use crate::domain::names::Namespace;
use crate::engine::RunContext;
use crate::engine::{Event, Ledger, ObjectId, TargetPermit, reconcile};
use crate::kubernetes::ClusterClient;
use crate::request::NamespaceMatch;
use crate::resources::{ListCache, NamespaceTarget, ReadAccess, TargetSnapshot};

/// Number of targets that are reconciled concurrently: more than the limiter's requests in flight, since some wait to retry.
const MAX_ACTIVE: usize = 64;
/// Number of targets, in addition to the active ones, that wait for an object.
const MAX_PENDING: usize = 1_000;
/// Above this number of namespaces, objects are observed through lists of the whole cluster.
pub(super) const LIST_THRESHOLD: usize = 50;

/// The part of a run that concerns one cluster.
pub struct ClusterRun<'a> {
    /// The cluster.
    pub cluster: Arc<ClusterClient>,
    /// What the user may read in it.
    pub access: Arc<ReadAccess>,
    /// What to do in each namespace.
    pub command: &'a dyn NamespaceCommand,
    /// The whole run. The deadline is set when the work on this cluster begins.
    pub run: RunContext,
}

/// Registers the selected namespaces in the ledger before their work can begin, so that the summary counts `objects` of each
/// as not started if it never does.
pub fn register_namespaces(
    clusters: &[SelectedCluster<'_>],
    objects: &Arc<[ObjectId]>,
    ledger: &Ledger,
) {
    for selected in clusters {
        match &selected.selection {
            NamespaceSelection::Explicit(names) => {
                for name in names {
                    let target = NamespaceTarget::name_in(&selected.cluster, name);
                    ledger.register_target(target, Arc::clone(objects));
                }
            }
            NamespaceSelection::Selector(_) => {
                ledger.begin_listing(selected.cluster.context().cloned());
            }
        }
    }
}

/// Reconciles the selected namespaces of all clusters concurrently.
pub async fn reconcile_namespaces(
    command: &dyn NamespaceCommand,
    clusters: Vec<SelectedCluster<'_>>,
    run: RunContext,
) {
    let mut cluster_runs = Vec::new();
    for selected in clusters {
        let cluster_run = ClusterRun::new(selected.cluster, command, &run);
        cluster_run.begin(&selected.selection).await;
        cluster_runs.push((cluster_run, selected.selection, selected.can_prompt));
    }
    let events = run.events;
    // Exec plugins that may prompt run first and one at a time, so that no output mixes with a prompt.
    for (cluster_run, selection, can_prompt) in &cluster_runs {
        if *can_prompt {
            cluster_run.authenticate(selection).await;
        }
    }
    let cluster_runs = cluster_runs.into_iter();
    let runs = cluster_runs.map(|(cluster_run, selection, _)| cluster_run.reconcile(selection));
    show_progress(&events, join_all(runs)).await;
}

impl<'a> ClusterRun<'a> {
    /// Returns the part of `run` that concerns `cluster`.
    pub fn new(
        cluster: Arc<ClusterClient>,
        command: &'a dyn NamespaceCommand,
        run: &RunContext,
    ) -> Self {
        Self {
            cluster,
            access: Arc::default(),
            command,
            run: run.clone(),
        }
    }

    /// Registers the selection in the ledger, so that the summary counts it even if the run ends early.
    pub async fn begin(&self, selection: &NamespaceSelection<'_>) {
        match selection {
            NamespaceSelection::Explicit(names) => self.register(names).await,
            NamespaceSelection::Selector(_) => {
                self.run
                    .ledger
                    .begin_listing(self.cluster.context().cloned());
            }
        }
    }

    /// Obtains the credential, if the run sends any request to this cluster.
    pub async fn authenticate(&self, selection: &NamespaceSelection<'_>) {
        let needs_credential = match selection {
            NamespaceSelection::Explicit(names) => {
                self.command.sends_requests() && !names.is_empty()
            }
            NamespaceSelection::Selector(_) => true,
        };
        if needs_credential {
            self.cluster.authenticate().await;
        }
    }

    /// Reconciles every selected target.
    pub async fn reconcile(mut self, selection: NamespaceSelection<'_>) {
        self.authenticate(&selection).await;
        // The time a user takes to type a password must not count.
        self.run.deadline = Instant::now() + self.command.timeout();
        match selection {
            NamespaceSelection::Explicit(names) => self.reconcile_explicit(names).await,
            NamespaceSelection::Selector(selector) => self.reconcile_selected(selector).await,
        }
    }

    async fn reconcile_explicit(&self, mut names: Vec<Namespace>) {
        if names.len() > LIST_THRESHOLD {
            names.sort();
            let names = in_storage_order(stream::iter(names));
            let targets = self.targets(names, Some(self.list_cache()), true);
            self.reconcile_all(targets).await;
        } else {
            let targets = self.targets(stream::iter(names), None, true);
            self.reconcile_all(targets).await;
        }
    }

    async fn reconcile_selected(&self, selector: &NamespaceMatch) {
        let mut lister = NamespaceLister::begin(&self.cluster, &self.run, selector);
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
                self.reconcile_all(targets).await;
            } else {
                let targets = self.targets(names, None, false);
                self.reconcile_all(targets).await;
            }
        };
        futures_util::join!(listing, reconciling);
    }

    fn list_cache(&self) -> ListCache {
        ListCache::open(&self.cluster, &self.access, &self.command.lists())
    }

    /// Registers namespaces in the ledger and adds their objects to the total.
    async fn register(&self, names: &[Namespace]) {
        if names.is_empty() {
            return;
        }
        let waiting = self.command.waiting_objects();
        for name in names {
            let target = NamespaceTarget::name_in(&self.cluster, name);
            let ledger = &self.run.ledger;
            ledger.register_target(target, Arc::clone(&waiting));
        }
        let objects = names.len() * self.command.objects().len();
        let event = Event::TotalIncreased {
            context: self.cluster.context().cloned(),
            objects: objects as u64,
        };
        self.run.events.send(event).await;
    }

    /// Returns the targets in the order of `names`, each with its snapshot from `list_cache`.
    fn targets(
        &self,
        names: impl Stream<Item = Namespace>,
        list_cache: Option<ListCache>,
        named: bool,
    ) -> impl Stream<Item = (NamespaceTarget, TargetSnapshot)> {
        let (cluster, access) = (&self.cluster, &self.access);
        stream::unfold(
            (Box::pin(names), list_cache),
            move |(mut names, mut list_cache)| async move {
                let namespace = names.next().await?;
                let snapshot = match &mut list_cache {
                    Some(list_cache) => list_cache.snapshot(&namespace).await,
                    None => TargetSnapshot::default(),
                };
                let target = NamespaceTarget {
                    cluster: Arc::clone(cluster),
                    access: Arc::clone(access),
                    namespace,
                    named,
                };
                Some(((target, snapshot), (names, list_cache)))
            },
        )
    }

    /// Reconciles the targets concurrently, within [`MAX_ACTIVE`] and [`MAX_PENDING`].
    async fn reconcile_all(&self, targets: impl Stream<Item = (NamespaceTarget, TargetSnapshot)>) {
        let permits = Arc::new(Semaphore::new(MAX_ACTIVE));
        let later = &permits;
        targets
            .then(|(target, snapshot)| {
                let permits = Arc::clone(&permits);
                async move { (target, TargetPermit::acquire(&permits).await, snapshot) }
            })
            .for_each_concurrent(
                MAX_ACTIVE + MAX_PENDING,
                |(target, permit, snapshot)| async move {
                    let work = self.command.work(&target, snapshot);
                    let outcomes = reconcile(work, permit, &self.run).await;
                    if let Some(work) = self.command.follow_up(&target, &outcomes) {
                        let permit = TargetPermit::acquire(later).await;
                        reconcile(work, permit, &self.run).await;
                    }
                },
            )
            .await;
    }
}
