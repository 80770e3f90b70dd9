//! Finds the namespaces that match, and says what is left out: the system's are counted, those being deleted are named.

use std::sync::Arc;

use crate::cluster::fault::FaultCause;
use crate::cluster::lists::{Item, Pages};
use crate::cluster::{Cluster, Refusal, namespaces, secrets};
use crate::domain::names::Namespace;
use crate::domain::namespace_filter::Standing;
use crate::event::Event;
use crate::failure::Hint;
use crate::request::NamespaceMatch;

/// A list of namespaces being read.
pub(super) struct Search<'a> {
    cluster: &'a Arc<Cluster>,
    what: &'a NamespaceMatch,
    pages: Pages,
    matched: u64,
    system: u64,
    broken: bool,
}

impl<'a> Search<'a> {
    pub(super) fn begin(cluster: &'a Arc<Cluster>, what: &'a NamespaceMatch) -> Self {
        let labels = what.labels.as_deref().unwrap_or_default();
        Self {
            cluster,
            what,
            pages: Pages::of(cluster, namespaces::matching(labels)),
            matched: 0,
            system: 0,
            broken: false,
        }
    }

    /// Whether the last page that was given was the last there is.
    pub(super) fn is_over(&self) -> bool {
        self.pages.are_read()
    }

    /// The next namespaces, sorted by name; `None` when there are no more, or the list broke off, which is told.
    pub(super) async fn next(&mut self) -> Option<Vec<Namespace>> {
        if self.broken {
            return None;
        }
        match self.pages.next().await {
            Ok(page) => {
                let mut meant = Vec::new();
                for item in page? {
                    meant.extend(self.meant(&item).await);
                }
                Some(meant)
            }
            Err(fault) => {
                self.broken = true;
                // That the cluster was given up has been told.
                if matches!(fault.cause, FaultCause::Interrupted) {
                    let line = "the list of namespaces was cut off: those it did not come to are not counted";
                    self.note(line.to_owned()).await;
                } else if !fault.is_unstarted() {
                    self.tell_error(fault.wording()).await;
                    if fault.refusal().is_some_and(Refusal::is_forbidden) {
                        self.cluster.tell(Event::Hint(Hint::ListNamespaces)).await;
                    }
                }
                None
            }
        }
    }

    /// The namespace of this item, where it is meant and takes anything new.
    async fn meant(&mut self, item: &Item) -> Option<Namespace> {
        let namespace: Namespace = item.name.parse().ok()?;
        match self.what.filter.standing(&namespace) {
            Standing::Meant => {}
            Standing::Excluded => return None,
            Standing::System => {
                self.system += 1;
                return None;
            }
        }
        self.matched += 1;
        let metadata = secrets::metadata_of(item).ok();
        if metadata.is_some_and(|metadata| metadata.deletion_timestamp.is_some()) {
            self.note(format!("namespace/{namespace} skipped: terminating"))
                .await;
            return None;
        }
        Some(namespace)
    }

    /// Says what was left out, or that nothing matches.
    pub(super) async fn end(&self) {
        match self.system {
            0 => {}
            1 => self.note_system("1 system namespace").await,
            count => {
                self.note_system(&format!("{count} system namespaces"))
                    .await
            }
        }
        if self.matched == 0 && !self.broken {
            let line = format!("error: no namespaces match {}", self.what);
            self.tell_error(line).await;
        }
    }

    async fn note_system(&self, which: &str) {
        let line = format!("{which} left out; --include-system-namespaces takes them in");
        self.note(line).await;
    }

    async fn note(&self, line: String) {
        let context = self.cluster.context().cloned();
        self.cluster.tell(Event::Note { line, context }).await;
    }

    async fn tell_error(&self, line: String) {
        let context = self.cluster.context().cloned();
        self.cluster.tell(Event::Error { line, context }).await;
    }
}
