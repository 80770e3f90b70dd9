//! The key of a rotation: a new one, or that of an unfinished rotation.

use std::sync::{Arc, OnceLock};

use gcr_core::engine::{
    Context, Decision, Finished, ObjectError, ObjectId, Outcome, Resource, State, StepResult,
    WriteTracker,
};
use gcr_core::safety::Safety;

use super::kind::{CREATED, KEY};
use super::resource_error::ResourceError;
use super::stage::Stage;
use super::step::done;
use crate::names::KeyId;

/// A new key, even if the account has other keys.
pub struct NewKeyResource {
    stage: Arc<Stage>,
    id: ObjectId,
    reported: OnceLock<ObjectId>,
}

/// A key that a Secret carries and that the stage has got already.
pub struct ReusedKeyResource {
    id: ObjectId,
}

impl NewKeyResource {
    /// Creates the resource. Before Google chooses the ID, it has the address of the account as its name.
    #[must_use]
    pub fn new(stage: &Arc<Stage>) -> Self {
        Self {
            id: ObjectId::new(&KEY, stage.account.email.as_str()),
            stage: Arc::clone(stage),
            reported: OnceLock::new(),
        }
    }
}

impl ReusedKeyResource {
    /// Creates the resource.
    #[must_use]
    pub fn new(key: &KeyId) -> Self {
        Self {
            id: ObjectId::new(&KEY, key.as_str()),
        }
    }
}

impl Resource for NewKeyResource {
    type Observed = ();
    type Action = ();
    type Error = ResourceError;
    type Unconfirmed = ();

    fn id(&self) -> &ObjectId {
        &self.id
    }

    fn reported_id(&self) -> ObjectId {
        self.reported.get().unwrap_or(&self.id).clone()
    }

    async fn observe(&self, _cx: &Context) -> Result<(), ResourceError> {
        // The rotation has been decided from the list of keys.
        Ok(())
    }

    fn decide(
        &self,
        (): (),
        _state: &State<'_, ()>,
        _warnings: &mut Vec<String>,
    ) -> Decision<(), ResourceError> {
        Decision::Act((), Safety::AtMostOnce)
    }

    async fn execute(
        &self,
        cx: &Context,
        (): (),
        tracker: &Arc<WriteTracker>,
    ) -> StepResult<ResourceError, ()> {
        super::key::create(&self.stage, &self.reported, None, cx, tracker).await
    }

    fn preview(&self, (): ()) -> Finished<ResourceError> {
        Finished::success(CREATED, None)
    }

    async fn explain(&self, error: ResourceError) -> ObjectError {
        error.report()
    }
}

impl Resource for ReusedKeyResource {
    type Observed = ();
    type Action = ();
    type Error = ResourceError;
    type Unconfirmed = ();

    fn id(&self) -> &ObjectId {
        &self.id
    }

    async fn observe(&self, _cx: &Context) -> Result<(), ResourceError> {
        Ok(())
    }

    fn decide(
        &self,
        (): (),
        _state: &State<'_, ()>,
        _warnings: &mut Vec<String>,
    ) -> Decision<(), ResourceError> {
        Decision::Finish(Finished::success(Outcome::Unchanged, None))
    }

    async fn execute(
        &self,
        _cx: &Context,
        (): (),
        _tracker: &Arc<WriteTracker>,
    ) -> StepResult<ResourceError, ()> {
        done(Outcome::Unchanged)
    }

    fn preview(&self, (): ()) -> Finished<ResourceError> {
        Finished::success(Outcome::Unchanged, None)
    }

    async fn explain(&self, error: ResourceError) -> ObjectError {
        error.report()
    }
}
