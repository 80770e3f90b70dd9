//! Reconciles one target: observes its open resources, decides, executes, and starts again after a conflict or while an
//! object is not ready.
//!
//! Every command that changes something uses [`reconcile`], for one target or for thousands.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, FuturesUnordered};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::Instant;

use super::ledger::Ledger;
use super::object::{ObjectId, Outcome};
use super::object_error::ObjectError;
use super::open_resource::{NextStep, Observation, OpenResource, StepEnd};
use super::resource::{Context, Finished, Round};
use super::run_context::RunContext;
use super::target_permit::TargetPermit;
use super::target_report::{Readiness, TargetReport};
use super::target_work::{Discovered, Discovery, TargetWork};

/// Number of conflicts with other writers after which the open objects of a target fail.
const MAX_CONFLICTS: u32 = 16;
/// Number of objects of one target that are observed or written concurrently.
const MAX_CONCURRENT_OBJECTS: usize = 8;
/// First and longest pause while an object does not exist yet. The controller manager usually creates the ServiceAccount
/// `default` within 5 ms.
const NOT_READY_BACKOFF: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// Brings all resources of a target to their desired state, and sends the outcome of each to the reporter and the ledger.
///
/// Holds `permit` except while it waits for an object. Returns the outcome of each object that was not skipped.
pub async fn reconcile(
    work: TargetWork<'_>,
    mut permit: TargetPermit,
    run: &RunContext,
) -> HashMap<ObjectId, Outcome> {
    let TargetWork {
        target,
        mut resources,
        mut discovery,
    } = work;
    let placeholder = discovery.as_ref().map(|it| Arc::from([it.placeholder()]));
    let known = resources.iter().map(|resource| resource.id().clone());
    run.ledger.begin(&target, known, placeholder);
    let mut reconciler = Reconciler {
        ledger: &run.ledger,
        report: TargetReport::new(run, target),
    };
    let mut cx = Context {
        dry_run: run.dry_run,
        deadline: run.deadline,
        stop: run.stop.clone(),
        round: Round::first(),
    };
    let mut not_ready = NOT_READY_BACKOFF.0;
    loop {
        if run.stop.is_stopped() {
            reconciler.interrupt(&resources, discovery.take()).await;
            break;
        }
        // Sampled before observing, so that a final "not found" was observed after the deadline.
        cx.round.waiting = Instant::now() < run.deadline;
        let requeue = {
            // Declared first, so that it outlives the observations.
            let found;
            let open = reconciler.open(&resources);
            let (mut observations, discovered) = observe(open, discovery.take(), &cx).await;
            found = reconciler.finish_discovery(discovered).await;
            let known = resources.len();
            // Resources of a discovery are observed by it, so that observing them sends no request.
            let mut all: Vec<&OpenResource<'_>> = Vec::new();
            all.extend(&resources);
            all.extend(&found);
            for (index, resource) in found.iter().enumerate() {
                observations.push((known + index, resource.observe(&cx).await));
            }
            let requeue = reconciler.execute(&all, observations, cx.round).await;
            drop(all);
            resources.extend(found);
            requeue
        };
        cx.round.completed += 1;
        match requeue {
            Requeue::Done => break,
            Requeue::DependenciesFinished => {}
            Requeue::Conflict => {
                cx.round.conflicts += 1;
                let pause = conflict_pause(cx.round.conflicts);
                tracing::debug!(
                    "{}: changed since it was read; retrying in {}s",
                    reconciler.report.target,
                    pause.as_secs_f64()
                );
                run.stop.sleep(pause).await;
            }
            Requeue::NotReady => {
                permit.release();
                let left = run.deadline.saturating_duration_since(Instant::now());
                run.stop.sleep(not_ready.min(left)).await;
                not_ready = (not_ready * 2).min(NOT_READY_BACKOFF.1);
            }
        }
    }
    reconciler.report.outcomes()
}

/// Observes the open resources and runs the discovery, concurrently.
async fn observe<'r, 'a>(
    open: Vec<(usize, &'r OpenResource<'a>)>,
    discovery: Option<Box<dyn Discovery<'a> + 'a>>,
    cx: &'r Context,
) -> (
    Vec<(usize, Observation<'r>)>,
    Option<(ObjectId, Discovered<'a>)>,
) {
    // Boxed, so that the compiler sees that the future of the whole round is `Send`.
    let mut observations: Vec<BoxFuture<'r, _>> = Vec::with_capacity(open.len());
    for (index, resource) in open {
        observations.push(async move { (index, resource.observe(cx).await) }.boxed());
    }
    let observing = async {
        let mut observed = Vec::with_capacity(observations.len());
        let mut observations = stream::iter(observations).buffered(MAX_CONCURRENT_OBJECTS);
        while let Some(observation) = observations.next().await {
            observed.push(observation);
        }
        observed
    };
    let discovering = async {
        match discovery {
            None => None,
            Some(discovery) => Some((discovery.placeholder(), discovery.discover(cx).await)),
        }
    };
    futures_util::join!(observing, discovering)
}

/// Returns the pause before reading an object again after `conflicts` conflicts in a row: a random part (full jitter)
/// of 10 ms doubling up to 1 s.
fn conflict_pause(conflicts: u32) -> Duration {
    Duration::from_millis(10 << conflicts.min(7))
        .min(Duration::from_secs(1))
        .mul_f64(fastrand::f64())
}

/// Whether and why a target needs another round. The order is the precedence: the shortest pause wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Requeue {
    /// No further round is needed.
    Done,
    /// An object does not exist yet, or is not deleted yet.
    NotReady,
    /// Another writer changed an object after it was read.
    Conflict,
    /// An object can be observed now that the objects it depends on are finished.
    DependenciesFinished,
}

/// The reconciliation of one target.
struct Reconciler<'a> {
    ledger: &'a Ledger,
    report: TargetReport<'a>,
}

impl Reconciler<'_> {
    /// Returns the resources that are not finished, with their indices.
    fn open<'r, 'a>(
        &self,
        resources: &'r [OpenResource<'a>],
    ) -> Vec<(usize, &'r OpenResource<'a>)> {
        let resources = resources.iter().enumerate();
        resources
            .filter(|(_, resource)| !self.report.is_finished(resource.id()))
            .collect()
    }

    /// Ends everything that is open, without a request.
    async fn interrupt<'a>(
        &mut self,
        resources: &[OpenResource<'a>],
        discovery: Option<Box<dyn Discovery<'a> + 'a>>,
    ) {
        let error = || ObjectError::not_started("interrupted");
        for (_, resource) in self.open(resources) {
            let outcome = if resource.has_unconfirmed_write() {
                Outcome::Unknown
            } else {
                Outcome::NotStarted
            };
            self.report
                .end(resource.id(), Finished::failure(outcome, error()))
                .await;
        }
        let discovered = discovery.map(|it| (it.placeholder(), Discovered::Failed(error())));
        self.finish_discovery(discovered).await;
    }

    /// Executes the observed resources in the order of their dependencies, and the independent ones concurrently.
    async fn execute<'r>(
        &mut self,
        resources: &[&'r OpenResource<'_>],
        observations: Vec<(usize, Observation<'r>)>,
        round: Round,
    ) -> Requeue {
        let mut requeue = Requeue::Done;
        let mut waiting = Vec::new();
        let mut warnings = Vec::new();
        for (index, decide) in observations {
            waiting.push((index, decide(round, &mut warnings)));
        }
        self.report.warn(warnings).await;
        let mut running = FuturesUnordered::new();
        loop {
            let mut blocked = Vec::new();
            for (index, step) in waiting {
                let resource = resources[index];
                match self.report.readiness(resource) {
                    Readiness::Blocked => blocked.push((index, step)),
                    Readiness::Skipped => self.report.skip(resource.id(), None).await,
                    Readiness::Failed(dependency) => {
                        let error = resource.dependency_failed(&dependency);
                        let failure = Finished::failure(Outcome::NotStarted, error);
                        self.report.end(resource.id(), failure).await;
                    }
                    Readiness::Ready => match step {
                        NextStep::Run(_) if running.len() >= MAX_CONCURRENT_OBJECTS => {
                            blocked.push((index, step));
                        }
                        NextStep::Run(run) => {
                            let tracker = self.ledger.track(&self.report.target, resource.id());
                            let step = run(Arc::new(tracker));
                            running.push(async move { (index, step.await) });
                        }
                        NextStep::AwaitDependencies => {
                            requeue = requeue.max(Requeue::DependenciesFinished);
                        }
                        // Only now: an object whose dependency has failed is not waited for.
                        NextStep::NotReady => requeue = requeue.max(Requeue::NotReady),
                    },
                }
            }
            waiting = blocked;
            let Some((index, end)) = running.next().await else {
                // Skipped and failed objects may have freed others.
                if waiting
                    .iter()
                    .any(|(index, _)| self.is_free(resources[*index]))
                {
                    continue;
                }
                // The rest waits for objects that need another round.
                return requeue;
            };
            if let Some(why) = self.finish_step(resources[index], end, round).await {
                requeue = requeue.max(why);
            }
        }
    }

    fn is_free(&self, resource: &OpenResource<'_>) -> bool {
        !matches!(self.report.readiness(resource), Readiness::Blocked)
    }

    /// Reports the object's outcome if the step is final. Otherwise returns why the target needs another round.
    async fn finish_step(
        &mut self,
        resource: &OpenResource<'_>,
        end: StepEnd,
        round: Round,
    ) -> Option<Requeue> {
        let finished = match end {
            StepEnd::NotReady => return Some(Requeue::NotReady),
            StepEnd::Skipped(note) => {
                self.report.skip(resource.id(), note).await;
                return None;
            }
            StepEnd::Conflict(_) if round.conflicts < MAX_CONFLICTS => {
                return Some(Requeue::Conflict);
            }
            StepEnd::Conflict(error) => {
                let outcome = if resource.has_unconfirmed_write() {
                    Outcome::Unknown
                } else {
                    Outcome::Failed
                };
                Finished::failure(outcome, error)
            }
            StepEnd::Finished(finished) => finished,
        };
        let reported = resource.reported_id();
        self.report.end_as(resource.id(), reported, finished).await;
        None
    }

    /// Opens the discovered resources in the ledger. Returns them.
    async fn finish_discovery<'a>(
        &mut self,
        discovered: Option<(ObjectId, Discovered<'a>)>,
    ) -> Vec<OpenResource<'a>> {
        let Some((placeholder, discovered)) = discovered else {
            return Vec::new();
        };
        match discovered {
            Discovered::Found(resources, note) => {
                self.report.note(note).await;
                for resource in &resources {
                    self.ledger.track(&self.report.target, resource.id());
                }
                self.ledger.mark_listed(&self.report.target);
                self.report.increase_total(resources.len()).await;
                resources
            }
            Discovered::Skipped(note) => {
                self.ledger.mark_listed(&self.report.target);
                self.report.note(Some(note)).await;
                Vec::new()
            }
            Discovered::Failed(error) => {
                self.ledger.track(&self.report.target, &placeholder);
                self.ledger.mark_listed(&self.report.target);
                self.report.increase_total(1).await;
                let outcome = if error.not_started {
                    Outcome::NotStarted
                } else {
                    Outcome::Failed
                };
                self.report
                    .end(&placeholder, Finished::failure(outcome, error))
                    .await;
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflict_pause_is_at_most_one_second() {
        assert!((0..64).all(|conflicts| conflict_pause(conflicts) <= Duration::from_secs(1)));
    }
}
