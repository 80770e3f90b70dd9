//! Sends one eviction, and decides what the response means.

use std::sync::Arc;

use crate::domain::names::Namespace;
use crate::domain::pull_secret::Preconditions;
use crate::engine::WriteTracker;
use crate::kubernetes::api_request::WriteObserver;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::{ApiError, ClusterClient, RequestError};

/// The result of one eviction.
#[derive(Debug)]
pub enum Eviction {
    /// The pod was evicted, or is gone.
    Done,
    /// A PodDisruptionBudget refuses it now, for this reason.
    RefusedByBudget(String),
    /// Another client changed the pod after it was read.
    Conflict(RequestError),
    /// The request failed.
    Failed(RequestError),
}

/// Evicts the pod if it is still the one that was read. `tracker` records the write; a dry run has none.
pub async fn evict(
    cluster: &ClusterClient,
    namespace: &Namespace,
    pod: &Pod,
    tracker: Option<&Arc<WriteTracker>>,
) -> Eviction {
    let metadata = &pod.metadata;
    let preconditions = Preconditions {
        uid: Some(metadata.uid.clone()),
        resource_version: metadata.resource_version.clone(),
    };
    let observer = tracker.map(|it| Arc::clone(it) as Arc<dyn WriteObserver>);
    let dry_run = tracker.is_none();
    let name = &metadata.name;
    let error = match cluster
        .evict_pod(namespace, name, &preconditions, dry_run, observer)
        .await
    {
        Ok(_) => return Eviction::Done,
        Err(error) => error,
    };
    if let Some(tracker) = tracker.filter(|_| !error.outcome_unknown) {
        tracker.mark_answered();
    }
    let Some(api_error) = error.api_error() else {
        return Eviction::Failed(error);
    };
    if api_error.is_not_found() {
        return Eviction::Done;
    }
    if api_error.is_refused_by_budget() {
        return Eviction::RefusedByBudget(refusal(api_error));
    }
    if api_error.is_conflict() {
        return Eviction::Conflict(error);
    }
    Eviction::Failed(error)
}

/// Returns the reason with the name of the budget, which only the cause contains.
fn refusal(error: &ApiError) -> String {
    let cause = error.causes.first();
    let detail = cause.map_or(error.message.as_str(), |cause| cause.message.as_str());
    format!("a PodDisruptionBudget refuses it: {detail}")
}
