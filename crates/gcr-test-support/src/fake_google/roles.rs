//! Permissions of the predefined roles that matter for pulling images (IAM, "Predefined roles").

/// Role, and its permissions. A permission that ends in `.` stands for all that start with it.
#[rustfmt::skip]
const ROLES: &[(&str, &[&str])] = &[
    ("roles/owner", &[""]),
    ("roles/editor", &["artifactregistry.repositories.downloadArtifacts", "artifactregistry.repositories.uploadArtifacts", "artifactregistry.repositories.get", "artifactregistry.repositories.list", "artifactregistry.repositories.create", "serviceusage.", "iam.serviceAccounts.get", "iam.serviceAccounts.list", "iam.serviceAccounts.create", "iam.serviceAccountKeys.", "resourcemanager.projects.get"]),
    ("roles/viewer", &["artifactregistry.repositories.downloadArtifacts", "artifactregistry.repositories.get", "artifactregistry.repositories.list", "serviceusage.services.get", "serviceusage.services.list", "iam.serviceAccounts.get", "iam.serviceAccounts.list", "iam.serviceAccountKeys.get", "iam.serviceAccountKeys.list", "resourcemanager.projects.get"]),
    ("roles/artifactregistry.reader", &["artifactregistry.repositories.downloadArtifacts", "artifactregistry.repositories.get", "artifactregistry.repositories.list", "artifactregistry.locations."]),
    ("roles/artifactregistry.writer", &["artifactregistry.repositories.downloadArtifacts", "artifactregistry.repositories.uploadArtifacts", "artifactregistry.repositories.get", "artifactregistry.repositories.list", "artifactregistry.locations."]),
    ("roles/artifactregistry.repoAdmin", &["artifactregistry.repositories.downloadArtifacts", "artifactregistry.repositories.uploadArtifacts", "artifactregistry.repositories.deleteArtifacts", "artifactregistry.repositories.get", "artifactregistry.repositories.list", "artifactregistry.locations."]),
    ("roles/artifactregistry.createOnPushWriter", &["artifactregistry.repositories.createOnPush", "artifactregistry.repositories.downloadArtifacts", "artifactregistry.repositories.uploadArtifacts", "artifactregistry.repositories.get", "artifactregistry.repositories.list"]),
    ("roles/artifactregistry.admin", &["artifactregistry."]),
    ("roles/serviceusage.serviceUsageAdmin", &["serviceusage."]),
    ("roles/serviceusage.serviceUsageViewer", &["serviceusage.services.get", "serviceusage.services.list"]),
    ("roles/iam.serviceAccountCreator", &["iam.serviceAccounts.create", "iam.serviceAccounts.get", "iam.serviceAccounts.list"]),
    ("roles/iam.serviceAccountAdmin", &["iam.serviceAccounts.create", "iam.serviceAccounts.delete", "iam.serviceAccounts.disable", "iam.serviceAccounts.enable", "iam.serviceAccounts.get", "iam.serviceAccounts.getIamPolicy", "iam.serviceAccounts.list", "iam.serviceAccounts.setIamPolicy", "iam.serviceAccounts.update"]),
    ("roles/iam.serviceAccountKeyAdmin", &["iam.serviceAccountKeys.", "iam.serviceAccounts.get", "iam.serviceAccounts.list"]),
    ("roles/iam.serviceAccountTokenCreator", &["iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken", "iam.serviceAccounts.signBlob", "iam.serviceAccounts.signJwt", "iam.serviceAccounts.get", "iam.serviceAccounts.list", "iam.serviceAccounts.implicitDelegation"]),
    ("roles/iam.workloadIdentityUser", &["iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken", "iam.serviceAccounts.get", "iam.serviceAccounts.list"]),
    ("roles/browser", &["resourcemanager.projects.get", "resourcemanager.projects.getIamPolicy"]),
];

/// Returns whether a role has a permission. Roles that are not listed have none.
pub(super) fn has_permission(role: &str, permission: &str) -> bool {
    let mut known = ROLES.iter().filter(|(name, _)| *name == role);
    known.any(|(_, permissions)| {
        permissions.iter().any(|held| {
            *held == permission
                || (held.is_empty() || held.ends_with('.')) && permission.starts_with(held)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reader_may_download_but_not_upload() {
        let reader = "roles/artifactregistry.reader";
        let permission = |verb: &str| format!("artifactregistry.repositories.{verb}");
        assert!(has_permission(reader, &permission("downloadArtifacts")));
        assert!(!has_permission(reader, &permission("uploadArtifacts")));
        assert!(has_permission(
            "roles/artifactregistry.admin",
            &permission("uploadArtifacts")
        ));
        assert!(has_permission("roles/owner", "iam.serviceAccounts.create"));
        assert!(!has_permission(
            "roles/storage.objectViewer",
            &permission("downloadArtifacts")
        ));
    }
}
