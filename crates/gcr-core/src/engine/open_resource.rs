//! Erases the types of a resource, so that the engine can hold different kinds of resources.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::ledger::WriteTracker;
use super::object::{ObjectId, Outcome};
use super::object_error::ObjectError;
use super::resource::{Context, Decision, Finished, Resource, Round, State, StepResult};
use crate::request::DryRun;
use crate::safety::Safety;

/// A resource of any kind, with what the engine remembers of it between rounds.
pub struct OpenResource<'a>(Box<dyn Erased + 'a>);

/// An observed resource that waits for the decision.
pub(super) type Observation<'r> =
    Box<dyn FnOnce(Round, &mut Vec<String>) -> NextStep<'r> + Send + 'r>;

/// The next step of a resource of any kind.
pub(super) enum NextStep<'r> {
    /// Run this once the dependencies have succeeded.
    Run(Box<dyn FnOnce(Arc<WriteTracker>) -> BoxFuture<'r, StepEnd> + Send + 'r>),
    NotReady,
    AwaitDependencies,
}

/// The end of a step.
pub(super) enum StepEnd {
    Finished(Finished<ObjectError>),
    Skipped(Option<String>),
    Conflict(ObjectError),
    NotReady,
}

impl<'a> OpenResource<'a> {
    /// Wraps a resource.
    pub fn new<R: Resource + 'a>(resource: R) -> Self {
        Self(Box::new(Open {
            resource,
            unconfirmed: Mutex::new(None),
        }))
    }

    /// Returns the object's kind and name.
    pub fn id(&self) -> &ObjectId {
        self.0.id()
    }

    pub(super) fn reported_id(&self) -> ObjectId {
        self.0.reported_id()
    }

    pub(super) fn depends_on(&self) -> &[ObjectId] {
        self.0.depends_on()
    }

    /// Returns whether a write may have taken effect and no later read has shown whether it did.
    pub(super) fn has_unconfirmed_write(&self) -> bool {
        self.0.has_unconfirmed_write()
    }

    pub(super) fn dependency_failed(&self, dependency: &ObjectId) -> ObjectError {
        self.0.dependency_failed(dependency)
    }

    pub(super) fn observe<'r>(&'r self, cx: &'r Context) -> BoxFuture<'r, Observation<'r>> {
        self.0.observe(cx)
    }
}

trait Erased: Send + Sync {
    fn id(&self) -> &ObjectId;
    fn reported_id(&self) -> ObjectId;
    fn depends_on(&self) -> &[ObjectId];
    fn has_unconfirmed_write(&self) -> bool;
    fn dependency_failed(&self, dependency: &ObjectId) -> ObjectError;
    fn observe<'r>(&'r self, cx: &'r Context) -> BoxFuture<'r, Observation<'r>>;
}

struct Open<R: Resource> {
    resource: R,
    unconfirmed: Mutex<Option<R::Unconfirmed>>,
}

impl<R: Resource> Open<R> {
    fn unconfirmed(&self) -> std::sync::MutexGuard<'_, Option<R::Unconfirmed>> {
        // Each change under the lock is one assignment, so that the value stays usable after a panic.
        self.unconfirmed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn decide<'r>(
        &'r self,
        cx: &'r Context,
        observed: Result<R::Observed, R::Error>,
        round: Round,
        warnings: &mut Vec<String>,
    ) -> NextStep<'r> {
        let decision = match observed {
            Err(error) => Decision::Fail(error),
            Ok(observed) => {
                let unconfirmed = self.unconfirmed();
                let unconfirmed = unconfirmed.as_ref();
                let state = State { round, unconfirmed };
                self.resource.decide(observed, &state, warnings)
            }
        };
        match decision {
            Decision::NotReady => NextStep::NotReady,
            Decision::AwaitDependencies => NextStep::AwaitDependencies,
            Decision::Act(action, safety) => NextStep::Run(Box::new(move |tracker| {
                self.act(cx, action, safety, tracker).boxed()
            })),
            Decision::Finish(finished) => NextStep::Run(Box::new(move |_| {
                async move { self.finish(finished).await }.boxed()
            })),
            Decision::Skip(note) => NextStep::Run(Box::new(move |_| {
                async move { StepEnd::Skipped(note) }.boxed()
            })),
            Decision::Fail(error) => NextStep::Run(Box::new(move |_| {
                async move { self.fail(error).await }.boxed()
            })),
        }
    }

    async fn act(
        &self,
        cx: &Context,
        action: R::Action,
        safety: Safety,
        tracker: Arc<WriteTracker>,
    ) -> StepEnd {
        if cx.dry_run == DryRun::Client {
            return self.finish(self.resource.preview(action)).await;
        }
        if cx.stop.is_stopped() {
            let error = ObjectError::not_started("interrupted");
            return StepEnd::Finished(Finished::failure(Outcome::NotStarted, error));
        }
        if R::ACTS_ONLY_ON_DIFFERENCE {
            *self.unconfirmed() = None;
        }
        match self.resource.execute(cx, action, &tracker).await {
            StepResult::Finished(finished) => self.finish(finished).await,
            StepResult::Skipped(note) => StepEnd::Skipped(note),
            StepResult::NotReady => StepEnd::NotReady,
            StepResult::Conflict { error, unconfirmed } => {
                let may_have_applied = unconfirmed.is_some();
                if let Some(unconfirmed) = unconfirmed {
                    // The state before the first unconfirmed write stays the one to compare with.
                    self.unconfirmed().get_or_insert(unconfirmed);
                }
                let error = self.resource.explain(error).await;
                if safety == Safety::AtMostOnce && may_have_applied {
                    return StepEnd::Finished(Finished::failure(Outcome::Unknown, error));
                }
                StepEnd::Conflict(error)
            }
        }
    }

    /// Ends a resource whose observation or decision failed: nothing was sent in this round.
    async fn fail(&self, error: R::Error) -> StepEnd {
        self.finish(Finished::failure(Outcome::Failed, error)).await
    }

    async fn finish(&self, finished: Finished<R::Error>) -> StepEnd {
        let Finished {
            mut outcome,
            error,
            manifest,
            warnings,
        } = finished;
        if !outcome.is_success() && self.has_unconfirmed_write() {
            outcome = Outcome::Unknown;
        }
        let error = match error {
            None => None,
            Some(error) => {
                if outcome == Outcome::Failed
                    && let Some(note) = self.resource.skip_reason(&error)
                {
                    return StepEnd::Skipped(Some(note));
                }
                let error = self.resource.explain(error).await;
                if outcome == Outcome::Failed && error.not_started {
                    outcome = Outcome::NotStarted;
                }
                Some(error)
            }
        };
        StepEnd::Finished(Finished {
            outcome,
            error,
            manifest,
            warnings,
        })
    }
}

impl<R: Resource> Erased for Open<R> {
    fn id(&self) -> &ObjectId {
        self.resource.id()
    }

    fn reported_id(&self) -> ObjectId {
        self.resource.reported_id()
    }

    fn depends_on(&self) -> &[ObjectId] {
        self.resource.depends_on()
    }

    fn has_unconfirmed_write(&self) -> bool {
        self.unconfirmed().is_some()
    }

    fn dependency_failed(&self, dependency: &ObjectId) -> ObjectError {
        self.resource.dependency_failed(dependency)
    }

    fn observe<'r>(&'r self, cx: &'r Context) -> BoxFuture<'r, Observation<'r>> {
        async move {
            let observed = self.resource.observe(cx).await;
            let decide: Observation<'r> =
                Box::new(move |round, warnings| self.decide(cx, observed, round, warnings));
            decide
        }
        .boxed()
    }
}
