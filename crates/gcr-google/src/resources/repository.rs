//! A repository for images.

use std::sync::Arc;

use gcr_core::engine::{
    Context, Decision, Finished, ObjectError, ObjectId, Outcome, Resource, State, StepResult,
    WriteTracker,
};
use gcr_core::request::DryRun;
use gcr_core::safety::Safety;

use super::kind::{CREATED, REPOSITORY};
use super::resource_error::ResourceError;
use super::stage::Stage;
use super::step::{check, done, failed, interrupted, read, time_left, write};
use crate::api_error::Reason;
use crate::artifact_registry::Repository;
use crate::error::GoogleError;
use crate::names::RepositoryName;

/// A repository.
pub struct RepositoryResource {
    stage: Arc<Stage>,
    id: ObjectId,
    service: [ObjectId; 1],
    name: RepositoryName,
    /// Whether to create it.
    create: bool,
    dry_run: DryRun,
}

/// The observed repository.
pub enum Observed {
    /// It exists.
    Present,
    /// It does not exist.
    Absent,
    /// The API is not enabled yet, or not everywhere.
    ApiDisabled(GoogleError),
}

impl RepositoryResource {
    /// The description of new repositories.
    pub const DESCRIPTION: &str = "Images, created by kubectl gcr-secret setup";

    /// Creates the resource. `service` is the API of Artifact Registry in its project.
    #[must_use]
    pub fn new(
        stage: &Arc<Stage>,
        name: RepositoryName,
        service: ObjectId,
        create: bool,
        dry_run: DryRun,
    ) -> Self {
        Self {
            stage: Arc::clone(stage),
            id: Self::id_of(&name),
            service: [service],
            name,
            create,
            dry_run,
        }
    }

    /// Returns the id.
    #[must_use]
    pub fn id_of(name: &RepositoryName) -> ObjectId {
        ObjectId::new(&REPOSITORY, name.resource())
    }

    /// Returns the error of a repository that is not for images.
    fn wrong_format(&self, found: &Repository) -> Option<ResourceError> {
        if found.format == "DOCKER" {
            return None;
        }
        let text = format!(
            "repository {} has the format {}, not DOCKER",
            self.name, found.format
        );
        let hint = "name a repository for container images".to_owned();
        Some(self.stage.block(&self.id, ResourceError::state(text, hint)))
    }
}

impl Resource for RepositoryResource {
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
        let found = match read(cx, stage.api.repository(&self.name)).await {
            Ok(found) => found,
            Err(ResourceError::Google(error))
                if matches!(error.reason(), Some(Reason::ServiceDisabled { .. })) =>
            {
                if stage.is_enabled(&self.service[0]) {
                    stage.note_waiting(&self.id, cx, &error).await;
                }
                return Ok(Observed::ApiDisabled(error));
            }
            Err(error) => return Err(stage.block(&self.id, error)),
        };
        match found {
            Some(found) => {
                if let Some(error) = self.wrong_format(&found) {
                    return Err(error);
                }
                stage.set_repository(&self.name);
                Ok(Observed::Present)
            }
            None if self.create => {
                let create = "artifactregistry.repositories.create";
                let required = stage.require_on_project(&self.id, &self.name.project, create);
                check(cx, required).await?;
                Ok(Observed::Absent)
            }
            None => {
                let text = format!("repository {} not found", self.name);
                let hint = "check --registry, or pass --create-repository to create it".to_owned();
                Err(stage.block(&self.id, ResourceError::state(text, hint)))
            }
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
            if self.create {
                return Decision::Act((), Safety::Preconditioned);
            }
            warnings.push(format!(
                "repository {} cannot be read before its API is enabled; the dry run assumes that it exists",
                self.name
            ));
            self.stage.set_repository(&self.name);
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
        let api = &self.stage.api;
        let call = api.create_repository(&self.name, Self::DESCRIPTION, time_left(cx));
        match write(cx, tracker, call).await {
            None => interrupted(),
            Some(Err(error)) => failed(error),
            Some(Ok((found, is_new))) => {
                if let Some(error) = self.wrong_format(&found) {
                    return StepResult::Finished(Finished::failure(Outcome::Failed, error));
                }
                self.stage.set_repository(&self.name);
                done(if is_new { CREATED } else { Outcome::Unchanged })
            }
        }
    }

    fn preview(&self, (): ()) -> Finished<ResourceError> {
        self.stage.set_repository(&self.name);
        Finished::success(CREATED, None)
    }

    async fn explain(&self, error: ResourceError) -> ObjectError {
        error.report()
    }

    fn dependency_failed(&self, dependency: &ObjectId) -> ObjectError {
        self.stage.dependency_failed(&self.id, dependency)
    }
}
