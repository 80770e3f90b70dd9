//! The access token in the Secret of one namespace as a resource of the engine.

use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::observe::{self, ObservedToken};
use super::shared::RefreshContext;
use crate::domain::names::SecretName;
use crate::domain::pull_secret::ACCOUNT;
use crate::engine::{
    Context, Decision, Finished, Hint, ObjectError, ObjectId, Outcome, Resource, State, StepResult,
    WriteTracker,
};
use crate::request::{DesiredSecret, Manifest};
use crate::resources::permissions;
use crate::resources::pull_secret_summary::PullSecretSummary;
use crate::resources::resource_error::{ResourceError, ResourceErrorKind};
use crate::resources::secret::{
    self, CONFIGURED, CREATED, PriorState, SecretAction, SecretSpec, Writer,
};

/// The access token in one Secret.
pub(super) struct SecretRefresh<'a> {
    id: ObjectId,
    cx: RefreshContext<'a>,
    name: SecretName,
    /// The discovered objects, until the first round has used them.
    listed: Mutex<Option<Box<ObjectMeta>>>,
}

/// Why a token was not renewed.
pub(super) enum RefreshError {
    /// The Secret was not read or written.
    Secret(ResourceError),
    /// Another reason, ready to print.
    Other(ObjectError),
}

/// A prepared write.
pub(super) struct Renewal {
    desired: Box<DesiredSecret>,
    action: SecretAction,
}

/// A renewed Secret is printed without its token.
const MANIFEST: Manifest = Manifest {
    masked: true,
    with_namespace: true,
};

impl<'a> SecretRefresh<'a> {
    /// Returns the resource. `listed` is the metadata that the discovery found.
    pub(super) fn new(cx: RefreshContext<'a>, name: SecretName, listed: Box<ObjectMeta>) -> Self {
        Self {
            id: secret::id(&name),
            cx,
            name,
            listed: Mutex::new(Some(listed)),
        }
    }

    fn spec<'s>(&'s self, desired: &'s DesiredSecret) -> SecretSpec<'s> {
        SecretSpec {
            target: self.cx.target,
            desired,
            execution: self.cx.execution,
            manifest: MANIFEST,
        }
    }

    fn error(&self, text: &str, hint: &'static str) -> Decision<Renewal, RefreshError> {
        let cause = format!("error: secret {:?} {text}", self.name.as_str());
        Decision::Fail(RefreshError::Other(ObjectError {
            hint: Some(Hint::new(hint)),
            ..ObjectError::new(cause)
        }))
    }

    fn unchanged(&self, metadata: &ObjectMeta) -> Finished<RefreshError> {
        Finished::success(Outcome::Unchanged, self.cx.printed(metadata))
    }
}

impl From<ResourceError> for RefreshError {
    fn from(error: ResourceError) -> Self {
        Self::Secret(error)
    }
}

fn convert(finished: Finished<ResourceError>) -> Finished<RefreshError> {
    Finished {
        outcome: finished.outcome,
        error: finished.error.map(RefreshError::Secret),
        manifest: finished.manifest,
        warnings: finished.warnings,
    }
}

impl Resource for SecretRefresh<'_> {
    type Observed = ObservedToken;
    type Action = Renewal;
    type Error = RefreshError;
    type Unconfirmed = (PriorState, Option<String>);

    fn id(&self) -> &ObjectId {
        &self.id
    }

    async fn observe(&self, _: &Context) -> Result<ObservedToken, RefreshError> {
        let listed = {
            let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
            listed.take()
        };
        let observed = observe::observe(&self.cx, &self.name, listed).await;
        observed.map_err(|error| RefreshError::Secret(error.into()))
    }

    fn decide(
        &self,
        observed: ObservedToken,
        state: &State<'_, (PriorState, Option<String>)>,
        warnings: &mut Vec<String>,
    ) -> Decision<Renewal, RefreshError> {
        let skipped = |why: &str| Decision::Skip(Some(format!("{} skipped: {why}", self.id)));
        let (desired, observed) = match observed {
            ObservedToken::Gone => return skipped("deleted meanwhile"),
            ObservedToken::Replaced => return skipped("it contains no access token any more"),
            ObservedToken::UnknownAccount => {
                let text = format!(
                    "does not name the service account of its access token (annotation {ACCOUNT}), so the token cannot be renewed"
                );
                return self.error(&text, WRITE_AGAIN);
            }
            ObservedToken::InvalidAccount(reason) => {
                let text = format!("names no service account in annotation {ACCOUNT}: {reason}");
                return self.error(&text, WRITE_AGAIN);
            }
            ObservedToken::TokenMissing => {
                let text = "contains no access token, although an annotation says so";
                return self.error(text, WRITE_AGAIN);
            }
            ObservedToken::Valid(metadata) => {
                let expires = PullSecretSummary::of(&metadata).expires;
                let is_ours = state
                    .unconfirmed
                    .is_some_and(|(_, written)| *written == expires);
                return Decision::Finish(if is_ours {
                    Finished::success(CONFIGURED, self.cx.printed(&metadata))
                } else {
                    self.unchanged(&metadata)
                });
            }
            ObservedToken::NotIssued(error) => return Decision::Fail(RefreshError::Other(error)),
            ObservedToken::Due(desired, observed) => (desired, observed),
        };
        let unconfirmed = state.unconfirmed.map(|(prior, _)| prior);
        let execution = self.cx.execution;
        match secret::decide(execution, &desired, observed, unconfirmed, warnings) {
            Decision::Act(action, safety) => Decision::Act(Renewal { desired, action }, safety),
            Decision::Finish(finished) => Decision::Finish(convert(finished)),
            Decision::NotReady => Decision::NotReady,
            Decision::AwaitDependencies => Decision::AwaitDependencies,
            Decision::Skip(note) => Decision::Skip(note),
            Decision::Fail(error) => Decision::Fail(error.into()),
        }
    }

    async fn execute(
        &self,
        _: &Context,
        renewal: Renewal,
        tracker: &Arc<WriteTracker>,
    ) -> StepResult<RefreshError, (PriorState, Option<String>)> {
        let spec = self.spec(&renewal.desired);
        let writer = Writer {
            spec: &spec,
            tracker,
        };
        let SecretAction::Apply(apply) = renewal.action else {
            // Only a run that may recreate a Secret replaces it, and only one that reads nothing prints it.
            return StepResult::Skipped(None);
        };
        let expires = renewal.desired.credential.expires().map(str::to_owned);
        match writer.apply(apply, CREATED).await {
            StepResult::Finished(finished) => StepResult::Finished(convert(finished)),
            StepResult::Skipped(note) => StepResult::Skipped(note),
            StepResult::NotReady => StepResult::NotReady,
            StepResult::Conflict { error, unconfirmed } => StepResult::Conflict {
                error: error.into(),
                unconfirmed: unconfirmed.map(|prior| (prior, expires)),
            },
        }
    }

    fn preview(&self, renewal: Renewal) -> Finished<RefreshError> {
        let manifest = self.spec(&renewal.desired).printed(true, true);
        Finished::success(CONFIGURED, manifest)
    }

    async fn explain(&self, error: RefreshError) -> ObjectError {
        match error {
            RefreshError::Other(error) => error,
            RefreshError::Secret(mut error) => {
                let is_fixed = matches!(
                    error.kind,
                    ResourceErrorKind::WrongType { .. } | ResourceErrorKind::Immutable { .. }
                );
                if is_fixed {
                    error.hint = Some(Hint::new(RECREATE));
                }
                let rule = permissions::refresh(self.cx.desired.name.as_ref());
                self.cx.explain(&rule, self.name.as_str(), error).await
            }
        }
    }

    fn skip_reason(&self, error: &RefreshError) -> Option<String> {
        match error {
            RefreshError::Secret(error) => self.cx.target.skip_note(error.namespace_gone()),
            RefreshError::Other(_) => None,
        }
    }
}

/// The hint for a Secret whose token cannot be renewed.
const WRITE_AGAIN: &str = "write it again with: kubectl gcr-secret setup --credential token";
/// The hint for a Secret that no apply can change.
const RECREATE: &str = "replace it with: kubectl gcr-secret setup --credential token --recreate";
