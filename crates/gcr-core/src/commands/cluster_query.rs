//! Runs a query per cluster, concurrently.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;

use super::namespace_lister::NamespaceLister;
use super::resolved_clusters::NamespaceSelection;
use super::session::{SelectedCluster, show_progress};
use crate::domain::names::Namespace;
use crate::engine::query::query;
use crate::engine::{Hint, ObjectError, ObjectKind, Query, RunContext, TargetName, TargetScope};
use crate::kubernetes::{ApiError, ClusterClient, RequestError};
use crate::request::NamespaceMatch;
use crate::resources::ResourceError;
use crate::resources::permissions::Rule;

/// The kind of object as which a cluster counts in a query.
pub(super) const CLUSTER: ObjectKind = ObjectKind {
    rank: 90,
    singular: "cluster",
    kind: "Cluster",
    unchanged: "read",
};

/// Runs the query that `query_of` returns for each cluster. A cluster whose namespaces an earlier context covers has none.
pub(super) async fn query_clusters<'a, Q: Query>(
    clusters: Vec<SelectedCluster<'a>>,
    run: &RunContext,
    query_of: impl Fn(SelectedCluster<'a>) -> Q,
) {
    let mut queries = Vec::new();
    for selected in clusters {
        if matches!(&selected.selection, NamespaceSelection::Explicit(names) if names.is_empty()) {
            continue;
        }
        // Exec plugins that may prompt run first and one at a time, so that no output mixes with a prompt.
        if selected.can_prompt {
            selected.cluster.authenticate().await;
        }
        let target = target_of(&selected.cluster);
        let cluster = selected.cluster.clone();
        queries.push((cluster, target, query_of(selected)));
    }
    let queries = queries.iter().map(|(cluster, target, one)| async move {
        cluster.authenticate().await;
        query(target.clone(), one, run).await;
    });
    show_progress(&run.events, join_all(queries)).await;
}

/// Returns the namespaces that match the labels of a selector. Reports an error, and returns no namespace then.
pub(super) async fn matching_namespaces(
    cluster: &Arc<ClusterClient>,
    run: &RunContext,
    selector: &NamespaceMatch,
) -> BTreeSet<Namespace> {
    let mut lister = NamespaceLister::begin(cluster, run, selector);
    let mut names = BTreeSet::new();
    while let Some(page) = lister.next().await {
        names.extend(page);
    }
    lister.end().await;
    names
}

/// Returns the cluster as a target, for reports.
pub(super) fn target_of(cluster: &ClusterClient) -> TargetName {
    TargetName {
        context: cluster.context().cloned(),
        scope: TargetScope::Cluster,
    }
}

/// Converts the error of a read for the report. `rule` is the one that permits the read, and `cluster` whether it must hold in
/// the whole cluster.
pub(super) fn read_error(error: RequestError, rule: &Rule, cluster: bool) -> ObjectError {
    let is_forbidden = error.api_error().is_some_and(ApiError::is_forbidden);
    let hint: Option<Hint> = is_forbidden.then(|| rule.hint(cluster));
    ObjectError {
        hint,
        ..ResourceError::from(error).into()
    }
}
