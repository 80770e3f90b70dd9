//! An access token of the account, for organizations that forbid keys. Each run issues a new one: it expires soon.

use std::sync::Arc;
use std::time::Duration;

use gcr_core::engine::{
    Context, Decision, Finished, ObjectError, ObjectId, Outcome, Resource, State, StepResult,
    WriteTracker,
};
use gcr_core::safety::Safety;

use super::account::AccountResource;
use super::kind::{ACCESS_TOKEN, ISSUED};
use super::resource_error::ResourceError;
use super::stage::{Account, Stage};
use super::step::{check, done, interrupted, time_left, write};
use crate::api_error::Reason;
use crate::iam_credentials::{CLOUD_PLATFORM, TokenRequest};

const PERMISSION: &str = "iam.serviceAccounts.getAccessToken";

/// An access token of the account.
pub struct TokenResource {
    stage: Arc<Stage>,
    id: ObjectId,
    dependencies: Vec<ObjectId>,
    lifetime: Duration,
}

impl TokenResource {
    /// Creates the resource. `service` is the API of IAM Credentials in the account's project.
    #[must_use]
    pub fn new(stage: &Arc<Stage>, service: ObjectId, lifetime: Duration) -> Self {
        Self {
            stage: Arc::clone(stage),
            id: Self::id_of(&stage.account),
            dependencies: vec![service, AccountResource::id_of(&stage.account)],
            lifetime,
        }
    }

    /// Creates the resource for an account that is not part of the run.
    #[must_use]
    pub fn of_existing_account(stage: &Arc<Stage>, lifetime: Duration) -> Self {
        Self {
            stage: Arc::clone(stage),
            id: Self::id_of(&stage.account),
            dependencies: Vec::new(),
            lifetime,
        }
    }

    /// Returns the id.
    #[must_use]
    pub fn id_of(account: &Account) -> ObjectId {
        ObjectId::new(&ACCESS_TOKEN, account.email.as_str())
    }

    /// Returns whether the API is enabled, but may not be effective yet.
    fn has_new_service(&self) -> bool {
        let service = self.dependencies.first();
        service.is_some_and(|service| self.stage.is_enabled(service))
    }
}

impl Resource for TokenResource {
    type Observed = ();
    type Action = ();
    type Error = ResourceError;
    type Unconfirmed = ();

    fn id(&self) -> &ObjectId {
        &self.id
    }

    fn depends_on(&self) -> &[ObjectId] {
        &self.dependencies
    }

    async fn observe(&self, cx: &Context) -> Result<(), ResourceError> {
        // Without other objects, the call itself shows a missing permission before anything was written.
        if cx.round.completed > 0 || self.dependencies.is_empty() {
            return Ok(());
        }
        // For an account that does not exist, the test fails and proves nothing.
        check(cx, self.stage.require_on_account(&self.id, PERMISSION)).await
    }

    fn decide(
        &self,
        (): (),
        _state: &State<'_, ()>,
        _warnings: &mut Vec<String>,
    ) -> Decision<(), ResourceError> {
        if self.stage.is_blocked() {
            return Decision::Fail(ResourceError::Blocked);
        }
        Decision::Act((), Safety::Idempotent)
    }

    async fn execute(
        &self,
        cx: &Context,
        (): (),
        tracker: &Arc<WriteTracker>,
    ) -> StepResult<ResourceError, ()> {
        let stage = &self.stage;
        let wanted = TokenRequest {
            delegates: &[],
            scopes: &[CLOUD_PLATFORM],
            lifetime: self.lifetime,
        };
        let call = stage
            .api
            .access_token_of(&stage.account.email, wanted, false);
        let call = tokio::time::timeout(time_left(cx).max(Duration::from_secs(30)), call);
        let error = match write(cx, tracker, call).await {
            None => return interrupted(),
            Some(Ok(Ok(token))) => {
                stage.set_token(token);
                return done(ISSUED);
            }
            Some(Ok(Err(error))) => error,
            Some(Err(_)) => {
                let text = format!("get an access token of {}: timed out", stage.account.email);
                let error = ResourceError::state(text, "run the command again".to_owned());
                return StepResult::Finished(Finished::failure(Outcome::Failed, error));
            }
        };
        // A new account, a new role of the caller or a newly enabled API may not be effective yet.
        let is_new = stage.has_new_account() && cx.round.waiting;
        match error.reason() {
            Some(Reason::NotFound | Reason::PermissionDenied { .. }) if is_new => {
                StepResult::NotReady
            }
            Some(Reason::ServiceDisabled { .. }) if cx.round.waiting && self.has_new_service() => {
                StepResult::NotReady
            }
            // A token that was issued but not received is harmless: it expires unused.
            _ => {
                let error = ResourceError::Google(error);
                StepResult::Finished(Finished::failure(Outcome::Failed, error))
            }
        }
    }

    fn preview(&self, (): ()) -> Finished<ResourceError> {
        Finished::success(ISSUED, None)
    }

    async fn explain(&self, error: ResourceError) -> ObjectError {
        error.report()
    }

    fn dependency_failed(&self, dependency: &ObjectId) -> ObjectError {
        self.stage.dependency_failed(&self.id, dependency)
    }
}
