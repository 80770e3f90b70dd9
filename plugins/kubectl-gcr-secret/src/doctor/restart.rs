//! Evicts pods that a new pod mends.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gcr_core::domain::names::Namespace;
use gcr_core::domain::pull_secret::Preconditions;
use gcr_core::engine::{ObjectId, Outcome, RunContext, TargetName};
use gcr_core::kubernetes::{ApiError, ClusterClient, RequestError};
use tokio::time::Instant;

use super::pod::{POD, Pod};

/// The pod was evicted.
const EVICTED: Outcome = Outcome::changed(120, "evicted");
/// The pause before an eviction is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// The result of a restart.
#[derive(Debug)]
pub(super) enum Restart {
    /// The pod was evicted, or is gone.
    Done,
    /// The pod was not evicted, for this reason.
    Refused(String),
}

impl Restart {
    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }
}

impl fmt::Display for Restart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => {
                formatter.write_str("restarted: evicted; its controller creates a new pod")
            }
            Self::Refused(reason) => write!(formatter, "not restarted: {reason}"),
        }
    }
}

/// Evicts the pod, again while a budget refuses it or another client changes the pod, for at most `timeout`.
pub(super) async fn restart(
    cluster: &Arc<ClusterClient>,
    run: &RunContext,
    target: &TargetName,
    namespace: &Namespace,
    pod: &Pod,
    timeout: Duration,
) -> Restart {
    let name = pod.metadata.name.as_str();
    if pod.controller().is_none() {
        return Restart::Refused("no controller recreates the pod".to_owned());
    }
    let object = ObjectId::new(&POD, name);
    let tracker = Arc::new(run.ledger.track(target, &object));
    let deadline = Instant::now() + timeout;
    let mut version = pod.metadata.resource_version.clone();
    let result = loop {
        let preconditions = Preconditions {
            uid: Some(pod.metadata.uid.clone()),
            resource_version: version.clone(),
        };
        let observer = Arc::clone(&tracker);
        let evicted = cluster
            .evict_pod(namespace, name, &preconditions, Some(observer))
            .await;
        let error = match evicted {
            Ok(_) => break Ok(()),
            Err(error) => error,
        };
        if !error.outcome_unknown {
            tracker.mark_answered();
        }
        let reason = match refusal(&error) {
            Refusal::Gone => break Ok(()),
            Refusal::Final(reason) => break Err((reason, error.outcome_unknown)),
            Refusal::Passing(reason) => reason,
        };
        if Instant::now() + PAUSE > deadline || !cluster.wait(PAUSE).await {
            break Err((reason, false));
        }
        match current(cluster, namespace, pod).await {
            Ok(Some(found)) => version = found,
            Ok(None) => break Ok(()),
            Err(reason) => break Err((reason, false)),
        }
    };
    let outcome = match &result {
        Ok(()) => EVICTED,
        Err((_, true)) => Outcome::Unknown,
        Err((_, false)) => Outcome::Failed,
    };
    // The pod's row reports the result.
    run.ledger.close(target, &object, outcome);
    match result {
        Ok(()) => Restart::Done,
        Err((reason, _)) => Restart::Refused(reason),
    }
}

/// Returns the version of the pod if it is still the same and stuck; `None` if it is gone.
async fn current(
    cluster: &Arc<ClusterClient>,
    namespace: &Namespace,
    pod: &Pod,
) -> Result<Option<String>, String> {
    let read = cluster.read_pod(namespace, &pod.metadata.name).await;
    let Some(response) = read.map_err(|error| error.error_text())? else {
        return Ok(None);
    };
    let found: Pod = response.json().map_err(|error| error.error_text())?;
    if found.metadata.uid != pod.metadata.uid {
        return Ok(None);
    }
    if !found.is_stuck() {
        return Err("it is no longer stuck".to_owned());
    }
    Ok(Some(found.metadata.resource_version))
}

/// What an error of an eviction means.
enum Refusal {
    Gone,
    Passing(String),
    Final(String),
}

fn refusal(error: &RequestError) -> Refusal {
    let Some(api_error) = error.api_error() else {
        return Refusal::Final(error.error_text());
    };
    if api_error.is_not_found() {
        return Refusal::Gone;
    }
    if api_error.is_refused_by_budget() {
        let cause = api_error.causes.first();
        let detail = cause.map_or(api_error.message.as_str(), |cause| cause.message.as_str());
        return Refusal::Passing(format!("a PodDisruptionBudget refuses it: {detail}"));
    }
    if ApiError::is_conflict(api_error) {
        return Refusal::Passing("another client changes the pod".to_owned());
    }
    Refusal::Final(error.error_text())
}
