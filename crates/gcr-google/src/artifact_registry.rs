//! Artifact Registry API: repositories, their policies, and locations.

mod repository_policy;

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use crate::api_client::{ApiCall, ApiClient};
use crate::api_error::Reason;
use crate::endpoints::Api;
use crate::error::{GoogleError, GoogleErrorKind};
use crate::iam::TestedPermissions;
use crate::names::{ProjectId, RepositoryName, segment};
use crate::operation::Operation;
use crate::retry::Safety;

pub use repository_policy::{RepositoryRole, RoleGrant};

/// A repository.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Repository {
    /// The resource name.
    pub name: String,
    /// The format, `DOCKER` for images.
    pub format: String,
    /// The mode, such as `STANDARD_REPOSITORY`.
    pub mode: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LocationPage {
    locations: Vec<LocationEntry>,
    next_page_token: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LocationEntry {
    location_id: String,
}

/// The most pages that are read, so that a server that always names another page ends the loop.
const MAX_PAGES: usize = 100;

impl ApiClient {
    /// Returns a repository; `None` if it does not exist.
    ///
    /// # Errors
    /// Fails without `artifactregistry.repositories.get`, and if the API is not enabled.
    pub async fn repository(
        &self,
        name: &RepositoryName,
    ) -> Result<Option<Repository>, GoogleError> {
        let action = format!("get repository {name}");
        let path = format!("v1/{}", name.path());
        self.find(ApiCall::get(&action, Api::ArtifactRegistry, path))
            .await
    }

    /// Creates a repository for images and waits for it. Returns it, and whether it is new: another client may have created it,
    /// with another format.
    ///
    /// # Errors
    /// Fails without `artifactregistry.repositories.create`, for an unknown location, and after `timeout`.
    pub async fn create_repository(
        &self,
        name: &RepositoryName,
        description: &str,
        timeout: Duration,
    ) -> Result<(Repository, bool), GoogleError> {
        let action = format!("create repository {name}");
        let body = json!({
            "format": "DOCKER",
            "mode": "STANDARD_REPOSITORY",
            "description": description,
        });
        let path = format!("v1/{}/repositories", name.location_path());
        // The name is unique, so that a repetition is refused.
        let call = ApiCall::post(
            &action,
            Api::ArtifactRegistry,
            path,
            Safety::Preconditioned,
            &body,
        )
        .query("repositoryId", name.id.clone());
        let started = Instant::now();
        let is_new = match self.call::<Operation>(call).await {
            Ok(operation) => {
                let api = Api::ArtifactRegistry;
                self.wait(api, &action, operation, started, timeout).await?;
                true
            }
            // An earlier attempt, of which the response was lost, may have created it.
            Err(error) if error.reason() == Some(&Reason::AlreadyExists) => {
                error.may_have_applied()
            }
            Err(error) => return Err(error),
        };
        let path = format!("v1/{}", name.path());
        let read = ApiCall::get(&action, Api::ArtifactRegistry, path).after_create(true);
        match self.find(read).await? {
            Some(found) => Ok((found, is_new)),
            None => Err(GoogleError::new(
                &action,
                GoogleErrorKind::Incomplete("the repository"),
            )),
        }
    }

    /// Returns the IDs of the locations of Artifact Registry.
    ///
    /// # Errors
    /// Fails without `artifactregistry.locations.list`, and if the API is not enabled.
    pub async fn locations(&self, project: &ProjectId) -> Result<Vec<String>, GoogleError> {
        let action = format!("list the locations of Artifact Registry in {project}");
        let path = format!("v1/projects/{}/locations", segment(project.as_str()));
        let mut ids = Vec::new();
        let mut token = String::new();
        for _ in 0..MAX_PAGES {
            let mut call = ApiCall::get(&action, Api::ArtifactRegistry, path.clone());
            if !token.is_empty() {
                call = call.query("pageToken", token);
            }
            let page: LocationPage = self.call(call).await?;
            ids.extend(page.locations.into_iter().map(|it| it.location_id));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        Ok(ids)
    }

    /// Returns which of the permissions the caller has on a repository. For a repository that does not exist the result
    /// proves nothing.
    ///
    /// # Errors
    /// Fails if the API is not enabled.
    pub async fn test_repository_permissions(
        &self,
        name: &RepositoryName,
        permissions: &[&str],
    ) -> Result<Vec<String>, GoogleError> {
        let action = format!("test permissions on repository {name}");
        let path = format!("v1/{}:testIamPermissions", name.path());
        let body = json!({"permissions": permissions});
        let call = ApiCall::post(
            &action,
            Api::ArtifactRegistry,
            path,
            Safety::Idempotent,
            &body,
        );
        Ok(self.call::<TestedPermissions>(call).await?.permissions)
    }
}
