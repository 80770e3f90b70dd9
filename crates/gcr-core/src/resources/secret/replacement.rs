//! Decides whether a rotation may write a Secret: only while it carries one of the keys to replace. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::kind::CONFIGURED;
use super::observe::ObservedSecret;
use crate::domain::contained_keys::contained_keys;
use crate::domain::pull_secret::{ACCOUNT, KEY, KEY_ID, PREVIOUS_KEY_ID};
use crate::engine::Outcome;
use crate::request::{DesiredSecret, KeyReplacement};

/// The effect of a rotation on a Secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Replacement {
    /// Write it. Contains the value of the annotation with the previous keys; empty for none.
    Write(String),
    /// It carries the new key, or one that is not to be replaced.
    Leave(Outcome),
    /// It was deleted meanwhile.
    Gone,
}

/// Returns what to do with a Secret as observed. `unconfirmed` states whether an earlier write of this run got no response.
pub(super) fn replacement(
    secret: &DesiredSecret,
    keys: &KeyReplacement,
    observed: &ObservedSecret,
    unconfirmed: bool,
) -> Replacement {
    let Some(metadata) = observed.metadata() else {
        return Replacement::Gone;
    };
    let carried = carried_keys(secret, observed, metadata);
    let is_new = |id: &String| secret.credential.key_id() == Some(id);
    if unconfirmed && !carried.is_empty() && carried.iter().all(is_new) {
        return Replacement::Leave(CONFIGURED);
    }
    let mut replaced = carried
        .iter()
        .filter(|id| keys.old.contains(*id))
        .peekable();
    if replaced.peek().is_none() {
        return Replacement::Leave(Outcome::Unchanged);
    }
    let previous = annotation(metadata, PREVIOUS_KEY_ID).unwrap_or_default();
    if previous.is_empty() && !keys.marks {
        return Replacement::Write(String::new());
    }
    // Keys of an earlier rotation that was not finished stay named.
    let previous = previous.split(',');
    let mut ids: Vec<&str> = previous.filter(|id| keys.old.contains(*id)).collect();
    for id in replaced {
        if !ids.contains(&id.as_str()) {
            ids.push(id);
        }
    }
    Replacement::Write(ids.join(","))
}

/// Returns the ids of the account's keys: those in the data if it was read, because another client may have changed the annotation.
fn carried_keys(
    secret: &DesiredSecret,
    observed: &ObservedSecret,
    metadata: &ObjectMeta,
) -> Vec<String> {
    if let ObservedSecret::Full(stored) = observed {
        let contained = stored.data.get(KEY).map(|config| contained_keys(config));
        let contained = contained.unwrap_or_default().into_iter();
        let ours =
            contained.filter(|key| Some(key.account.as_str()) == secret.credential.account());
        let ids: Vec<String> = ours.map(|key| key.id).collect();
        if !ids.is_empty() {
            return ids;
        }
    }
    // Key ids are unique per account only.
    let account = annotation(metadata, ACCOUNT);
    if account.is_some() && account != secret.credential.account() {
        return Vec::new();
    }
    let annotated = annotation(metadata, KEY_ID).map(str::to_owned);
    annotated.into_iter().collect()
}

fn annotation<'a>(metadata: &'a ObjectMeta, name: &str) -> Option<&'a str> {
    metadata.annotations.as_ref()?.get(name).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::docker_config::DockerConfig;
    use crate::domain::pull_secret::CachedSecret;
    use crate::domain::registry_credential::{KeyAuth, RegistryCredential};
    use crate::domain::service_account_key::ServiceAccountKey;
    use crate::kubernetes::secrets::StoredSecret;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use zeroize::Zeroizing;

    const NEW: &str = "0123456789abcdef0123456789abcdef01234567";

    const FILE: &str = include_str!("../../domain/testdata/key.json");

    /// `config` is the data, if it was read. The keys `a` and `b`, and that of `FILE` if the data has it, are replaced.
    fn decided_with(
        annotations: serde_json::Value,
        config: Option<&[u8]>,
        (unconfirmed, marks): (bool, bool),
    ) -> Replacement {
        let key = ServiceAccountKey::parse(Zeroizing::new(FILE.into())).unwrap();
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
        let mut old: std::collections::BTreeSet<String> = ["a", "b"].map(str::to_owned).into();
        old.extend(config.map(|_| NEW.to_owned()));
        let metadata: ObjectMeta =
            serde_json::from_value(json!({"annotations": annotations})).unwrap();
        let observed = match config {
            None => ObservedSecret::Metadata(Box::new(metadata)),
            Some(config) => ObservedSecret::Full(Box::new(StoredSecret {
                metadata,
                type_: String::new(),
                immutable: false,
                data: [(KEY.to_owned(), Zeroizing::new(config.to_vec()))].into(),
            })),
        };
        let keys = KeyReplacement { old, marks };
        replacement(&secret, &keys, &observed, unconfirmed)
    }

    #[test]
    fn unmarked_secret_gets_the_annotation_only_if_it_has_one() {
        let decided = |annotations| decided_with(annotations, None, (false, false));
        let write = |ids: &str| Replacement::Write(ids.to_owned());
        assert_eq!(decided(json!({KEY_ID: "a"})), write(""));
        let unfinished = json!({KEY_ID: "a", PREVIOUS_KEY_ID: "b"});
        assert_eq!(decided(unfinished), write("b,a"));
    }

    fn decided(annotations: serde_json::Value, unconfirmed: bool) -> Replacement {
        decided_with(annotations, None, (unconfirmed, true))
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
        let of_another =
            json!({KEY_ID: "a", ACCOUNT: "other@example-project.iam.gserviceaccount.com"});
        assert_eq!(decided(of_another, false), unchanged);
        assert_eq!(decided(json!({KEY_ID: NEW}), false), unchanged);
    }

    #[test]
    fn new_key_after_an_unconfirmed_write_was_written() {
        let written = Replacement::Leave(CONFIGURED);
        assert_eq!(decided(json!({KEY_ID: NEW}), true), written);
    }
    #[test]
    fn key_in_the_data_counts_before_that_of_the_annotation() {
        let pair = STANDARD.encode(format!("_json_key:{}", FILE.trim()));
        let config = json!({"auths": {"gcr.io": {"auth": pair}}}).to_string();
        let decided = |annotation: &str| {
            decided_with(
                json!({KEY_ID: annotation}),
                Some(config.as_bytes()),
                (false, true),
            )
        };
        for annotation in ["c", "a", NEW] {
            assert_eq!(decided(annotation), Replacement::Write(NEW.to_owned()));
        }
        let without_key = decided_with(json!({KEY_ID: "a"}), Some(b"{}"), (false, true));
        assert_eq!(without_key, Replacement::Write("a".to_owned()));
    }
}
