//! Environments for the real gcloud.

use std::path::Path;

use super::FakeGoogle;

/// Services whose addresses gcloud lets the user override.
const OVERRIDES: [&str; 5] = [
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_ARTIFACTREGISTRY",
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER",
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM",
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS",
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_SERVICEUSAGE",
];

impl FakeGoogle {
    /// Returns an environment in which gcloud calls the fake under Google's host names as the operator, and keeps its
    /// files in an empty directory.
    pub fn gcloud_environment(&self, config: &Path) -> Vec<(&'static str, String)> {
        let mut environment = self.operator_environment();
        environment.push((
            "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
            self.authority_file().display().to_string(),
        ));
        environment.extend(quiet(config));
        environment
    }

    /// Returns an environment in which gcloud calls the fake's own address, without TLS. `CLOUDSDK_API_ENDPOINT_OVERRIDES_*`
    /// are gcloud's own settings.
    pub fn gcloud_override_environment(&self, config: &Path) -> Vec<(&'static str, String)> {
        let file = self.operator_token_file().display().to_string();
        let mut environment = vec![
            ("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", file),
            ("CLOUDSDK_CORE_PROJECT", super::PROJECT.into()),
        ];
        environment.extend(OVERRIDES.map(|name| (name, format!("{}/", self.url()))));
        environment.extend(quiet(config));
        environment
    }
}

/// Keeps gcloud from asking, reporting and looking for updates.
fn quiet(config: &Path) -> [(&'static str, String); 4] {
    [
        ("CLOUDSDK_CONFIG", config.display().to_string()),
        ("CLOUDSDK_CORE_DISABLE_PROMPTS", "1".into()),
        ("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true".into()),
        (
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK",
            "true".into(),
        ),
    ]
}
