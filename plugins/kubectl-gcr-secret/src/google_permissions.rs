//! The table of the permissions at Google that commands need: the source for the comments of `rbac` and for `docs/rbac.md`.

use gcr_google::resources::role_with;

/// A permission of the caller at Google.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GooglePermission {
    /// The name, such as `iam.serviceAccountKeys.create`.
    pub(crate) name: &'static str,
    /// The object on which it is sufficient.
    pub(crate) on: &'static str,
}

const PROJECT: &str = "project";
const REPOSITORY: &str = "repository";
const ACCOUNT: &str = "service account";

impl GooglePermission {
    const fn new(name: &'static str, on: &'static str) -> Self {
        Self { name, on }
    }

    /// Returns the smallest predefined role with the permission.
    pub(crate) fn role(self) -> &'static str {
        role_with(self.name).unwrap_or("no predefined role")
    }
}

/// Returns the permissions for `setup`.
pub(crate) fn setup(create_repository: bool, with_key: bool) -> Vec<GooglePermission> {
    let mut permissions = vec![
        GooglePermission::new("serviceusage.services.get", PROJECT),
        GooglePermission::new("serviceusage.services.enable", PROJECT),
        GooglePermission::new("artifactregistry.repositories.get", REPOSITORY),
    ];
    if create_repository {
        permissions.push(GooglePermission::new(
            "artifactregistry.repositories.create",
            PROJECT,
        ));
    }
    permissions.extend([
        GooglePermission::new("artifactregistry.repositories.getIamPolicy", REPOSITORY),
        GooglePermission::new("artifactregistry.repositories.setIamPolicy", REPOSITORY),
        GooglePermission::new("iam.serviceAccounts.get", PROJECT),
        GooglePermission::new("iam.serviceAccounts.create", PROJECT),
    ]);
    if with_key {
        // The last one is for a new key that no Secret holds in the end.
        permissions.extend([
            GooglePermission::new("iam.serviceAccountKeys.list", PROJECT),
            GooglePermission::new("iam.serviceAccountKeys.create", PROJECT),
            GooglePermission::new("iam.serviceAccountKeys.delete", PROJECT),
        ]);
    } else {
        permissions.push(GooglePermission::new(
            "iam.serviceAccounts.getAccessToken",
            ACCOUNT,
        ));
    }
    permissions
}

/// Returns the permissions for `delete --delete-key`.
pub(crate) fn delete_key() -> Vec<GooglePermission> {
    vec![GooglePermission::new(
        "iam.serviceAccountKeys.delete",
        ACCOUNT,
    )]
}

/// Returns the permissions for `refresh`.
pub(crate) fn refresh() -> Vec<GooglePermission> {
    vec![GooglePermission::new(
        "iam.serviceAccounts.getAccessToken",
        ACCOUNT,
    )]
}

/// Returns the permissions for `rotate`.
pub(crate) fn rotate(keep_old: bool) -> Vec<GooglePermission> {
    let mut permissions = vec![
        GooglePermission::new("iam.serviceAccounts.get", ACCOUNT),
        GooglePermission::new("iam.serviceAccountKeys.list", ACCOUNT),
        GooglePermission::new("iam.serviceAccountKeys.get", ACCOUNT),
        GooglePermission::new("iam.serviceAccountKeys.create", ACCOUNT),
        GooglePermission::new("iam.serviceAccountKeys.disable", ACCOUNT),
    ];
    if !keep_old {
        permissions.push(GooglePermission::new(
            "iam.serviceAccountKeys.delete",
            ACCOUNT,
        ));
    }
    permissions
}

/// Returns the comments that list permissions with the smallest predefined roles.
pub(crate) fn comments(permissions: &[GooglePermission]) -> Vec<String> {
    if permissions.is_empty() {
        return Vec::new();
    }
    let title = "Permissions at Google, each only if its step has something to change:".to_owned();
    let lines = permissions.iter().map(|permission| {
        let (name, on, role) = (permission.name, permission.on, permission.role());
        format!("  {name} on the {on}: {role}")
    });
    std::iter::once(title).chain(lines).collect()
}
