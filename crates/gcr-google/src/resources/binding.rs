//! The account's role on a repository.
//!
//! Each round reads the policy, and writes it with the etag that was read. A conflict, also with an earlier attempt of the same
//! run whose response was lost, starts the round again.

use std::sync::Arc;

use gcr_core::engine::{
    Context, Decision, Finished, ObjectError, ObjectId, Outcome, Resource, State, StepResult,
    WriteTracker,
};
use gcr_core::request::DryRun;
use gcr_core::safety::Safety;

use super::account::AccountResource;
use super::kind::{GRANTED, IAM_BINDING};
use super::repository::RepositoryResource;
use super::resource_error::ResourceError;
use super::stage::Stage;
use super::step::{check, done, failed, interrupted, read, write};
use crate::api_error::Reason;
use crate::artifact_registry::RepositoryRole;
use crate::error::GoogleError;
use crate::iam_policy::{Grant, Policy};
use crate::names::RepositoryName;

/// The account's role on a repository.
pub struct BindingResource {
    stage: Arc<Stage>,
    id: ObjectId,
    dependencies: [ObjectId; 2],
    repository: RepositoryName,
    role: RepositoryRole,
    dry_run: DryRun,
}

/// The observed policy.
pub enum Observed {
    /// The account has the role, or a broader one.
    Granted,
    /// The account lacks the role.
    Missing(Policy),
    /// The repository does not exist yet, or its API is not enabled yet.
    Unreadable(GoogleError),
}

impl BindingResource {
    /// Creates the resource. `id` is that of [`Self::id_of`].
    #[must_use]
    pub fn new(
        stage: &Arc<Stage>,
        repository: RepositoryName,
        id: ObjectId,
        role: RepositoryRole,
        dry_run: DryRun,
    ) -> Self {
        Self {
            stage: Arc::clone(stage),
            id,
            dependencies: [
                RepositoryResource::id_of(&repository),
                AccountResource::id_of(&stage.account),
            ],
            repository,
            role,
            dry_run,
        }
    }

    /// Returns the id: `iambinding/ROLE on repositories/R`, with the full name of the repository if another one of the run has
    /// the same short name.
    #[must_use]
    pub fn id_of(
        repository: &RepositoryName,
        role: RepositoryRole,
        all: &[RepositoryName],
    ) -> ObjectId {
        let same = all.iter().filter(|it| it.id == repository.id).count();
        let name = if same > 1 {
            repository.resource()
        } else {
            format!("repositories/{}", repository.id)
        };
        ObjectId::new(&IAM_BINDING, format!("{role} on {name}"))
    }

    fn is_granted(&self, policy: &Policy) -> bool {
        let member = self.stage.account.email.member();
        let (role, broader) = (self.role.as_str(), self.role.broader());
        policy.granted(role, broader, &member).is_some()
    }
}

impl Resource for BindingResource {
    type Observed = Observed;
    type Action = Policy;
    type Error = ResourceError;
    type Unconfirmed = ();

    const ACTS_ONLY_ON_DIFFERENCE: bool = true;

    fn id(&self) -> &ObjectId {
        &self.id
    }

    fn depends_on(&self) -> &[ObjectId] {
        &self.dependencies
    }

    async fn observe(&self, cx: &Context) -> Result<Observed, ResourceError> {
        let (stage, name) = (&self.stage, &self.repository);
        let set = "artifactregistry.repositories.setIamPolicy";
        match read(cx, stage.api.repository_policy(name)).await {
            Ok(policy) if self.is_granted(&policy) => Ok(Observed::Granted),
            Ok(policy) => {
                if cx.round.completed == 0 {
                    check(cx, stage.require_on_repository(&self.id, name, set)).await?;
                }
                Ok(Observed::Missing(policy))
            }
            Err(ResourceError::Google(error))
                if matches!(
                    error.reason(),
                    Some(Reason::ServiceDisabled { .. } | Reason::NotFound)
                ) =>
            {
                if cx.round.completed == 0 {
                    let required = stage.require_on_project(&self.id, &name.project, set);
                    check(cx, required).await?;
                }
                if stage.has_repository(name) {
                    stage.note_waiting(&self.id, cx, &error).await;
                }
                Ok(Observed::Unreadable(error))
            }
            Err(error) => Err(stage.block(&self.id, error)),
        }
    }

    fn decide(
        &self,
        observed: Observed,
        state: &State<'_, ()>,
        _warnings: &mut Vec<String>,
    ) -> Decision<Policy, ResourceError> {
        let error = match observed {
            Observed::Granted => {
                // A write of this run may have succeeded although its response was lost.
                let outcome = match state.unconfirmed {
                    Some(()) => GRANTED,
                    None => Outcome::Unchanged,
                };
                return Decision::Finish(Finished::success(outcome, None));
            }
            _ if self.stage.is_blocked() => return Decision::Fail(ResourceError::Blocked),
            Observed::Missing(policy) => return Decision::Act(policy, Safety::Preconditioned),
            Observed::Unreadable(error) => error,
        };
        if !self.stage.has_repository(&self.repository) {
            return Decision::AwaitDependencies;
        }
        if self.dry_run == DryRun::Client {
            return Decision::Finish(Finished::success(GRANTED, None));
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
        policy: Policy,
        tracker: &Arc<WriteTracker>,
    ) -> StepResult<ResourceError, ()> {
        let (api, name) = (&self.stage.api, &self.repository);
        let member = self.stage.account.email.member();
        let (role, broader) = (self.role.as_str(), self.role.broader());
        let new = match policy.grant(role, broader, &member) {
            Ok(Grant::Changed(new)) => new,
            Ok(Grant::Unchanged { .. }) => return done(Outcome::Unchanged),
            Err(error) => {
                let text = format!("grant {role} on repository {name}: {error}");
                let error = ResourceError::state(text, None);
                return StepResult::Finished(Finished::failure(Outcome::Failed, error));
            }
        };
        let call = api.write_repository_policy(name, self.role, &new);
        let error = match write(cx, tracker, call).await {
            None => return interrupted(),
            // The policy in the response decides, not its status.
            Some(Ok(written)) if self.is_granted(&written) => return done(GRANTED),
            Some(Ok(_)) => {
                let text = format!(
                    "grant {role} on repository {name}: the policy that Google returned does not contain the new binding"
                );
                let error = ResourceError::state(text, "run the command again".to_owned());
                return StepResult::Finished(Finished::failure(Outcome::Failed, error));
            }
            Some(Err(error)) => error,
        };
        match error.reason() {
            // An earlier attempt, of which the response was lost, may have caused the conflict itself.
            Some(Reason::Aborted) => StepResult::Conflict {
                unconfirmed: error.may_have_applied().then_some(()),
                error: ResourceError::Google(error),
            },
            Some(Reason::MemberNotFound) if self.stage.has_new_account() && cx.round.waiting => {
                StepResult::NotReady
            }
            _ => failed(error),
        }
    }

    fn preview(&self, _: Policy) -> Finished<ResourceError> {
        Finished::success(GRANTED, None)
    }

    async fn explain(&self, error: ResourceError) -> ObjectError {
        error.report()
    }

    fn dependency_failed(&self, dependency: &ObjectId) -> ObjectError {
        self.stage.dependency_failed(&self.id, dependency)
    }
}
