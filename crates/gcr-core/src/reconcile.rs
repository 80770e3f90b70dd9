//! One target from start to end: observe, plan, apply, and requeue while what was seen is stale.
//!
//! The only loop of the pipe. Every command, over one namespace or a fleet, goes through [`reconcile`].

mod expected_objects;
mod send_futures;
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
use crate::request::{AccountChange, Desired};
use crate::target::{ObjectName, Target};
use crate::target_state::TargetState;
pub use expected_objects::{expected_objects, placeholder_objects};
pub use target_permit::TargetPermit;

/// How often somebody else may be faster in one target before what is still stale is given up.
const MAX_CONFLICTS: u32 = 16;
/// Accounts of one namespace that are written side by side.
const ACCOUNTS: usize = 8;
/// The first and the longest pause while something is not there yet. `default` comes within 5 ms as a rule.
const NOT_READY_BACKOFF: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// Brings `target` to what is `desired`, telling each object's end to the reporter and the ledger. `snapshot` is what is known
/// of it beforehand.
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
        // Before the look: what is told to be over has been looked at since.
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
                    "namespace/{}: changed since it was read; again in {}",
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

/// How an object has ended, for those that come after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ObjectEnd {
    Finished(Outcome),
    /// Its namespace went away: it is not meant any more.
    Skipped,
}

/// Why a round has to be followed by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Requeue {
    Done,
    NotReady,
    Conflict,
}

struct Reconciler<'a> {
    target: &'a Target,
    desired: &'a Desired,
    ledger: &'a Ledger,
    state: TargetState,
}

impl Reconciler<'_> {
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
                    self.state.secret_ended = true;
                    self.state.secret_written = outcome.is_success();
                    if !outcome.is_success() {
                        self.skip_accounts().await;
                        return Requeue::Done;
                    }
                    self.warn(dropped_hosts).await;
                }
                Ok(ObjectEnd::Skipped) => {
                    self.state.secret_ended = true;
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

    /// Tells what was not told yet.
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
            // Where every namespace is meant, most of them hold nothing that a label selects.
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
            // It was read requeue and does not hold the list whose answer was lost.
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
                // Here, side by side: what waits in the loop below keeps the others' answers from being heard in time.
                (name, advised(target, desired, &object, result).await)
            })
            .buffer_unordered(ACCOUNTS);
        let mut requeue = Requeue::Done;
        while let Some((name, result)) = ends.next().await {
            match self
                .finish_step(&ObjectName::ServiceAccount(name.clone()), result)
                .await
            {
                Ok(_) => self.state.end_account(&name),
                Err(why) => requeue = requeue.max(why),
            }
        }
        requeue
    }

    /// Where every namespace is meant, an account that is not there has nothing to take away.
    async fn skip_absent_accounts(&mut self, steps: &mut Vec<(ServiceAccountName, AccountStep)>) {
        let detaches = self.desired.accounts.as_ref().is_some_and(|accounts| {
            !self.target.named && matches!(accounts.change, AccountChange::Detach(_))
        });
        let is_absent = |step: &AccountStep| matches!(step, AccountStep::Fail(error) if error.is_account_not_found());
        let absent = steps.extract_if(.., |(_, step)| detaches && is_absent(step));
        let absent: Vec<_> = absent.map(|(name, _)| name).collect();
        for name in &absent {
            self.state.end_account(name);
        }
        self.skip(absent.into_iter().map(ObjectName::ServiceAccount))
            .await;
    }

    /// Removes objects from the run: they count neither as done nor as failed.
    async fn skip(&self, objects: impl IntoIterator<Item = ObjectName>) {
        let target = self.target.name();
        let mut skipped = 0;
        for object in objects {
            self.ledger.skip(&target, &object);
            skipped += 1;
        }
        if skipped > 0 {
            let event = Event::TotalDecreased {
                context: target.context,
                objects: skipped,
            };
            self.target.cluster.emit(event).await;
        }
    }

    async fn note(&self, line: String) {
        let context = self.target.cluster.context().cloned();
        let event = Event::Note { line, context };
        self.target.cluster.emit(event).await;
    }

    /// So many objects turned out to be meant.
    async fn increase_total(&self, objects: usize) {
        let event = Event::TotalIncreased {
            context: self.target.cluster.context().cloned(),
            objects: objects as u64,
        };
        self.target.cluster.emit(event).await;
    }

    /// Whether the error only says that a namespace nobody named is no more; that is said once, and counts nothing.
    async fn skip_if_namespace_gone(&mut self, error: &ObjectError) -> bool {
        let Some(why) = error.namespace_gone().filter(|_| !self.target.named) else {
            return false;
        };
        let line = format!("namespace/{} skipped: {why}", self.target.namespace);
        if self.state.warn_once(&line) {
            self.note(line).await;
        }
        true
    }

    /// Ends the object where it has ended, or says why it must be seen requeue.
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

    /// Whether a write of the object may have been carried out, and nobody has seen since whether it was.
    fn has_unconfirmed_write(&self, object: &ObjectName) -> bool {
        match object {
            ObjectName::ServiceAccount(name) => self.state.unconfirmed_accounts.contains(name),
            ObjectName::Secret(_) => self.state.unconfirmed_secret.is_some(),
        }
    }

    /// The Secret is not as asked: a reference to it would be to nothing.
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

    /// The accounts could not be listed: the error is the target's, and told once.
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
        let ended = ObjectResult {
            target: self.target.name(),
            object,
            outcome,
            error,
            manifest,
        };
        // The reporter may be slow; and in one step, so that nothing is told twice.
        self.ledger
            .record_outcome(&ended.target, &ended.object, ended.outcome);
        let reserved = self.target.cluster.reserve_result().await;
        self.ledger
            .close(&ended.target, &ended.object, ended.outcome);
        reserved.send(ended);
    }
}

/// With the advice for its error; asked for once more it costs nothing.
async fn advised(
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
