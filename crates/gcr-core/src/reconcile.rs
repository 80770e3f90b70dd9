//! Reconciles one target: observes it, plans, applies, and starts again after a conflict or while an object is not ready.
//!
//! Every command uses [`reconcile`], for one namespace or for thousands.

mod expected_objects;
mod send_futures;
mod skip;
mod target_permit;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use serde_json::Value;
use tokio::time::Instant;

use crate::apply::{self, StepResult, UnconfirmedWrite};
use crate::domain::names::ServiceAccountName;
use crate::event::{Event, ObjectResult};
use crate::kubernetes::request_error::seconds;
use crate::kubernetes::retry;
use crate::ledger::{Ledger, Outcome};
use crate::object_error::{ObjectError, ObjectErrorKind};
use crate::observe::{TargetSnapshot, observe};
use crate::plan::{AccountStep, Plan, plan};
use crate::rbac_hint;
use crate::request::Desired;
use crate::target::{ObjectName, Target};
use crate::target_state::TargetState;
pub use expected_objects::{expected_objects, placeholder_objects};
pub use target_permit::TargetPermit;

/// Number of conflicts with other writers after which the open objects of a target fail.
const MAX_CONFLICTS: u32 = 16;
/// Number of ServiceAccounts of one namespace that are written concurrently.
const MAX_CONCURRENT_ACCOUNTS: usize = 8;
/// First and longest pause while an object does not exist yet. The controller manager usually creates the ServiceAccount
/// `default` within 5 ms.
const NOT_READY_BACKOFF: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// Brings `target` to the `desired` state, and sends the outcome of each object to the reporter and the ledger.
///
/// Holds `permit` except while it waits for an object. `snapshot` contains the objects of the target that lists
/// returned. Waiting for objects ends at `deadline`.
pub async fn reconcile(
    target: &Target,
    mut permit: TargetPermit,
    mut snapshot: TargetSnapshot,
    desired: &Desired,
    deadline: Instant,
    ledger: &Ledger,
) {
    let mut run = Reconciler {
        target,
        desired,
        ledger,
        state: TargetState::new(desired, deadline),
    };
    ledger.begin(&target.name(), expected_objects(desired));
    let mut not_ready = NOT_READY_BACKOFF.0;
    while !run.state.is_complete() {
        // Sampled before observing, so that a final "not found" was observed after the deadline.
        run.state.waiting = Instant::now() < deadline;
        let observed = observe(target, desired, &run.state, &mut snapshot).await;
        let plan = plan(desired, observed, &run.state);
        let requeue = run.apply(plan).await;
        run.state.rounds += 1;
        match requeue {
            Requeue::Done => {}
            Requeue::Conflict => {
                run.state.conflicts += 1;
                let pause = retry::conflict_pause(run.state.conflicts);
                tracing::debug!(
                    "namespace/{}: changed since it was read; retrying in {}",
                    target.namespace,
                    seconds(pause)
                );
                target.cluster.wait(pause).await;
            }
            Requeue::NotReady => {
                permit.release();
                target
                    .cluster
                    .wait(not_ready.min(deadline.saturating_duration_since(Instant::now())))
                    .await;
                not_ready = (not_ready * 2).min(NOT_READY_BACKOFF.1);
            }
        }
    }
}

/// The end of an object, for the objects that depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ObjectEnd {
    Finished(Outcome),
    /// Its namespace was deleted, so that it is no longer part of the run.
    Skipped,
}

/// Whether and why a target needs another round. The order is the precedence: a conflict needs the shorter pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Requeue {
    /// No further round is needed.
    Done,
    /// An object does not exist yet, or is not deleted yet.
    NotReady,
    /// Another writer changed an object after it was read.
    Conflict,
}

/// The reconciliation of one target.
struct Reconciler<'a> {
    target: &'a Target,
    desired: &'a Desired,
    ledger: &'a Ledger,
    state: TargetState,
}

impl Reconciler<'_> {
    /// Applies a plan: the Secret first, then the ServiceAccounts, which refer to it.
    async fn apply(&mut self, plan: Plan) -> Requeue {
        self.warn(plan.warnings).await;
        if let (Some(step), Some(secret)) = (plan.secret, &self.desired.secret) {
            let object = ObjectName::Secret(secret.name.clone());
            let dropped_hosts = step.dropped_hosts();
            let tracker = self.ledger.track(&self.target.name(), &object);
            let result = apply::secret::execute(
                self.target,
                self.desired,
                secret,
                step,
                self.state.deadline,
                &tracker,
            )
            .await;
            match self.finish_step(&object, result).await {
                Ok(ObjectEnd::Finished(outcome)) => {
                    self.state.secret_finished = true;
                    self.state.secret_written = outcome.is_success();
                    if !outcome.is_success() {
                        self.skip_accounts().await;
                        return Requeue::Done;
                    }
                    self.warn(dropped_hosts).await;
                }
                Ok(ObjectEnd::Skipped) => {
                    self.state.secret_finished = true;
                    let accounts = self.state.open_accounts.replace(Default::default());
                    let accounts = accounts.unwrap_or_default();
                    self.skip(accounts.into_iter().map(ObjectName::ServiceAccount))
                        .await;
                    return Requeue::Done;
                }
                Err(requeue) => return requeue,
            }
        }
        match plan.accounts_error {
            Some(error) => self.fail_account_listing(error).await,
            None => self.apply_accounts(plan.accounts).await,
        }
    }

    /// Sends the warnings that this target has not sent before.
    async fn warn(&mut self, warnings: impl IntoIterator<Item = String>) {
        for text in warnings {
            if self.state.warn_once(&text) {
                let at = Some(self.target.name());
                self.target.cluster.emit(Event::Warning { text, at }).await;
            }
        }
    }

    async fn apply_accounts(
        &mut self,
        mut steps: Vec<(ServiceAccountName, AccountStep)>,
    ) -> Requeue {
        if self.state.open_accounts.is_none() {
            // In a run over all namespaces, most have no matching account, and a line for each would be noise.
            if steps.is_empty() && self.target.named {
                let text = format!("No resources found in {} namespace.", self.target.namespace);
                self.note(text).await;
            }
            let open: BTreeSet<_> = steps.iter().map(|(name, _)| name.clone()).collect();
            for name in &open {
                let object = ObjectName::ServiceAccount(name.clone());
                self.ledger.track(&self.target.name(), &object);
            }
            self.ledger.mark_listed(&self.target.name());
            self.increase_total(open.len()).await;
            self.state.open_accounts = Some(open);
        }
        self.skip_absent_accounts(&mut steps).await;
        for (name, step) in &steps {
            // The account was read again and lacks the change, so that the unconfirmed patch did not take effect.
            if matches!(step, AccountStep::Patch { .. }) {
                self.state.unconfirmed_accounts.remove(name);
            }
        }
        let (target, desired, ledger) = (self.target, self.desired, self.ledger);
        let mut ends = stream::iter(steps)
            .map(|(name, step)| async move {
                let tracker =
                    ledger.track(&target.name(), &ObjectName::ServiceAccount(name.clone()));
                let result = apply::account::execute(target, desired, &name, step, &tracker).await;
                let object = ObjectName::ServiceAccount(name.clone());
                // Requests belong here: a wait in the loop below would stop polling the other accounts' responses.
                let result = explain_error(target, desired, &object, result).await;
                (name, result)
            })
            .buffer_unordered(MAX_CONCURRENT_ACCOUNTS);
        let mut requeue = Requeue::Done;
        while let Some((name, result)) = ends.next().await {
            match self
                .finish_step(&ObjectName::ServiceAccount(name.clone()), result)
                .await
            {
                Ok(_) => self.state.finish_account(&name),
                Err(why) => requeue = requeue.max(why),
            }
        }
        requeue
    }

    async fn note(&self, line: String) {
        let context = self.target.cluster.context().cloned();
        let event = Event::Note { line, context };
        self.target.cluster.emit(event).await;
    }

    /// Reports that `objects` more objects are part of the run.
    async fn increase_total(&self, objects: usize) {
        let event = Event::TotalIncreased {
            context: self.target.cluster.context().cloned(),
            objects: objects as u64,
        };
        self.target.cluster.emit(event).await;
    }

    /// Reports the object's outcome if the step is final. Otherwise returns why the target needs another round.
    async fn finish_step(
        &mut self,
        object: &ObjectName,
        result: StepResult,
    ) -> Result<ObjectEnd, Requeue> {
        let (outcome, error, manifest) = match result {
            StepResult::Finished {
                outcome,
                error,
                manifest,
            } => (outcome, error, manifest),
            StepResult::NotReady => return Err(Requeue::NotReady),
            StepResult::Conflict {
                error,
                outcome_unknown,
            } => {
                self.record_unconfirmed(object, outcome_unknown);
                if self.state.conflicts < MAX_CONFLICTS {
                    return Err(Requeue::Conflict);
                }
                (Outcome::Failed, Some(error), None)
            }
        };
        let outcome = if !outcome.is_success() && self.has_unconfirmed_write(object) {
            Outcome::Unknown
        } else {
            outcome
        };
        if outcome == Outcome::Failed
            && let Some(error) = &error
            && self.skip_if_namespace_gone(error).await
        {
            self.skip([object.clone()]).await;
            return Ok(ObjectEnd::Skipped);
        }
        self.end(object.clone(), outcome, error, manifest).await;
        Ok(ObjectEnd::Finished(outcome))
    }

    /// Remembers a write whose response was lost, so that the next round can tell whether it took effect.
    fn record_unconfirmed(
        &mut self,
        object: &ObjectName,
        outcome_unknown: Option<UnconfirmedWrite>,
    ) {
        match (object, outcome_unknown) {
            (ObjectName::ServiceAccount(name), Some(UnconfirmedWrite::Account)) => {
                self.state.unconfirmed_accounts.insert(name.clone());
            }
            (_, Some(UnconfirmedWrite::Secret(before))) => {
                self.state.unconfirmed_secret.get_or_insert(before);
            }
            _ => {}
        }
    }

    /// Returns whether a write of the object may have taken effect and no later read has shown whether it did.
    fn has_unconfirmed_write(&self, object: &ObjectName) -> bool {
        match object {
            ObjectName::ServiceAccount(name) => self.state.unconfirmed_accounts.contains(name),
            ObjectName::Secret(_) => self.state.unconfirmed_secret.is_some(),
        }
    }

    /// Ends the accounts without a request because writing the Secret that they would refer to failed.
    async fn skip_accounts(&mut self) {
        for name in self.state.open_accounts.take().unwrap_or_default() {
            self.end(
                ObjectName::ServiceAccount(name),
                Outcome::NotStarted,
                Some(ObjectErrorKind::SecretNotWritten.into()),
                None,
            )
            .await;
        }
        self.state.open_accounts = Some(Default::default());
    }

    /// Reports that the accounts cannot be listed: one error per target, under the name of the account `default`.
    async fn fail_account_listing(&mut self, error: ObjectError) -> Requeue {
        self.state.open_accounts = Some(Default::default());
        self.ledger.mark_listed(&self.target.name());
        if self.skip_if_namespace_gone(&error).await {
            return Requeue::Done;
        }
        if let Ok(name) = crate::request::DEFAULT_ACCOUNT.parse() {
            let object = ObjectName::ServiceAccount(name);
            self.ledger.track(&self.target.name(), &object);
            self.increase_total(1).await;
            let outcome = if error.is_not_started() {
                Outcome::NotStarted
            } else {
                Outcome::Failed
            };
            self.end(object, outcome, Some(error), None).await;
        }
        Requeue::Done
    }

    /// Sends an object's final outcome to the ledger and the reporter.
    async fn end(
        &self,
        object: ObjectName,
        outcome: Outcome,
        error: Option<ObjectError>,
        manifest: Option<Value>,
    ) {
        let error = match error {
            Some(error) => {
                Some(rbac_hint::explain_forbidden(self.target, &object, self.desired, error).await)
            }
            None => None,
        };
        let result = ObjectResult {
            target: self.target.name(),
            object,
            outcome,
            error,
            manifest,
        };
        // Waiting for a slow reporter can be cancelled: the ledger then knows the outcome. Closing and sending happen without
        // an `.await` between them, so that each object is reported exactly once.
        self.ledger
            .record_outcome(&result.target, &result.object, result.outcome);
        let reserved = self.target.cluster.reserve_result().await;
        self.ledger
            .close(&result.target, &result.object, result.outcome);
        reserved.send(result);
    }
}

/// Adds the RBAC hint to a step's error. [`Reconciler::end`] does so again, which costs no request.
async fn explain_error(
    target: &Target,
    desired: &Desired,
    object: &ObjectName,
    result: StepResult,
) -> StepResult {
    match result {
        StepResult::Finished {
            outcome,
            error: Some(error),
            manifest,
        } => StepResult::Finished {
            outcome,
            error: Some(rbac_hint::explain_forbidden(target, object, desired, error).await),
            manifest,
        },
        result => result,
    }
}
