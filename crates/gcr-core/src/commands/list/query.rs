//! Reads the pull Secrets of one cluster with the ServiceAccounts that use them.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use super::columns::COLUMNS;
use super::request::ListFilter;
use super::row::{RowContext, row};
use super::secret_pages::{ListedSecret, SecretPages};
use crate::commands::cluster_query::{CLUSTER, matching_namespaces, read_error};
use crate::commands::cluster_run::LIST_THRESHOLD;
use crate::commands::resolved_clusters::NamespaceSelection;
use crate::domain::names::Namespace;
use crate::domain::namespace_filter::NamespaceClass;
use crate::engine::{Event, ObjectError, ObjectId, Query, Row, RunContext};
use crate::kubernetes::ClusterClient;
use crate::request::NamespaceMatch;
use crate::resources::References;
use crate::resources::permissions;

/// Number of named namespaces that are read concurrently.
const MAX_ACTIVE: usize = 8;

/// The pull Secrets of one cluster.
pub(super) struct ListQuery<'a> {
    pub(super) cluster: Arc<ClusterClient>,
    pub(super) selection: NamespaceSelection<'a>,
    pub(super) filter: ListFilter,
    pub(super) with_pods: bool,
    pub(super) now: jiff::Timestamp,
    pub(super) run: RunContext,
}

/// A page of rows.
type Page = Result<Vec<Row>, ObjectError>;

impl Query for ListQuery<'_> {
    fn id(&self) -> ObjectId {
        let context = self.cluster.context().cloned();
        ObjectId::new(&CLUSTER, context.unwrap_or_default())
    }

    fn pages(&self) -> BoxStream<'_, Page> {
        match &self.selection {
            NamespaceSelection::Explicit(names) => self.by_namespace(names.clone()),
            NamespaceSelection::Selector(selector) => stream::once(self.matching(selector))
                .flat_map(|pages| pages)
                .boxed(),
        }
    }
}

impl ListQuery<'_> {
    /// Returns the pages of namespaces that are read one by one: their first pages concurrently, and the others in turn.
    fn by_namespace(&self, names: Vec<Namespace>) -> BoxStream<'_, Page> {
        let pages = stream::iter(names).map(move |name| async move {
            let mut pages = Pages::of_namespace(self, &name);
            let first = pages.next().await;
            (first, pages)
        });
        let pages = pages.buffered(MAX_ACTIVE);
        pages
            .flat_map(|(first, pages)| stream::iter(first).chain(pages.stream()))
            .boxed()
    }

    /// Returns the pages of the matching namespaces. If these cannot be listed, the lister reports why.
    async fn matching<'q>(&'q self, selector: &'q NamespaceMatch) -> BoxStream<'q, Page> {
        if selector.labels.is_none() {
            return Pages::of_cluster(self, selector, None).stream().boxed();
        }
        let names = matching_namespaces(&self.cluster, &self.run, selector).await;
        if names.len() <= LIST_THRESHOLD {
            return self.by_namespace(names.into_iter().collect());
        }
        Pages::of_cluster(self, selector, Some(names))
            .stream()
            .boxed()
    }
}

/// The namespaces whose Secrets are listed.
enum Included<'a> {
    All,
    Matching {
        selector: &'a NamespaceMatch,
        /// The names that match the selector's labels, if it has any.
        names: Option<BTreeSet<Namespace>>,
    },
}

/// The rows of one list of Secrets, page by page.
struct Pages<'a> {
    query: &'a ListQuery<'a>,
    cx: RowContext,
    included: Included<'a>,
    secrets: SecretPages,
    references: References,
    /// Whether the lists cover the whole cluster.
    whole_cluster: bool,
    /// Number of Secrets in system namespaces.
    system: u64,
    /// Errors that end no other page.
    errors: Vec<ObjectError>,
    is_over: bool,
}

impl<'a> Pages<'a> {
    fn new(
        query: &'a ListQuery<'a>,
        included: Included<'a>,
        secrets: SecretPages,
        references: References,
    ) -> Self {
        Self {
            cx: RowContext {
                context: query.cluster.context().cloned(),
                now: query.now,
                wide: query.with_pods,
            },
            query,
            whole_cluster: matches!(included, Included::Matching { .. }),
            included,
            secrets,
            references,
            system: 0,
            errors: Vec::new(),
            is_over: false,
        }
    }

    fn of_namespace(query: &'a ListQuery<'a>, namespace: &Namespace) -> Self {
        let secrets = SecretPages::new(&query.cluster, Some(namespace), &query.filter);
        let references = References::in_namespace(&query.cluster, query.with_pods);
        Self::new(query, Included::All, secrets, references)
    }

    /// Returns the pages of lists of the whole cluster. `names` are the namespaces that match the selector's labels, if it has
    /// any.
    fn of_cluster(
        query: &'a ListQuery<'a>,
        selector: &'a NamespaceMatch,
        names: Option<BTreeSet<Namespace>>,
    ) -> Self {
        let included = Included::Matching { selector, names };
        let secrets = SecretPages::new(&query.cluster, None, &query.filter);
        let references = References::in_cluster(&query.cluster, query.with_pods);
        Self::new(query, included, secrets, references)
    }

    fn stream(self) -> impl futures_util::Stream<Item = Page> + Send + 'a {
        stream::unfold(self, |mut pages| async move {
            let page = pages.next().await?;
            Some((page, pages))
        })
    }

    async fn next(&mut self) -> Option<Page> {
        if let Some(error) = self.errors.pop() {
            return Some(Err(error));
        }
        if self.is_over {
            return None;
        }
        match self.secrets.next().await {
            Ok(Some(secrets)) => Some(Ok(self.rows(secrets).await)),
            Ok(None) => {
                self.is_over = true;
                self.note_system().await;
                None
            }
            Err(error) => {
                self.is_over = true;
                let rule = permissions::list_of("secrets");
                Some(Err(read_error(error, &rule, self.whole_cluster)))
            }
        }
    }

    async fn rows(&mut self, secrets: Vec<ListedSecret>) -> Vec<Row> {
        let mut rows = Vec::with_capacity(secrets.len());
        for secret in secrets {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let namespace = text(&secret.metadata.namespace).parse();
            let (Ok(namespace), Ok(name)) = (namespace, text(&secret.metadata.name).parse()) else {
                continue;
            };
            if !self.includes(&namespace) {
                continue;
            }
            let (references, errors) = self.references.of(&namespace).await;
            for (resource, error) in errors {
                let rule = permissions::list_of(resource);
                let error = read_error(error, &rule, self.whole_cluster);
                self.errors.push(error);
            }
            rows.push(row(&self.cx, &namespace, &name, &secret, &references));
        }
        rows
    }

    fn includes(&mut self, namespace: &Namespace) -> bool {
        let Included::Matching { selector, names } = &self.included else {
            return true;
        };
        match selector.filter.classify(namespace) {
            NamespaceClass::Excluded => false,
            NamespaceClass::System => {
                self.system += u64::from(names.is_none());
                false
            }
            NamespaceClass::Included => {
                names.as_ref().is_none_or(|names| names.contains(namespace))
            }
        }
    }

    /// Reports the number of Secrets in system namespaces.
    async fn note_system(&self) {
        let secrets = match self.system {
            0 => return,
            1 => "1 Secret".to_owned(),
            count => format!("{count} Secrets"),
        };
        let line = format!(
            "skipped {secrets} in system namespaces (use --include-system-namespaces to include them)"
        );
        let context = self.cx.context.clone();
        self.query
            .run
            .events
            .send(Event::Note { line, context })
            .await;
    }
}

/// Returns the index of the column with this name in lower case.
pub fn column_by_name(name: &str) -> Option<usize> {
    COLUMNS
        .iter()
        .position(|column| column.header.to_ascii_lowercase() == name)
}
