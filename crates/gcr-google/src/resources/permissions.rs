//! Finds missing permissions before anything is written. Best effort: a permission that cannot be tested counts as held.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::api_client::ApiClient;
use crate::names::ProjectId;

/// The permissions that a set-up may need, each with the predefined role that has it and little else (Google's "IAM roles
/// and permissions index").
const ROLES: [(&str, &str); 14] = [
    (
        "serviceusage.services.get",
        "roles/serviceusage.serviceUsageViewer",
    ),
    (
        "serviceusage.services.enable",
        "roles/serviceusage.serviceUsageAdmin",
    ),
    (
        "artifactregistry.repositories.get",
        "roles/artifactregistry.reader",
    ),
    (
        "artifactregistry.repositories.create",
        "roles/artifactregistry.admin",
    ),
    (
        "artifactregistry.repositories.getIamPolicy",
        "roles/artifactregistry.admin",
    ),
    (
        "artifactregistry.repositories.setIamPolicy",
        "roles/artifactregistry.admin",
    ),
    ("iam.serviceAccounts.get", "roles/iam.serviceAccountViewer"),
    (
        "iam.serviceAccounts.create",
        "roles/iam.serviceAccountCreator",
    ),
    (
        "iam.serviceAccountKeys.get",
        "roles/iam.serviceAccountKeyAdmin",
    ),
    (
        "iam.serviceAccountKeys.list",
        "roles/iam.serviceAccountKeyAdmin",
    ),
    (
        "iam.serviceAccountKeys.create",
        "roles/iam.serviceAccountKeyAdmin",
    ),
    (
        "iam.serviceAccountKeys.disable",
        "roles/iam.serviceAccountKeyAdmin",
    ),
    (
        "iam.serviceAccountKeys.delete",
        "roles/iam.serviceAccountKeyAdmin",
    ),
    (
        "iam.serviceAccounts.getAccessToken",
        "roles/iam.serviceAccountTokenCreator",
    ),
];

/// Returns the smallest predefined role with a permission.
#[must_use]
pub fn role_with(permission: &str) -> Option<&'static str> {
    let found = ROLES.iter().find(|(name, _)| *name == permission);
    found.map(|(_, role)| *role)
}

/// The permissions that the caller has on a project; `None` if they cannot be tested.
type Held = OnceCell<Option<Vec<String>>>;

/// The permissions of the caller on projects, each project tested once.
#[derive(Default)]
pub(super) struct Permissions {
    projects: Mutex<HashMap<ProjectId, Arc<Held>>>,
}

impl Permissions {
    /// Returns whether the caller certainly lacks a permission on a project.
    pub(super) async fn lacks(
        &self,
        api: &ApiClient,
        project: &ProjectId,
        permission: &'static str,
    ) -> bool {
        let held = self.held(api, project).await;
        let held = held.get().and_then(Option::as_ref);
        held.is_some_and(|held| held.iter().all(|it| it != permission))
    }

    /// Asks which permissions the caller has on a project, once for all that ask.
    pub(super) async fn held(&self, api: &ApiClient, project: &ProjectId) -> Arc<Held> {
        let cell = {
            // Each change is one insertion: a holder that panicked leaves a usable map.
            let mut projects = self.projects.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(projects.entry(project.clone()).or_default())
        };
        let wanted: Vec<&str> = ROLES.iter().map(|(permission, _)| *permission).collect();
        cell.get_or_init(|| async { api.test_project_permissions(project, &wanted).await.ok() })
            .await;
        cell
    }
}
