//! Evicts the pods whose problem a new pod solves.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gcr_core::domain::names::Namespace;
use gcr_core::engine::{Outcome, RunContext, TargetName};
use gcr_core::kubernetes::pod::Pod;
use gcr_core::kubernetes::{ApiError, ClusterClient, RequestError};
use gcr_core::resources::permissions::{self, Rule};
use gcr_core::resources::pod_eviction::{EVICTED, Eviction, evict, id};
use tokio::time::Instant;

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
    if pod.controller().is_none() {
        return Restart::Refused("no controller recreates the pod".to_owned());
    }
    let object = id(&pod.metadata.name);
    let tracker = Arc::new(run.ledger.track(target, &object));
    let deadline = Instant::now() + timeout;
    let mut pod = pod.clone();
    let result = loop {
        let reason = match evict(cluster, namespace, &pod, Some(&tracker)).await {
            Eviction::Done => break Ok(()),
            Eviction::Failed(error) => {
                let reason = reason(&error, &permissions::evict_pods());
                break Err((reason, error.outcome_unknown));
            }
            Eviction::RefusedByBudget(reason) => reason,
            Eviction::Conflict(_) => "another client changes the pod".to_owned(),
        };
        if Instant::now() + PAUSE > deadline || !cluster.wait(PAUSE).await {
            break Err((reason, false));
        }
        match current(cluster, namespace, &pod).await {
            Ok(Some(found)) => pod = found,
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

/// Returns the pod if it is still the same and stuck; `None` if it is gone.
async fn current(
    cluster: &Arc<ClusterClient>,
    namespace: &Namespace,
    pod: &Pod,
) -> Result<Option<Pod>, String> {
    let read = cluster.read_pod(namespace, &pod.metadata.name).await;
    let failed = |error| reason(&error, &permissions::read_pods());
    let Some(response) = read.map_err(failed)? else {
        return Ok(None);
    };
    let found: Pod = response.json().map_err(|error| error.error_text())?;
    if found.metadata.uid != pod.metadata.uid {
        return Ok(None);
    }
    if !found.is_stuck() {
        return Err("it is no longer stuck".to_owned());
    }
    Ok(Some(found))
}

/// Returns the server's reason; with `rule` after a 403.
fn reason(error: &RequestError, rule: &Rule) -> String {
    let text = error.error_text();
    if error.api_error().is_some_and(ApiError::is_forbidden) {
        return format!("{text}; grant this Role rule: {rule}");
    }
    text
}
