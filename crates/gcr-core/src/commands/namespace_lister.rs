//! Lists the namespaces that match, and reports the skipped ones: the number of system namespaces, and the name of each
//! namespace that is being deleted.

use std::sync::Arc;

use super::resolved_clusters::NamespaceSelection;
use super::session::SelectedCluster;
use crate::domain::names::Namespace;
use crate::domain::namespace_filter::NamespaceClass;
use crate::engine::RunContext;
use crate::engine::{Event, Hint};
use crate::kubernetes::object::metadata_of;
use crate::kubernetes::pager::{Item, Pager};
use crate::kubernetes::request_error::RequestErrorKind;
use crate::kubernetes::{ApiError, ClusterClient, namespaces};
use crate::request::NamespaceMatch;
use crate::resources::permissions;

/// Returns the selected namespaces of a cluster, for a command that needs them all before its first request. Reports a list
/// that fails, and the skipped namespaces.
pub async fn selected_namespaces(
    selected: &SelectedCluster<'_>,
    run: &RunContext,
) -> Vec<Namespace> {
    let (names, _) = listed_namespaces(selected, run).await;
    names
}

/// Does the same as [`selected_namespaces`], and also returns whether the list is complete.
pub async fn listed_namespaces(
    selected: &SelectedCluster<'_>,
    run: &RunContext,
) -> (Vec<Namespace>, bool) {
    let selector = match &selected.selection {
        NamespaceSelection::Explicit(names) => return (names.clone(), true),
        NamespaceSelection::Selector(selector) => selector,
    };
    run.ledger
        .begin_listing(selected.cluster.context().cloned());
    let mut lister = NamespaceLister::begin(&selected.cluster, run, selector);
    let mut names = Vec::new();
    while let Some(page) = lister.next().await {
        names.extend(page);
    }
    lister.end().await;
    let is_complete = !lister.failed;
    (names, is_complete)
}

/// Reads the list of namespaces page by page.
pub(super) struct NamespaceLister<'a> {
    cluster: &'a Arc<ClusterClient>,
    run: &'a RunContext,
    selector: &'a NamespaceMatch,
    pages: Pager,
    /// Number of matching namespaces, including those that are being deleted.
    matched: u64,
    /// Number of skipped system namespaces.
    system: u64,
    /// Whether the list ended with an error.
    failed: bool,
}

impl<'a> NamespaceLister<'a> {
    /// Returns a lister that has sent no request yet.
    pub(super) fn begin(
        cluster: &'a Arc<ClusterClient>,
        run: &'a RunContext,
        selector: &'a NamespaceMatch,
    ) -> Self {
        let labels = selector.labels.as_deref().unwrap_or_default();
        Self {
            cluster,
            run,
            selector,
            pages: Pager::new(cluster, namespaces::matching(labels)),
            matched: 0,
            system: 0,
            failed: false,
        }
    }

    /// Returns whether the last page was read.
    pub(super) fn is_over(&self) -> bool {
        self.pages.is_exhausted()
    }

    /// Returns the selected namespaces of the next page, sorted by name. Returns `None` after the last page, and after an
    /// error, which it reports.
    pub(super) async fn next(&mut self) -> Option<Vec<Namespace>> {
        if self.failed {
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
                self.failed = true;
                // After an interruption the list stays open in the ledger: the reporter says that it is incomplete. An
                // unavailable cluster has printed its error line.
                if !matches!(error.cause, RequestErrorKind::Interrupted) {
                    self.end_listing();
                }
                if !error.is_not_started() {
                    self.emit_error(error.error_text()).await;
                    if error.api_error().is_some_and(ApiError::is_forbidden) {
                        let rule = permissions::list_namespaces().hint(true);
                        let hint = format!("name the namespaces with -n, or {rule}");
                        self.run.events.send(Event::Hint(Hint::new(hint))).await;
                    }
                }
                None
            }
        }
    }

    /// Returns the namespace of this item if it is selected and is not being deleted.
    async fn select(&mut self, item: &Item) -> Option<Namespace> {
        let namespace: Namespace = item.name.parse().ok()?;
        match self.selector.filter.classify(&namespace) {
            NamespaceClass::Included => {}
            NamespaceClass::Excluded => return None,
            NamespaceClass::System => {
                self.system += 1;
                return None;
            }
        }
        self.matched += 1;
        let metadata = metadata_of(item).ok();
        if metadata.is_some_and(|metadata| metadata.deletion_timestamp.is_some()) {
            self.note(format!("namespace/{namespace} skipped: terminating"))
                .await;
            return None;
        }
        Some(namespace)
    }

    /// Reports the number of skipped system namespaces, or that no namespace matches.
    pub(super) async fn end(&self) {
        match self.system {
            0 => {}
            1 => self.note_system("1 system namespace").await,
            count => {
                self.note_system(&format!("{count} system namespaces"))
                    .await
            }
        }
        if self.matched == 0 && !self.failed {
            let line = format!("error: no namespaces match {}", self.selector);
            self.emit_error(line).await;
        }
    }

    fn end_listing(&self) {
        self.run
            .ledger
            .end_listing(&self.cluster.context().cloned());
    }

    async fn note_system(&self, namespaces: &str) {
        let line =
            format!("skipped {namespaces} (use --include-system-namespaces to include them)");
        self.note(line).await;
    }

    async fn note(&self, line: String) {
        let context = self.cluster.context().cloned();
        self.run.events.send(Event::Note { line, context }).await;
    }

    async fn emit_error(&self, line: String) {
        let context = self.cluster.context().cloned();
        self.run.events.send(Event::Error { line, context }).await;
    }
}
