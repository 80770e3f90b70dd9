//! Finds the namespaces that match, and says what is left out: the system's are counted, those being deleted are named.

use std::sync::Arc;

use crate::domain::names::Namespace;
use crate::domain::namespace_filter::NamespaceClass;
use crate::event::Event;
use crate::kubernetes::pager::{Item, Pager};
use crate::kubernetes::request_error::RequestErrorKind;
use crate::kubernetes::{ApiError, ClusterClient, namespaces, secrets};
use crate::ledger::Ledger;
use crate::object_error::Hint;
use crate::request::NamespaceMatch;

/// A list of namespaces being read.
pub(super) struct NamespaceLister<'a> {
    cluster: &'a Arc<ClusterClient>,
    ledger: &'a Ledger,
    what: &'a NamespaceMatch,
    pages: Pager,
    matched: u64,
    system: u64,
    broken: bool,
}

impl<'a> NamespaceLister<'a> {
    pub(super) fn begin(
        cluster: &'a Arc<ClusterClient>,
        ledger: &'a Ledger,
        what: &'a NamespaceMatch,
    ) -> Self {
        let labels = what.labels.as_deref().unwrap_or_default();
        Self {
            cluster,
            ledger,
            what,
            pages: Pager::new(cluster, namespaces::matching(labels)),
            matched: 0,
            system: 0,
            broken: false,
        }
    }

    /// Whether the last page that was given was the last there is.
    pub(super) fn is_over(&self) -> bool {
        self.pages.is_exhausted()
    }

    /// The next namespaces, sorted by name; `None` when there are no more, or the list broke off, which is told.
    pub(super) async fn next(&mut self) -> Option<Vec<Namespace>> {
        if self.broken {
            return None;
        }
        match self.pages.next().await {
            Ok(page) => {
                let Some(page) = page else {
                    self.end_listing();
                    return None;
                };
                let mut selected = Vec::new();
                for item in page {
                    selected.extend(self.select(&item).await);
                }
                Some(selected)
            }
            Err(error) => {
                self.broken = true;
                // An interruption leaves the list open in the ledger, which the reporter reads. An unavailable cluster
                // has had its error line.
                if !matches!(error.cause, RequestErrorKind::Interrupted) {
                    self.end_listing();
                }
                if !error.is_not_started() {
                    self.emit_error(error.error_text()).await;
                    if error.api_error().is_some_and(ApiError::is_forbidden) {
                        self.cluster.emit(Event::Hint(Hint::ListNamespaces)).await;
                    }
                }
                None
            }
        }
    }

    /// The namespace of this item, where it is selected and takes anything new.
    async fn select(&mut self, item: &Item) -> Option<Namespace> {
        let namespace: Namespace = item.name.parse().ok()?;
        match self.what.filter.classify(&namespace) {
            NamespaceClass::Included => {}
            NamespaceClass::Excluded => return None,
            NamespaceClass::System => {
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
            self.emit_error(line).await;
        }
    }

    fn end_listing(&self) {
        self.ledger.end_listing(&self.cluster.context().cloned());
    }

    async fn note_system(&self, which: &str) {
        let line = format!("{which} left out; --include-system-namespaces takes them in");
        self.note(line).await;
    }

    async fn note(&self, line: String) {
        let context = self.cluster.context().cloned();
        self.cluster.emit(Event::Note { line, context }).await;
    }

    async fn emit_error(&self, line: String) {
        let context = self.cluster.context().cloned();
        self.cluster.emit(Event::Error { line, context }).await;
    }
}
