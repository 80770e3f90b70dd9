//! Retires a key that a rotation has replaced: disables it, which can be undone, then deletes it. A read confirms each step
//! before the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gcr_core::engine::{
    Context, Decision, Finished, ObjectError, ObjectId, Outcome, Resource, State, StepResult,
    WriteTracker,
};
use gcr_core::safety::Safety;

use super::kind::{DELETED, DISABLED, KEY};
use super::resource_error::ResourceError;
use super::stage::Stage;
use super::step::{failed, interrupted, read, write};
use crate::iam_keys::Key;
use crate::names::KeyId;

/// A step of the retirement of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Retirement {
    /// Disables the key.
    Disable,
    /// Deletes the key, which must be disabled.
    Delete,
}

/// A key that is no longer in use.
pub struct RetirementResource {
    stage: Arc<Stage>,
    id: ObjectId,
    key: KeyId,
    step: Retirement,
    /// Whether Google has confirmed the request of this step.
    confirmed: AtomicBool,
}

impl RetirementResource {
    /// Creates the resource.
    #[must_use]
    pub fn new(stage: &Arc<Stage>, key: KeyId, step: Retirement) -> Self {
        Self {
            stage: Arc::clone(stage),
            id: ObjectId::new(&KEY, key.as_str()),
            key,
            step,
            confirmed: AtomicBool::new(false),
        }
    }

    fn outcome(&self) -> Outcome {
        match self.step {
            Retirement::Disable => DISABLED,
            Retirement::Delete => DELETED,
        }
    }

    fn finished(&self) -> Decision<(), ResourceError> {
        let outcome = if self.confirmed.load(Ordering::Relaxed) {
            self.outcome()
        } else {
            Outcome::Unchanged
        };
        Decision::Finish(Finished::success(outcome, None))
    }
}

impl Resource for RetirementResource {
    /// `None` if the key does not exist.
    type Observed = Option<Key>;
    type Action = ();
    type Error = ResourceError;
    type Unconfirmed = ();

    fn id(&self) -> &ObjectId {
        &self.id
    }

    async fn observe(&self, cx: &Context) -> Result<Option<Key>, ResourceError> {
        let account = self.stage.account.reference();
        read(cx, self.stage.api.key(account, &self.key)).await
    }

    fn decide(
        &self,
        key: Option<Key>,
        state: &State<'_, ()>,
        _warnings: &mut Vec<String>,
    ) -> Decision<(), ResourceError> {
        let is_confirmed = self.confirmed.load(Ordering::Relaxed);
        let is_done = match (&key, self.step) {
            (None, _) => true,
            (Some(key), Retirement::Disable) => key.disabled,
            (Some(_), Retirement::Delete) => false,
        };
        if is_done {
            return self.finished();
        }
        if !is_confirmed {
            return Decision::Act((), Safety::Idempotent);
        }
        // Google's answer may precede what its lists show.
        if state.round.waiting {
            return Decision::NotReady;
        }
        let text = format!("{}: Google does not show the change", self.id);
        Decision::Fail(ResourceError::state(
            text,
            "run the command again".to_owned(),
        ))
    }

    async fn execute(
        &self,
        cx: &Context,
        (): (),
        tracker: &Arc<WriteTracker>,
    ) -> StepResult<ResourceError, ()> {
        let (api, account) = (&self.stage.api, self.stage.account.reference());
        let call = async {
            match self.step {
                Retirement::Disable => api.disable_key(account, &self.key).await,
                Retirement::Delete => api.delete_key(account, &self.key).await.map(|_| ()),
            }
        };
        match write(cx, tracker, call).await {
            None => interrupted(),
            Some(Ok(())) => {
                self.confirmed.store(true, Ordering::Relaxed);
                StepResult::NotReady
            }
            // Another run was faster.
            Some(Err(error)) if error.is_not_found() => StepResult::NotReady,
            Some(Err(error)) => failed(error),
        }
    }

    fn preview(&self, (): ()) -> Finished<ResourceError> {
        Finished::success(self.outcome(), None)
    }

    async fn explain(&self, error: ResourceError) -> ObjectError {
        error.report()
    }
}
