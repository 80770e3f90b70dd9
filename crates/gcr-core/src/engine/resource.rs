//! Defines a resource: one object of a target that a run brings to its desired state.

use serde_json::Value;
use std::sync::Arc;
use tokio::time::Instant;

use super::ledger::WriteTracker;
use super::object::{ObjectId, Outcome};
use super::object_error::ObjectError;
use crate::request::DryRun;
use crate::safety::Safety;
use crate::stop::StopSignal;

/// The facts that all resources of a target share during one round.
#[derive(Debug, Clone)]
pub struct Context {
    /// Whether and how to simulate the run.
    pub dry_run: DryRun,
    /// When to stop waiting for objects that do not exist yet.
    pub deadline: Instant,
    /// Whether the run was interrupted.
    pub stop: StopSignal,
    /// The current round.
    pub round: Round,
}

/// A round: one pass of observe, decide and execute over the open resources of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// Number of completed rounds.
    pub completed: u32,
    /// Number of conflicts, over all resources of the target.
    pub conflicts: u32,
    /// Whether the deadline was in the future when this round began. Sampled before the resources are observed, so that a
    /// final "not found" was observed after the deadline.
    pub waiting: bool,
}

impl Round {
    /// Returns the first round of a target.
    pub fn first() -> Self {
        Self {
            completed: 0,
            conflicts: 0,
            waiting: true,
        }
    }
}

/// What a decision depends on besides the observed object.
#[derive(Debug)]
pub struct State<'a, U> {
    /// The current round.
    pub round: Round,
    /// What remains of an earlier write of this run that got no response.
    pub unconfirmed: Option<&'a U>,
}

/// The next step of a resource.
#[derive(Debug)]
pub enum Decision<A, E> {
    /// Execute the action. In a client dry run, the engine previews it instead.
    Act(A, Safety),
    /// The resource is finished without an action.
    Finish(Finished<E>),
    /// The object does not exist yet, or is not deleted yet: observe it again after a pause.
    NotReady,
    /// The observation means nothing before the dependencies are finished: observe again as soon as they are.
    AwaitDependencies,
    /// The object is no longer part of the run. The note states why, and is printed once per target.
    Skip(Option<String>),
    /// The object cannot be brought to its desired state.
    Fail(E),
}

/// A finished resource.
#[derive(Debug)]
pub struct Finished<E> {
    /// The outcome.
    pub outcome: Outcome,
    /// The error, unless the outcome is a success.
    pub error: Option<E>,
    /// The object to print, if objects are to be printed.
    pub manifest: Option<Value>,
    /// Warnings that are true now that the resource is finished.
    pub warnings: Vec<String>,
}

impl<E> Finished<E> {
    /// Returns a success.
    pub fn success(outcome: Outcome, manifest: Option<Value>) -> Self {
        Self {
            outcome,
            error: None,
            manifest,
            warnings: Vec::new(),
        }
    }

    /// Returns a failure.
    pub fn failure(outcome: Outcome, error: E) -> Self {
        Self {
            outcome,
            error: Some(error),
            manifest: None,
            warnings: Vec::new(),
        }
    }
}

/// The result of an executed action.
#[derive(Debug)]
pub enum StepResult<E, U> {
    /// The resource is finished.
    Finished(Finished<E>),
    /// The object is no longer part of the run. The note states why, and is printed once per target.
    Skipped(Option<String>),
    /// Another client changed the object after it was read.
    Conflict {
        /// The last error of the server, for the case that no further round is allowed.
        error: E,
        /// What to remember of an attempt that got no response: the attempt itself may be the cause of the conflict.
        unconfirmed: Option<U>,
    },
    /// The object does not exist yet.
    NotReady,
}

/// One object that a run brings to its desired state.
///
/// The engine observes all open resources of a target concurrently, and executes their actions in the order of their
/// dependencies. It does so again after a conflict, and while an object is not ready.
pub trait Resource: Send + Sync {
    /// The object as observed.
    type Observed: Send;
    /// A change, prepared by [`Resource::decide`].
    type Action: Send;
    /// The typed error of this kind of object.
    type Error: Send;
    /// What to remember of a write that got no response.
    type Unconfirmed: Send;

    /// Whether [`Resource::decide`] acts only if the observed object lacks the change. Deciding to act then proves that an
    /// earlier unconfirmed write did not take effect.
    const ACTS_ONLY_ON_DIFFERENCE: bool = false;

    /// Returns the object's kind and name.
    fn id(&self) -> &ObjectId;

    /// Returns the name under which the object is reported. Differs from [`Resource::id`] if the server chooses the name.
    fn reported_id(&self) -> ObjectId {
        self.id().clone()
    }

    /// Returns the objects of the same target that must succeed before this one is changed.
    fn depends_on(&self) -> &[ObjectId] {
        &[]
    }

    /// Reads the object. Writes nothing.
    fn observe(
        &self,
        cx: &Context,
    ) -> impl Future<Output = Result<Self::Observed, Self::Error>> + Send;

    /// Decides the next step. Pure: no network, no clock. Adds to `warnings` what the user should know in any case.
    fn decide(
        &self,
        observed: Self::Observed,
        state: &State<'_, Self::Unconfirmed>,
        warnings: &mut Vec<String>,
    ) -> Decision<Self::Action, Self::Error>;

    /// Executes the action, as a server-side dry run if `cx` says so. Passes `tracker` with each request that writes.
    fn execute(
        &self,
        cx: &Context,
        action: Self::Action,
        tracker: &Arc<WriteTracker>,
    ) -> impl Future<Output = StepResult<Self::Error, Self::Unconfirmed>> + Send;

    /// Returns what a client dry run reports in place of executing the action.
    fn preview(&self, action: Self::Action) -> Finished<Self::Error>;

    /// Converts the error for the report. May send requests that find the hint.
    fn explain(&self, error: Self::Error) -> impl Future<Output = ObjectError> + Send;

    /// Returns the note for an object that an error removes from the run, for example because its namespace was deleted
    /// meanwhile.
    fn skip_reason(&self, error: &Self::Error) -> Option<String> {
        let _ = error;
        None
    }

    /// Returns the error of this object if an object that it depends on has failed.
    fn dependency_failed(&self, dependency: &ObjectId) -> ObjectError {
        ObjectError::not_started(format!("skipped: {dependency} failed"))
    }
}
