//! Cloud Resource Manager API: permissions on projects.

use serde_json::json;

use crate::api_client::{ApiCall, ApiClient};
use crate::endpoints::Api;
use crate::error::GoogleError;
use crate::iam::TestedPermissions;
use crate::names::{ProjectId, segment};
use crate::retry::Safety;

impl ApiClient {
    /// Returns which of the permissions the caller has on a project.
    ///
    /// # Errors
    /// Fails if the API is not enabled, or the project does not exist. Callers treat a failure as "unknown".
    pub async fn test_project_permissions(
        &self,
        project: &ProjectId,
        permissions: &[&str],
    ) -> Result<Vec<String>, GoogleError> {
        let action = format!("test permissions on project {project}");
        let path = format!(
            "v1/projects/{}:testIamPermissions",
            segment(project.as_str())
        );
        let body = json!({"permissions": permissions});
        let call = ApiCall::post(
            &action,
            Api::ResourceManager,
            path,
            Safety::Idempotent,
            &body,
        );
        Ok(self.call::<TestedPermissions>(call).await?.permissions)
    }
}
