//! Decides whether a rotation may write a Secret: only while it carries one of the keys to replace. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::kind::CONFIGURED;
use crate::domain::pull_secret::{KEY_ID, PREVIOUS_KEY_ID};
use crate::engine::Outcome;
use crate::request::{DesiredSecret, KeyReplacement};

/// The effect of a rotation on a Secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Replacement {
    /// Write it. Contains the value of the annotation with the previous keys.
    Write(String),
    /// It carries the new key, or one that is not to be replaced.
    Leave(Outcome),
    /// It was deleted meanwhile.
    Gone,
}

/// Returns what to do with a Secret that was observed with this metadata. `unconfirmed` states whether an earlier write of
/// this run got no response.
pub(super) fn replacement(
    secret: &DesiredSecret,
    keys: &KeyReplacement,
    metadata: Option<&ObjectMeta>,
    unconfirmed: bool,
) -> Replacement {
    let Some(metadata) = metadata else {
        return Replacement::Gone;
    };
    let annotation = |name: &str| metadata.annotations.as_ref()?.get(name).map(String::as_str);
    let carried = annotation(KEY_ID);
    if carried.is_some() && carried == secret.credential.key_id() && unconfirmed {
        return Replacement::Leave(CONFIGURED);
    }
    match carried.filter(|id| keys.old.contains(*id)) {
        None => Replacement::Leave(Outcome::Unchanged),
        Some(carried) => {
            // Keys of an earlier rotation that was not finished stay named.
            let previous = annotation(PREVIOUS_KEY_ID).unwrap_or_default().split(',');
            let mut ids: Vec<&str> = previous.filter(|id| keys.old.contains(*id)).collect();
            if !ids.contains(&carried) {
                ids.push(carried);
            }
            Replacement::Write(ids.join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::docker_config::DockerConfig;
    use crate::domain::pull_secret::CachedSecret;
    use crate::domain::registry_credential::{KeyAuth, RegistryCredential};
    use crate::domain::service_account_key::ServiceAccountKey;

    const NEW: &str = "0123456789abcdef0123456789abcdef01234567";

    fn decided(annotations: serde_json::Value, unconfirmed: bool) -> Replacement {
        let file = include_str!("../../domain/testdata/key.json");
        let key = ServiceAccountKey::parse(zeroize::Zeroizing::new(file.into())).unwrap();
        let auth = KeyAuth::JsonKey;
        let credential = RegistryCredential::ServiceAccountKey { key, auth };
        let secret = DesiredSecret {
            name: "gcr-io".parse().unwrap(),
            config: DockerConfig::new([], credential.auth()),
            credential,
            cached: CachedSecret::default(),
            merge: false,
            force_conflicts: false,
            recreate: false,
            only_as_observed: false,
            replaces: None,
        };
        let old = ["a", "b"].map(str::to_owned).into();
        let metadata = serde_json::from_value(json!({"annotations": annotations})).unwrap();
        replacement(
            &secret,
            &KeyReplacement { old },
            Some(&metadata),
            unconfirmed,
        )
    }

    #[test]
    fn old_key_is_replaced_and_remembered() {
        let write = |ids: &str| Replacement::Write(ids.to_owned());
        assert_eq!(decided(json!({KEY_ID: "a"}), false), write("a"));
        let unfinished = json!({KEY_ID: "a", PREVIOUS_KEY_ID: "b"});
        assert_eq!(decided(unfinished, false), write("b,a"));
        let finished = json!({KEY_ID: "a", PREVIOUS_KEY_ID: "gone"});
        assert_eq!(decided(finished, false), write("a"));
    }

    #[test]
    fn other_key_is_left_alone() {
        let unchanged = Replacement::Leave(Outcome::Unchanged);
        assert_eq!(decided(json!({KEY_ID: "c"}), true), unchanged);
        assert_eq!(decided(json!({}), false), unchanged);
        assert_eq!(decided(json!({KEY_ID: NEW}), false), unchanged);
    }

    #[test]
    fn new_key_after_an_unconfirmed_write_was_written() {
        let written = Replacement::Leave(CONFIGURED);
        assert_eq!(decided(json!({KEY_ID: NEW}), true), written);
    }
}
