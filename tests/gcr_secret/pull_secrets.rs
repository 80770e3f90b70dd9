//! Builds pull Secrets of any content.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::fixture::Fixture;

/// Returns the `auth` of a user and a password.
fn login(user: &str, password: &str) -> String {
    STANDARD.encode(format!("{user}:{password}"))
}

/// Returns a Docker config of entries: key, user and password.
pub(crate) fn docker_config(entries: &[(&str, &str, &str)]) -> String {
    let entries = entries.iter();
    let auths: serde_json::Map<String, Value> = entries
        .map(|(key, user, password)| ((*key).to_owned(), json!({"auth": login(user, password)})))
        .collect();
    json!({"auths": auths}).to_string()
}

impl Fixture {
    /// Returns the manifest of a pull Secret with this Docker config.
    pub(crate) fn pull_secret(name: &str, docker_config: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": name}, "data": {".dockerconfigjson": STANDARD.encode(docker_config)}})
    }

    /// Creates a pull Secret with this Docker config.
    #[track_caller]
    pub(crate) fn create_pull_secret(&self, name: &str, docker_config: &str) {
        self.create_object(Self::pull_secret(name, docker_config));
    }
}
