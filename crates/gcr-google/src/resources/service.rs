//! Enables an API of a project.

use std::sync::Arc;

use gcr_core::engine::{
    Context, Decision, Finished, ObjectError, ObjectId, Outcome, Resource, State, StepResult,
    WriteTracker,
};
use gcr_core::safety::Safety;

use super::kind::{ENABLED, SERVICE};
use super::resource_error::ResourceError;
use super::stage::Stage;
use super::step::{check, done, failed, interrupted, read, time_left, write};
use crate::api_error::Reason;
use crate::error::GoogleError;
use crate::names::{ProjectId, RepositoryName};

/// The API of Artifact Registry.
pub const ARTIFACT_REGISTRY_API: &str = "artifactregistry.googleapis.com";
/// The API of IAM.
pub const IAM_API: &str = "iam.googleapis.com";
/// The API of IAM Service Account Credentials.
pub const IAM_CREDENTIALS_API: &str = "iamcredentials.googleapis.com";

/// A harmless request to the API, for callers that may not ask whether it is enabled.
#[derive(Clone, Debug)]
pub enum ServiceProbe {
    /// Reads the service account.
    Account,
    /// Reads a repository.
    Repository(RepositoryName),
    /// There is none: the API counts as enabled.
    None,
}

/// An API of a project.
pub struct ServiceResource {
    stage: Arc<Stage>,
    id: ObjectId,
    project: ProjectId,
    service: String,
    probe: ServiceProbe,
}

impl ServiceResource {
    /// Creates the resource. `service` is the full name, such as `iam.googleapis.com`.
    #[must_use]
    pub fn new(stage: &Arc<Stage>, project: ProjectId, service: &str, probe: ServiceProbe) -> Self {
        Self {
            id: Self::id_of(stage, &project, service),
            stage: Arc::clone(stage),
            project,
            service: service.to_owned(),
            probe,
        }
    }

    /// Returns the id. The name contains the project only if it is not that of the account.
    #[must_use]
    pub fn id_of(stage: &Stage, project: &ProjectId, service: &str) -> ObjectId {
        let name = if *project == stage.account.project {
            service.to_owned()
        } else {
            format!("{service} in {project}")
        };
        ObjectId::new(&SERVICE, name)
    }

    /// Returns whether the API responds. Used where the caller may not read its state.
    async fn responds(&self) -> bool {
        let api = &self.stage.api;
        let error: Option<GoogleError> = match &self.probe {
            ServiceProbe::None => None,
            ServiceProbe::Repository(name) => api.repository(name).await.err(),
            ServiceProbe::Account => {
                let account = &self.stage.account;
                let found = api.service_account(&account.project, &account.email, false);
                found.await.err()
            }
        };
        let is_disabled =
            |error: GoogleError| matches!(error.reason(), Some(Reason::ServiceDisabled { .. }));
        !error.is_some_and(is_disabled)
    }
}

impl Resource for ServiceResource {
    /// Whether the API is enabled.
    type Observed = bool;
    type Action = ();
    type Error = ResourceError;
    type Unconfirmed = ();

    fn id(&self) -> &ObjectId {
        &self.id
    }

    async fn observe(&self, cx: &Context) -> Result<bool, ResourceError> {
        if cx.round.completed == 0 {
            self.stage.test_permissions_early(&self.project);
        }
        let state = self.stage.api.is_enabled(&self.project, &self.service);
        let enabled = match read(cx, state).await {
            Ok(enabled) => enabled,
            Err(ResourceError::Google(error))
                if matches!(
                    error.reason(),
                    Some(Reason::PermissionDenied { .. } | Reason::ServiceDisabled { .. })
                ) =>
            {
                if !check(cx, async { Ok(self.responds().await) }).await? {
                    return Err(self.stage.block(&self.id, ResourceError::Google(error)));
                }
                true
            }
            Err(error) => return Err(self.stage.block(&self.id, error)),
        };
        if enabled {
            self.stage.set_enabled(&self.id);
        } else {
            let enable = "serviceusage.services.enable";
            let required = self
                .stage
                .require_on_project(&self.id, &self.project, enable);
            check(cx, required).await?;
        }
        Ok(enabled)
    }

    fn decide(
        &self,
        enabled: bool,
        _state: &State<'_, ()>,
        _warnings: &mut Vec<String>,
    ) -> Decision<(), ResourceError> {
        if enabled {
            Decision::Finish(Finished::success(Outcome::Unchanged, None))
        } else if self.stage.is_blocked() {
            Decision::Fail(ResourceError::Blocked)
        } else {
            Decision::Act((), Safety::Idempotent)
        }
    }

    async fn execute(
        &self,
        cx: &Context,
        (): (),
        tracker: &Arc<WriteTracker>,
    ) -> StepResult<ResourceError, ()> {
        let api = &self.stage.api;
        let call = api.enable(&self.project, &self.service, time_left(cx));
        match write(cx, tracker, call).await {
            None => interrupted(),
            Some(Err(error)) => failed(error),
            Some(Ok(())) => {
                self.stage.set_enabled(&self.id);
                done(ENABLED)
            }
        }
    }

    fn preview(&self, (): ()) -> Finished<ResourceError> {
        self.stage.set_enabled(&self.id);
        Finished::success(ENABLED, None)
    }

    async fn explain(&self, error: ResourceError) -> ObjectError {
        error.report()
    }

    fn dependency_failed(&self, dependency: &ObjectId) -> ObjectError {
        self.stage.dependency_failed(&self.id, dependency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::Api;

    #[test]
    fn names_of_apis_are_those_of_their_endpoints() {
        assert_eq!(Api::ArtifactRegistry.service_name(), ARTIFACT_REGISTRY_API);
        assert_eq!(Api::Iam.service_name(), IAM_API);
        assert_eq!(Api::IamCredentials.service_name(), IAM_CREDENTIALS_API);
    }
}
