//! The deletion of the Secret of one namespace as a resource of the engine.

use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::decide::{self, Deletion};
use super::kind::DELETED;
use super::late_references;
use super::shared::DeletionContext;
use crate::engine::{
    Context, Decision, Finished, ObjectError, ObjectId, Outcome, Resource, State, StepResult,
    WriteTracker,
};
use crate::kubernetes::ApiError;
use crate::kubernetes::api_request::{ApiResponse, WriteObserver};
use crate::kubernetes::object;
use crate::request::DryRun;
use crate::resources::permissions;
use crate::resources::resource_error::{ResourceError, ResourceErrorKind};
use crate::resources::secret;

/// The Secret of one namespace, whose desired state is to be absent.
pub(super) struct SecretDeletion<'a> {
    id: ObjectId,
    depends_on: Vec<ObjectId>,
    cx: DeletionContext<'a>,
    /// The discovered objects, until the first round has used them.
    found: Mutex<Option<Option<Box<ObjectMeta>>>>,
    /// The warning about pods that reference the Secret.
    pods: Option<String>,
}

/// The result of a step.
type Step = StepResult<ResourceError, ()>;

impl<'a> SecretDeletion<'a> {
    /// Returns the resource. `accounts` are those whose references are removed first.
    pub(super) fn new(
        cx: DeletionContext<'a>,
        accounts: Vec<ObjectId>,
        found: Option<Box<ObjectMeta>>,
        pods: Option<String>,
    ) -> Self {
        Self {
            id: secret::id(&cx.desired.name),
            depends_on: accounts,
            cx,
            found: Mutex::new(Some(found)),
            pods,
        }
    }

    fn deleted(&self, metadata: &ObjectMeta) -> Finished<ResourceError> {
        let mut finished = Finished::success(DELETED, self.cx.printed(metadata));
        finished.warnings.extend(self.pods.clone());
        finished
    }

    /// Removes the references that were added meanwhile, and returns the result.
    async fn finish(&self, metadata: &ObjectMeta, tracker: &Arc<WriteTracker>) -> Step {
        let mut finished = self.deleted(metadata);
        if self.cx.execution.dry_run != DryRun::None || self.cx.desired.keep_references {
            tracker.mark_answered();
            return StepResult::Finished(finished);
        }
        tracker.mark_partial();
        let observer: Arc<dyn WriteObserver> = Arc::clone(tracker) as _;
        let removed = late_references::remove(&self.cx, &observer).await;
        tracker.mark_answered();
        match removed {
            Ok(accounts) => {
                let name = self.cx.desired.name.as_str();
                finished.warnings.extend(accounts.iter().map(|account| {
                    format!(
                        "serviceaccount {account:?} was changed to reference secret {name:?} while it was deleted; the \
                         reference was removed"
                    )
                }));
                StepResult::Finished(finished)
            }
            Err(error) => {
                let name = self.cx.desired.name.to_string();
                let error = ResourceErrorKind::ReferencesUnchecked { name, error };
                let outcome = ResourceError::from(error.clone()).outcome(false);
                StepResult::Finished(Finished::failure(outcome, error.into()))
            }
        }
    }
}

/// Returns the metadata of a Secret that its finalizers keep, from the response to its deletion. The server responds with a
/// `Status` if the Secret is gone (k8s.io/apiserver `registry/generic/registry/store.go`, `Delete`).
fn kept_by_finalizers(response: &ApiResponse) -> Option<ObjectMeta> {
    let metadata = object::metadata(response).ok()?;
    let has_finalizers = metadata
        .finalizers
        .as_ref()
        .is_some_and(|it| !it.is_empty());
    (metadata.deletion_timestamp.is_some() && has_finalizers).then_some(metadata)
}

impl Resource for SecretDeletion<'_> {
    type Observed = Option<Box<ObjectMeta>>;
    type Action = Deletion;
    type Error = ResourceError;
    type Unconfirmed = ();

    const ACTS_ONLY_ON_DIFFERENCE: bool = true;

    fn id(&self) -> &ObjectId {
        &self.id
    }

    fn depends_on(&self) -> &[ObjectId] {
        &self.depends_on
    }

    async fn observe(&self, _: &Context) -> Result<Option<Box<ObjectMeta>>, ResourceError> {
        let found = {
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            found.take()
        };
        if let Some(found) = found {
            return Ok(found);
        }
        let target = self.cx.target;
        let name = &self.cx.desired.name;
        let metadata = target
            .cluster
            .read_secret_metadata(&target.namespace, name)
            .await?;
        Ok(metadata.map(Box::new))
    }

    fn decide(
        &self,
        observed: Option<Box<ObjectMeta>>,
        state: &State<'_, ()>,
        _: &mut Vec<String>,
    ) -> Decision<Deletion, ResourceError> {
        let field_manager = &self.cx.execution.field_manager;
        let was_sent = state.unconfirmed.is_some();
        let named = self.cx.target.named;
        decide::decide(self.cx.desired, field_manager, observed, was_sent, named)
    }

    async fn execute(&self, _: &Context, action: Deletion, tracker: &Arc<WriteTracker>) -> Step {
        let dry_run = self.cx.execution.dry_run != DryRun::None;
        let observer: Option<Arc<dyn WriteObserver>> = if dry_run {
            None
        } else {
            Some(Arc::clone(tracker) as _)
        };
        let Deletion {
            preconditions,
            metadata,
        } = action;
        let target = self.cx.target;
        let name = &self.cx.desired.name;
        let deleted = target
            .cluster
            .delete_secret(&target.namespace, name, &preconditions, dry_run, observer)
            .await;
        let error = match deleted {
            Ok(response) => {
                if let Some(kept) = kept_by_finalizers(&response).filter(|_| !dry_run) {
                    tracker.mark_partial();
                    let error = ResourceError::still_deleting(name, &kept);
                    return StepResult::Finished(Finished::failure(Outcome::Failed, error));
                }
                return self.finish(&metadata, tracker).await;
            }
            Err(error) => error,
        };
        let outcome_unknown = error.outcome_unknown;
        let is_gone = error.api_error().is_some_and(ApiError::is_not_found);
        if is_gone && outcome_unknown {
            // An earlier attempt deleted it, or another client did.
            return self.finish(&metadata, tracker).await;
        }
        if !outcome_unknown {
            tracker.mark_answered();
        }
        let is_stale = is_gone || error.api_error().is_some_and(ApiError::is_conflict);
        let error = ResourceError::from(error);
        if is_stale {
            return StepResult::Conflict {
                error,
                unconfirmed: outcome_unknown.then_some(()),
            };
        }
        StepResult::Finished(Finished::failure(error.outcome(outcome_unknown), error))
    }

    fn preview(&self, action: Deletion) -> Finished<ResourceError> {
        self.deleted(&action.metadata)
    }

    async fn explain(&self, error: ResourceError) -> ObjectError {
        let rule = permissions::delete_secret(&self.cx.desired.name);
        self.cx.explain(&rule, error).await
    }

    fn skip_reason(&self, error: &ResourceError) -> Option<String> {
        self.cx.target.skip_note(error.namespace_gone())
    }

    fn dependency_failed(&self, _: &ObjectId) -> ObjectError {
        ObjectError::not_started("skipped: removing a reference to it failed")
    }
}
