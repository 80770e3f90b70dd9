//! One ServiceAccount of one namespace as a resource of the engine.

use std::sync::{Arc, Mutex, PoisonError};

use super::decide;
use super::kind::{PATCHED, id};
use super::observe::{self, ObservedAccount};
use super::patch::{self, AccountPatch};
use super::shared::{Listed, SharedAccounts, explain};
use crate::domain::names::ServiceAccountName;
use crate::engine::{
    Context, Decision, Finished, ObjectError, ObjectId, Resource, State, StepResult, WriteTracker,
};
use crate::resources::resource_error::ResourceError;
use crate::resources::secret;

/// One ServiceAccount of one namespace.
pub struct ServiceAccountResource<'a> {
    id: ObjectId,
    name: ServiceAccountName,
    depends_on: Vec<ObjectId>,
    shared: Arc<SharedAccounts<'a>>,
    /// Used by the first round.
    listed: Mutex<Listed>,
}

impl<'a> ServiceAccountResource<'a> {
    /// Returns the resource.
    pub fn new(shared: &Arc<SharedAccounts<'a>>, name: ServiceAccountName, listed: Listed) -> Self {
        Self {
            id: id(&name),
            name,
            depends_on: shared.secret.iter().map(secret::id).collect(),
            shared: Arc::clone(shared),
            listed: Mutex::new(listed),
        }
    }

    fn take_listed(&self) -> Listed {
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut listed, Listed::Unknown)
    }
}

impl Resource for ServiceAccountResource<'_> {
    type Observed = ObservedAccount;
    type Action = AccountPatch;
    type Error = ResourceError;
    type Unconfirmed = ();

    const ACTS_ONLY_ON_DIFFERENCE: bool = true;

    fn id(&self) -> &ObjectId {
        &self.id
    }

    fn depends_on(&self) -> &[ObjectId] {
        &self.depends_on
    }

    async fn observe(&self, cx: &Context) -> Result<ObservedAccount, ResourceError> {
        let listed = self.take_listed();
        Ok(observe::observe(&self.shared, &self.name, listed, cx.round).await?)
    }

    fn decide(
        &self,
        observed: ObservedAccount,
        state: &State<'_, ()>,
        warnings: &mut Vec<String>,
    ) -> Decision<AccountPatch, ResourceError> {
        decide::decide(&self.shared, &self.name, observed, state, warnings)
    }

    async fn execute(
        &self,
        _: &Context,
        action: AccountPatch,
        tracker: &Arc<WriteTracker>,
    ) -> StepResult<ResourceError, ()> {
        patch::patch(&self.shared, &self.name, action, tracker).await
    }

    fn preview(&self, action: AccountPatch) -> Finished<ResourceError> {
        Finished::success(PATCHED, self.shared.printed(action.patched))
    }

    async fn explain(&self, error: ResourceError) -> ObjectError {
        explain(&self.shared, self.name.as_str(), error).await
    }

    fn skip_reason(&self, error: &ResourceError) -> Option<String> {
        self.shared.target.skip_note(error.namespace_gone())
    }

    fn dependency_failed(&self, _: &ObjectId) -> ObjectError {
        ObjectError::not_started("skipped: writing its Secret failed")
    }
}
