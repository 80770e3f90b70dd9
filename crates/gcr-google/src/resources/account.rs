//! The service account that pulls.

use std::sync::Arc;

use gcr_core::engine::{
    Context, Decision, Finished, ObjectError, ObjectId, Outcome, Resource, State, StepResult,
    WriteTracker,
};
use gcr_core::request::DryRun;
use gcr_core::safety::Safety;

use super::kind::{CREATED, IAM_ACCOUNT};
use super::resource_error::ResourceError;
use super::stage::{Account, Stage};
use super::step::{check, done, failed, interrupted, read, write};
use crate::api_error::Reason;
use crate::error::GoogleError;
use crate::iam::{AccountCreation, ServiceAccount};

/// The service account.
pub struct AccountResource {
    stage: Arc<Stage>,
    id: ObjectId,
    service: [ObjectId; 1],
    dry_run: DryRun,
}

/// The observed account.
pub enum Observed {
    /// It exists.
    Present,
    /// It does not exist.
    Absent,
    /// The API is not enabled yet, or not everywhere.
    ApiDisabled(GoogleError),
}

impl AccountResource {
    /// The display name of new accounts.
    pub const DISPLAY_NAME: &str = "Pulls images for Kubernetes";
    /// The description of new accounts.
    pub const DESCRIPTION: &str = "Created by kubectl gcr-secret setup";

    /// Creates the resource of the stage's account. `service` is the API of IAM in its project.
    #[must_use]
    pub fn new(stage: &Arc<Stage>, service: ObjectId, dry_run: DryRun) -> Self {
        Self {
            id: Self::id_of(&stage.account),
            stage: Arc::clone(stage),
            service: [service],
            dry_run,
        }
    }

    /// Returns the id.
    #[must_use]
    pub fn id_of(account: &Account) -> ObjectId {
        ObjectId::new(&IAM_ACCOUNT, account.email.as_str())
    }

    /// Returns the error of an account that does not exist and that only Google can create.
    fn absent(&self) -> Option<ResourceError> {
        let Account { project, email } = &self.stage.account;
        if email.project().is_some() {
            return None;
        }
        let text = format!("service account {email} not found in project {project}");
        let hint = "check --iam-account, and pass --project with the project of the account";
        let error = ResourceError::state(text, hint.to_owned());
        Some(self.stage.block(&self.id, error))
    }

    /// Returns the error of an account that is disabled.
    fn disabled(&self, found: &ServiceAccount) -> Option<ResourceError> {
        if !found.disabled {
            return None;
        }
        let Account { project, email } = &self.stage.account;
        let text = format!("service account {email} is disabled");
        let hint =
            format!("enable it: gcloud iam service-accounts enable {email} --project={project}");
        Some(self.stage.block(&self.id, ResourceError::state(text, hint)))
    }
}

impl Resource for AccountResource {
    type Observed = Observed;
    type Action = ();
    type Error = ResourceError;
    type Unconfirmed = ();

    fn id(&self) -> &ObjectId {
        &self.id
    }

    fn depends_on(&self) -> &[ObjectId] {
        &self.service
    }

    async fn observe(&self, cx: &Context) -> Result<Observed, ResourceError> {
        let stage = &self.stage;
        let Account { project, email } = &stage.account;
        match read(cx, stage.api.service_account(project, email, false)).await {
            Ok(Some(found)) => {
                if let Some(error) = self.disabled(&found) {
                    return Err(error);
                }
                stage.set_account();
                Ok(Observed::Present)
            }
            Ok(None) => {
                if let Some(error) = self.absent() {
                    return Err(error);
                }
                let create = "iam.serviceAccounts.create";
                check(cx, stage.require_on_project(&self.id, project, create)).await?;
                Ok(Observed::Absent)
            }
            Err(ResourceError::Google(error))
                if matches!(error.reason(), Some(Reason::ServiceDisabled { .. })) =>
            {
                if stage.is_enabled(&self.service[0]) {
                    stage.note_waiting(&self.id, cx, &error).await;
                }
                Ok(Observed::ApiDisabled(error))
            }
            Err(error) => Err(stage.block(&self.id, error)),
        }
    }

    fn decide(
        &self,
        observed: Observed,
        state: &State<'_, ()>,
        warnings: &mut Vec<String>,
    ) -> Decision<(), ResourceError> {
        let error = match observed {
            Observed::Present => {
                return Decision::Finish(Finished::success(Outcome::Unchanged, None));
            }
            _ if self.stage.is_blocked() => return Decision::Fail(ResourceError::Blocked),
            Observed::Absent => return Decision::Act((), Safety::Preconditioned),
            Observed::ApiDisabled(error) => error,
        };
        if !self.stage.is_enabled(&self.service[0]) {
            return Decision::AwaitDependencies;
        }
        if self.dry_run == DryRun::Client {
            let Account { email, .. } = &self.stage.account;
            if email.project().is_some() {
                return Decision::Act((), Safety::Preconditioned);
            }
            warnings.push(format!(
                "service account {email} cannot be read before its API is enabled; the dry run assumes that it exists"
            ));
            self.stage.set_account();
            return Decision::Finish(Finished::success(Outcome::Unchanged, None));
        }
        if state.round.waiting {
            Decision::NotReady
        } else {
            Decision::Fail(ResourceError::Google(error))
        }
    }

    async fn execute(
        &self,
        cx: &Context,
        (): (),
        tracker: &Arc<WriteTracker>,
    ) -> StepResult<ResourceError, ()> {
        let stage = &self.stage;
        let Account { project, email } = &stage.account;
        let call =
            stage
                .api
                .create_service_account(project, email, Self::DISPLAY_NAME, Self::DESCRIPTION);
        match write(cx, tracker, call).await {
            None => interrupted(),
            Some(Err(error)) => failed(error),
            Some(Ok(AccountCreation::Created(_))) => {
                stage.set_new_account(true);
                done(CREATED)
            }
            Some(Ok(AccountCreation::Existing(found))) => {
                if let Some(error) = self.disabled(&found) {
                    return StepResult::Finished(Finished::failure(Outcome::Failed, error));
                }
                stage.set_new_account(false);
                done(Outcome::Unchanged)
            }
        }
    }

    fn preview(&self, (): ()) -> Finished<ResourceError> {
        self.stage.set_new_account(true);
        Finished::success(CREATED, None)
    }

    async fn explain(&self, error: ResourceError) -> ObjectError {
        error.report()
    }

    fn dependency_failed(&self, dependency: &ObjectId) -> ObjectError {
        self.stage.dependency_failed(&self.id, dependency)
    }
}
