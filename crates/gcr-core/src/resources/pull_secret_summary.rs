//! Reads what the metadata of a pull Secret says about its credential. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::domain::pull_secret;

/// The public facts about a pull Secret, from its label and annotations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullSecretSummary {
    /// Whether it carries the label of this plugin.
    pub is_managed: bool,
    /// The registry hosts.
    pub registries: Vec<String>,
    /// The Google service account.
    pub account: Option<String>,
    /// The id of the key.
    pub key_id: Option<String>,
    /// The kind of credential, for example `json-key`.
    pub credential: Option<String>,
    /// When the credential expires (RFC 3339), if that is known.
    pub expires: Option<String>,
}

impl PullSecretSummary {
    /// Returns the facts in the metadata of a Secret.
    pub fn of(metadata: &ObjectMeta) -> Self {
        let annotation = |key: &str| {
            let value = metadata.annotations.as_ref()?.get(key)?;
            (!value.is_empty()).then(|| value.clone())
        };
        let registries = annotation(pull_secret::REGISTRIES).unwrap_or_default();
        Self {
            is_managed: is_managed(metadata),
            registries: registries
                .split(',')
                .filter(|host| !host.is_empty())
                .map(str::to_owned)
                .collect(),
            account: annotation(pull_secret::ACCOUNT),
            key_id: annotation(pull_secret::KEY_ID),
            credential: annotation(pull_secret::CREDENTIAL),
            expires: annotation(pull_secret::EXPIRES),
        }
    }

    /// Returns the fields for `-o json|yaml`.
    pub fn fields(&self) -> Value {
        json!({
            "managed": self.is_managed,
            "registries": self.registries,
            "account": self.account,
            "keyId": self.key_id,
            "credential": self.credential,
            "expires": self.expires,
        })
    }
}

/// Returns whether a Secret carries the label of this plugin.
pub fn is_managed(metadata: &ObjectMeta) -> bool {
    let labels = metadata.labels.as_ref();
    let manager = labels.and_then(|labels| labels.get(pull_secret::MANAGED_BY));
    manager.is_some_and(|manager| manager == pull_secret::MANAGER)
}
