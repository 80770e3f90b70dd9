//! The targets of one cluster: which they are, what lists show of them, and all of them driven side by side.
//!
//! One namespace is the fleet of one. Namespaces are listed beside the work, so that their number is known early; of those
//! that wait only the names are held.

mod key_order;
mod search;

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::{self, Stream};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::domain::names::Namespace;
use crate::drive::{drive, named_objects};
use crate::event::Event;
use crate::ledger::Ledger;
use crate::observe::{Catalog, Sight};
use crate::request::{DryRun, NamespaceMatch, Wanted};
use crate::target::{Target, TargetName};
use key_order::in_key_order;
use search::Search;

/// Targets that are driven side by side: more than there can be requests in flight, since some wait for their next try.
const TARGETS: usize = 64;
/// From so many namespaces on, lists of the whole cluster are cheaper than reads.
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
    /// When waiting for what is not there yet ends.
    pub deadline: Instant,
    /// The books.
    pub ledger: &'a Ledger,
}

impl Fleet<'_> {
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
        // What is named is written down first, so that it counts should the cluster be given up.
        if let Meant::Named(names) = &meant {
            self.expect(names).await;
        }
        self.log_in(&meant).await;
        match meant {
            Meant::Named(names) => self.drive_named(names).await,
            Meant::Matching(what) => self.drive_matching(what).await,
        }
    }

    async fn drive_named(&self, mut names: Vec<Namespace>) {
        if names.len() > MANY {
            names.sort();
            let names = in_key_order(stream::iter(names));
            self.drive_all(names, Some(self.catalog()), true).await;
        } else {
            self.drive_all(stream::iter(names), None, true).await;
        }
    }

    async fn drive_matching(&self, what: &NamespaceMatch) {
        let mut search = Search::begin(&self.cluster, what);
        let Some(first) = search.next().await else {
            return search.end().await;
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
                self.drive_all(names, Some(self.catalog()), false).await;
            } else {
                self.drive_all(names, None, false).await;
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

    /// Drives the targets as they come, each with what `catalog` shows of it.
    async fn drive_all(
        &self,
        names: impl Stream<Item = Namespace>,
        catalog: Option<Catalog>,
        named: bool,
    ) {
        let state = (Box::pin(names), catalog);
        stream::unfold(state, |(mut names, mut catalog)| async move {
            let namespace = names.next().await?;
            let sight = match &mut catalog {
                Some(catalog) => catalog.sight(&namespace).await,
                None => Sight::default(),
            };
            Some(((namespace, sight), (names, catalog)))
        })
        .for_each_concurrent(TARGETS, |(namespace, sight)| async move {
            let target = Target {
                cluster: Arc::clone(&self.cluster),
                namespace,
                named,
            };
            drive(&target, sight, self.wanted, self.deadline, self.ledger).await;
        })
        .await;
    }
}
