//! The targets of one cluster: which they are, what lists show of them, and all of them driven side by side.
//!
//! One namespace is the fleet of one. Namespaces are listed beside the work, so that their number is known early; of those
//! that wait only the names are held.

mod key_order;
mod search;

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::{self, Stream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::domain::names::Namespace;
use crate::drive::{Turn, drive, named_objects};
use crate::event::Event;
use crate::ledger::Ledger;
use crate::observe::{Catalog, Sight};
use crate::request::{DryRun, NamespaceMatch, Wanted};
use crate::target::{Target, TargetName};
use key_order::in_key_order;
use search::Search;

/// Targets that are driven side by side: more than there can be requests in flight, since some wait for their next try.
const TURNS: usize = 64;
/// Targets that wait for what is not there yet, beside them.
const WAITING: usize = 1_000;
/// More namespaces than this are looked at by lists of the whole cluster, however large it is.
const MANY: usize = 50;

/// The namespaces of one cluster that a run is about.
#[derive(Debug)]
pub enum Meant<'a> {
    /// These, each once.
    Named(Vec<Namespace>),
    /// Those that are there and match.
    Matching(&'a NamespaceMatch),
}

/// One cluster's share of a run.
pub struct Fleet<'a> {
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// What every namespace should hold.
    pub wanted: &'a Wanted,
    /// The books.
    pub ledger: &'a Ledger,
}

impl Fleet<'_> {
    /// Writes down what is named, so that it counts whatever happens before it is begun.
    pub async fn begin(&self, meant: &Meant<'_>) {
        if let Meant::Named(names) = meant {
            self.expect(names).await;
        }
    }

    /// Gets the credential ready, where the server will be asked anything.
    pub async fn log_in(&self, meant: &Meant<'_>) {
        // A Secret's manifest alone asks nobody.
        let asks = self.wanted.dry_run != DryRun::Client || self.wanted.accounts.is_some();
        let logs_in = match meant {
            Meant::Named(names) => asks && !names.is_empty(),
            Meant::Matching(_) => true,
        };
        if logs_in {
            self.cluster.log_in().await;
        }
    }

    /// Drives every target that is meant to its end.
    pub async fn drive(&self, meant: Meant<'_>) {
        self.log_in(&meant).await;
        // Not before: a user may have thought about a password for a while.
        let deadline = Instant::now() + self.wanted.timeout;
        match meant {
            Meant::Named(names) => self.drive_named(names, deadline).await,
            Meant::Matching(what) => self.drive_matching(what, deadline).await,
        }
    }

    async fn drive_named(&self, mut names: Vec<Namespace>, deadline: Instant) {
        if names.len() > MANY {
            names.sort();
            let names = in_key_order(stream::iter(names));
            let targets = self.targets(names, Some(self.catalog()), true);
            self.drive_all(targets, deadline).await;
        } else {
            let targets = self.targets(stream::iter(names), None, true);
            self.drive_all(targets, deadline).await;
        }
    }

    async fn drive_matching(&self, what: &NamespaceMatch, deadline: Instant) {
        let mut search = Search::begin(&self.cluster, what);
        // A page may be left out whole: nothing else is looked at for its sake.
        let first = loop {
            match search.next().await {
                Some(names) if names.is_empty() => {}
                Some(names) => break names,
                None => return search.end().await,
            }
        };
        let many = !search.is_over() || first.len() > MANY;
        let (found, mut names) = mpsc::unbounded_channel();
        let listing = async {
            let mut page = Some(first);
            while let Some(names) = page {
                self.expect(&names).await;
                for name in names {
                    // The other end listens until this one is dropped.
                    let _ = found.send(name);
                }
                page = search.next().await;
            }
            drop(found);
            search.end().await;
        };
        let names = stream::poll_fn(move |context| names.poll_recv(context));
        let driving = async {
            if many {
                let names = in_key_order(names);
                let targets = self.targets(names, Some(self.catalog()), false);
                self.drive_all(targets, deadline).await;
            } else {
                let targets = self.targets(names, None, false);
                self.drive_all(targets, deadline).await;
            }
        };
        futures_util::join!(listing, driving);
    }

    fn catalog(&self) -> Catalog {
        Catalog::open(&self.cluster, self.wanted)
    }

    /// Writes down that these are meant, before anything of them is begun.
    async fn expect(&self, names: &[Namespace]) {
        if names.is_empty() {
            return;
        }
        for name in names {
            self.ledger
                .await_target(TargetName::new(&self.cluster, name));
        }
        let objects = names.len() * named_objects(self.wanted).len();
        let event = Event::Meant {
            context: self.cluster.context().cloned(),
            objects: objects as u64,
        };
        self.cluster.tell(event).await;
    }

    /// The targets as their names come, each with what `catalog` shows of it.
    fn targets(
        &self,
        names: impl Stream<Item = Namespace>,
        catalog: Option<Catalog>,
        named: bool,
    ) -> impl Stream<Item = (Target, Sight)> {
        let state = (Box::pin(names), catalog, Arc::clone(&self.cluster));
        stream::unfold(state, move |(mut names, mut catalog, cluster)| async move {
            let namespace = names.next().await?;
            let sight = match &mut catalog {
                Some(catalog) => catalog.sight(&namespace).await,
                None => Sight::default(),
            };
            let target = Target {
                cluster: Arc::clone(&cluster),
                namespace,
                named,
            };
            Some(((target, sight), (names, catalog, cluster)))
        })
    }

    async fn drive_all(&self, targets: impl Stream<Item = (Target, Sight)>, deadline: Instant) {
        let turns = Arc::new(Semaphore::new(TURNS));
        targets
            .then(|(target, sight)| {
                let turns = Arc::clone(&turns);
                async move { (target, Turn::of(&turns).await, sight) }
            })
            .for_each_concurrent(TURNS + WAITING, |(target, turn, sight)| async move {
                drive(&target, turn, sight, self.wanted, deadline, self.ledger).await;
            })
            .await;
    }
}
