//! Reads a Secret and what belongs to it, in each selected namespace of a cluster.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::description::Description;
use super::text::text;
use crate::commands::cluster_query::{CLUSTER, matching_namespaces, read_error};
use crate::commands::resolved_clusters::NamespaceSelection;
use crate::domain::names::{Namespace, SecretName};
use crate::domain::namespace_filter::NamespaceClass;
use crate::engine::{ObjectError, ObjectId, Query, Row, RunContext, TargetName, TargetScope};
use crate::kubernetes::events::{self, EventSummary};
use crate::kubernetes::object::metadata_of;
use crate::kubernetes::pager::Pager;
use crate::kubernetes::{ClusterClient, RequestError, secrets};
use crate::request::{LineQualifiers, NamespaceMatch};
use crate::resources::permissions::{self, Rule};
use crate::resources::{References, secret};

/// Number of namespaces that are read concurrently.
const MAX_ACTIVE: usize = 8;

/// A Secret in each selected namespace of a cluster.
pub(super) struct DescribeQuery<'a> {
    pub(super) cluster: Arc<ClusterClient>,
    pub(super) selection: NamespaceSelection<'a>,
    pub(super) name: SecretName,
    /// Whether errors name their namespace.
    pub(super) qualifiers: LineQualifiers,
    pub(super) now: jiff::Timestamp,
    pub(super) run: RunContext,
}

/// A page of rows.
type Page = Result<Vec<Row>, ObjectError>;

impl Query for DescribeQuery<'_> {
    fn id(&self) -> ObjectId {
        let context = self.cluster.context().cloned();
        ObjectId::new(&CLUSTER, context.unwrap_or_default())
    }

    fn pages(&self) -> BoxStream<'_, Page> {
        match &self.selection {
            NamespaceSelection::Explicit(names) => {
                let pages = stream::iter(names.clone());
                let pages = pages.map(move |namespace| self.named(namespace));
                pages.buffered(MAX_ACTIVE).flat_map(stream::iter).boxed()
            }
            NamespaceSelection::Selector(selector) => stream::once(self.matching(selector))
                .flat_map(|found| found)
                .boxed(),
        }
    }
}

impl DescribeQuery<'_> {
    /// Returns the description of the Secret in a namespace that the user named.
    async fn named(&self, namespace: Namespace) -> Vec<Page> {
        let metadata = self.cluster.require_secret_metadata(&namespace, &self.name);
        match metadata.await {
            Ok(metadata) => self.describe(&namespace, metadata).await,
            Err(error) => {
                let rule = Rule::new("secrets", &["get"]).named([&self.name]);
                vec![Err(self.error(error, &rule, &namespace))]
            }
        }
    }

    /// Returns the descriptions of the Secrets in the matching namespaces.
    async fn matching<'q>(&'q self, selector: &'q NamespaceMatch) -> BoxStream<'q, Page> {
        let names = match &selector.labels {
            None => None,
            Some(_) => Some(matching_namespaces(&self.cluster, &self.run, selector).await),
        };
        if names.as_ref().is_some_and(|names| names.is_empty()) {
            return stream::empty().boxed();
        }
        let found = match Pager::new(&self.cluster, secrets::list_by_name(&self.name))
            .all()
            .await
        {
            Ok(found) => found,
            Err(error) => {
                let rule = Rule::new("secrets", &["list"]).named([&self.name]);
                return stream::iter([Err(read_error(error, &rule, true))]).boxed();
            }
        };
        let is_included = move |namespace: &Namespace| {
            selector.filter.classify(namespace) == NamespaceClass::Included
                && names.as_ref().is_none_or(|names| names.contains(namespace))
        };
        let found = found.into_iter().filter_map(move |item| {
            let namespace: Namespace = item.namespace.parse().ok()?;
            let metadata = metadata_of(&item).ok()?;
            is_included(&namespace).then_some((namespace, metadata))
        });
        stream::iter(found)
            .map(move |(namespace, metadata)| async move {
                self.describe(&namespace, metadata).await
            })
            .buffered(MAX_ACTIVE)
            .flat_map(stream::iter)
            .boxed()
    }

    /// Returns the description, and the errors of the lists that cannot be read.
    async fn describe(&self, namespace: &Namespace, metadata: ObjectMeta) -> Vec<Page> {
        let context = self.cluster.context().cloned();
        let mut description = Description::new(context.clone(), metadata);
        let mut references = References::in_namespace(&self.cluster, true);
        let events = Pager::new(&self.cluster, events::about_secret(namespace, &self.name)).all();
        let ((references, errors), events) = futures_util::join!(references.of(namespace), events);
        let mut pages = Vec::new();
        for (resource, error) in errors {
            let rule = permissions::list_of(resource);
            pages.push(Err(self.error(error, &rule, namespace)));
        }
        let referrers = |names: Option<&crate::resources::references::Names>| {
            let names = names?;
            Some(names.get(self.name.as_str()).cloned().unwrap_or_default())
        };
        description.accounts = referrers(references.accounts.as_ref());
        description.pods = referrers(references.pods.as_ref());
        let read = |items: Vec<_>| items.iter().map(EventSummary::read).collect();
        match events.and_then(read) {
            Ok(events) => description.events = Some(events),
            Err(error) => {
                let rule = permissions::list_of("events");
                pages.push(Err(self.error(error, &rule, namespace)));
            }
        }
        let row = Row {
            target: TargetName {
                context,
                scope: TargetScope::Namespace(namespace.clone()),
            },
            object: secret::id(&self.name),
            cells: vec![text(&description, self.now).into()],
            value: description.value(),
            is_problem: false,
        };
        pages.insert(0, Ok(vec![row]));
        pages
    }

    fn error(&self, error: RequestError, rule: &Rule, namespace: &Namespace) -> ObjectError {
        let mut error = read_error(error, rule, false);
        if self.qualifiers.namespaces {
            error.text = format!("{} -n {namespace}", error.text);
        }
        error
    }
}
