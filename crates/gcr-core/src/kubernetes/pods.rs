//! Sends the requests for Pods.

use serde::Deserialize;

use super::api_request::JSON;
use super::pager::{Item, List};
use super::request_error::RequestError;
use crate::domain::names::Namespace;

/// What commands need to know about a Pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodReferences {
    /// `metadata.name`.
    pub name: String,
    /// The names in `spec.imagePullSecrets`.
    pub secrets: Vec<String>,
    /// Whether all its containers have ended, so that it pulls no image any more.
    pub has_ended: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WirePod {
    spec: WireSpec,
    status: WireStatus,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WireSpec {
    image_pull_secrets: Option<Vec<WireReference>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireReference {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireStatus {
    phase: String,
}

/// Returns the list of the Pods of a namespace; `None` for the whole cluster.
pub fn list(namespace: Option<&Namespace>) -> List {
    List {
        resource: "pods",
        namespace: namespace.cloned(),
        accept: JSON,
        // Pods are large, and their metadata does not contain the references.
        page_size: Some(100),
        ..List::default()
    }
}

impl PodReferences {
    /// Decodes an item of a list.
    ///
    /// # Errors
    /// The item is not a Pod.
    pub fn read(item: &Item) -> Result<Self, RequestError> {
        let pod: WirePod = serde_json::from_str(item.json.get())
            .map_err(|error| RequestError::not_json(&error))?;
        let references = pod.spec.image_pull_secrets.into_iter().flatten();
        let mut secrets: Vec<String> = references.map(|reference| reference.name).collect();
        secrets.retain(|name| !name.is_empty());
        Ok(Self {
            name: item.name.clone(),
            secrets,
            has_ended: matches!(pod.status.phase.as_str(), "Succeeded" | "Failed"),
        })
    }

    /// Returns whether it references the Secret called `name`.
    pub fn references(&self, name: &str) -> bool {
        self.secrets.iter().any(|secret| secret == name)
    }
}
