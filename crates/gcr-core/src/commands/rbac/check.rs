//! Asks the server whether the caller has the permissions of a command line.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use serde_json::json;

use crate::commands::cluster_query::{CLUSTER, target_of};
use crate::commands::list::NONE;
use crate::commands::resolved_clusters::NamespaceSelection;
use crate::domain::names::Namespace;
use crate::engine::{ObjectError, ObjectId, ObjectKind, Query, Row};
use crate::kubernetes::ClusterClient;
use crate::kubernetes::access_review::ReviewedAccess;
use crate::kubernetes::access_review_cache::Access;
use crate::report::API_VERSION;
use crate::resources::ResourceError;
use crate::resources::permissions::Rule;

/// Number of reviews in flight.
const MAX_ACTIVE: usize = 16;
/// The kind of a reviewed permission.
const ACCESS_REVIEW: ObjectKind = ObjectKind {
    rank: 91,
    singular: "accessreview",
    kind: "AccessReview",
    unchanged: "read",
};

/// The permissions in one cluster.
pub(super) struct CheckQuery<'a> {
    pub(super) cluster: Arc<ClusterClient>,
    pub(super) selection: NamespaceSelection<'a>,
    pub(super) rules: Vec<Rule>,
}

impl Query for CheckQuery<'_> {
    fn id(&self) -> ObjectId {
        let context = self.cluster.context().cloned();
        ObjectId::new(&CLUSTER, context.unwrap_or_default())
    }

    fn pages(&self) -> BoxStream<'_, Result<Vec<Row>, ObjectError>> {
        let reviews = stream::iter(self.reviews());
        let rows = reviews.map(move |access| async move { self.review(access).await });
        rows.buffered(MAX_ACTIVE)
            .map(|row| row.map(|row| vec![row]))
            .ready_chunks(MAX_ACTIVE)
            .flat_map(|chunk| stream::iter(merged(chunk)))
            .boxed()
    }
}

/// Merges the rows that are ready into one page.
fn merged(chunk: Vec<Result<Vec<Row>, ObjectError>>) -> Vec<Result<Vec<Row>, ObjectError>> {
    let mut rows = Vec::new();
    let mut pages = Vec::new();
    for page in chunk {
        match page {
            Ok(page) => rows.extend(page),
            Err(error) => pages.push(Err(error)),
        }
    }
    pages.insert(0, Ok(rows));
    pages
}

impl CheckQuery<'_> {
    /// Returns the permissions to review: one per namespace, rule, name and verb. Those of the whole cluster occur once.
    fn reviews(&self) -> Vec<ReviewedAccess> {
        let namespaces: Vec<Option<Namespace>> = match &self.selection {
            NamespaceSelection::Explicit(names) => names.iter().cloned().map(Some).collect(),
            NamespaceSelection::Selector(_) => vec![None],
        };
        let mut reviews = Vec::new();
        for (index, namespace) in namespaces.iter().enumerate() {
            let rules = self.rules.iter();
            for rule in rules.filter(|rule| index == 0 || !rule.is_cluster_scoped) {
                let mut names: Vec<Option<String>> = rule.names.iter().cloned().map(Some).collect();
                if names.is_empty() {
                    names.push(None);
                }
                for name in names {
                    reviews.extend(rule.verbs.iter().map(|verb| ReviewedAccess {
                        verb,
                        resource: rule.resource,
                        namespace: namespace.clone().filter(|_| !rule.is_cluster_scoped),
                        name: name.clone(),
                    }));
                }
            }
        }
        reviews
    }

    async fn review(&self, access: ReviewedAccess) -> Result<Row, ObjectError> {
        let allowed = self.cluster.review_access(&access).await;
        let allowed = allowed.map_err(|error| ObjectError::from(ResourceError::from(error)))?;
        let ReviewedAccess {
            verb,
            resource,
            namespace,
            name,
        } = access;
        let scope = match &namespace {
            Some(namespace) => namespace.as_str(),
            None if resource == "namespaces" => NONE,
            None => "<all>",
        };
        let allowed = allowed == Access::Allowed;
        let answer = if allowed { "yes" } else { "no" };
        Ok(Row {
            target: target_of(&self.cluster),
            object: ObjectId::new(&ACCESS_REVIEW, format!("{verb}-{resource}")),
            cells: vec![
                scope.into(),
                resource.into(),
                name.as_deref().unwrap_or("<all>").into(),
                verb.into(),
                answer.into(),
            ],
            value: json!({
                "apiVersion": API_VERSION,
                "kind": "AccessReview",
                "context": self.cluster.context().map(|context| &**context),
                "namespace": namespace.as_ref().map(Namespace::as_str),
                "resource": resource,
                "name": name,
                "verb": verb,
                "allowed": allowed,
            }),
            is_problem: !allowed,
        })
    }
}
