//! Decides from a Secret's metadata alone whether it already has the desired content. Pure.
//!
//! The digest annotation states the content of the last apply. `managedFields` shows that nothing has changed it since: a write
//! that changes a field's value takes the field away from its owner, and a write that sets the same value makes it shared
//! (KEP-555). Where another client owns one of the fields too, or ours no longer does, nothing is proven.
//!
//! A client that applies other data under our field manager's name together with our digest cannot be told from us.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};
use serde_json::Value;

use super::super::managed_fields::{applies, manager};
use crate::domain::pull_secret::{
    ACCOUNT, CREDENTIAL, DIGEST, EXPIRES, KEY, KEY_ID, MANAGED_BY, MANAGER, REGISTRIES,
};

/// The annotations that describe the data, as far as a Secret has them.
const DESCRIPTION: [&str; 6] = [REGISTRIES, CREDENTIAL, ACCOUNT, KEY_ID, EXPIRES, DIGEST];

/// Returns whether the annotations of a stored Secret describe its data, as far as `metadata` proves it: the last apply of
/// `field_manager` has set all of them, and no other client has changed one since. A Secret with entries of other owners has no
/// digest, so that nothing is proven.
pub fn describes_data(metadata: &ObjectMeta, field_manager: &str) -> bool {
    let stored = metadata.annotations.as_ref();
    let named = DESCRIPTION.into_iter();
    let described: BTreeMap<&'static str, String> = named
        .filter_map(|key| Some((key, stored?.get(key)?.clone())))
        .collect();
    // `managedFields` does not show who has removed an annotation.
    let required: &[&str] = match described.get(CREDENTIAL).map(String::as_str) {
        Some("access-token") => &[REGISTRIES],
        _ => &[REGISTRIES, CREDENTIAL, ACCOUNT, KEY_ID],
    };
    required.iter().all(|key| described.contains_key(key))
        && has_content(metadata, &described, field_manager)
}

/// Returns whether the stored Secret has exactly the content whose `annotations` are given, as far as `metadata` proves it.
pub(super) fn has_content(
    metadata: &ObjectMeta,
    annotations: &BTreeMap<&'static str, String>,
    field_manager: &str,
) -> bool {
    let stored = metadata.annotations.as_ref();
    let has_annotations = annotations
        .iter()
        .all(|(key, value)| stored.and_then(|stored| stored.get(*key)) == Some(value));
    let labels = metadata.labels.as_ref();
    let has_label = labels
        .and_then(|labels| labels.get(MANAGED_BY))
        .is_some_and(|value| value == MANAGER);
    if !has_annotations || !has_label || !annotations.contains_key(DIGEST) {
        return false;
    }
    let paths = paths(annotations);
    let entries = metadata.managed_fields.iter().flatten();
    let (ours, others): (Vec<_>, Vec<_>) =
        entries.partition(|entry| applies(entry) && manager(entry) == field_manager);
    let [ours] = ours.as_slice() else {
        return false;
    };
    paths.iter().all(|path| owns(ours, path))
        && others
            .iter()
            .all(|entry| !paths.iter().any(|path| owns(entry, path)))
}

/// Returns the paths of all fields that an apply sets, in the form of `fieldsV1`.
fn paths(annotations: &BTreeMap<&'static str, String>) -> Vec<Vec<String>> {
    let metadata = |kind: &str, key: &str| {
        let segments = [
            "f:metadata".to_owned(),
            format!("f:{kind}"),
            format!("f:{key}"),
        ];
        segments.to_vec()
    };
    let mut paths = vec![
        vec!["f:type".to_owned()],
        vec!["f:data".to_owned(), format!("f:{KEY}")],
        metadata("labels", MANAGED_BY),
    ];
    paths.extend(annotations.keys().map(|key| metadata("annotations", key)));
    paths
}

fn owns(entry: &ManagedFieldsEntry, path: &[String]) -> bool {
    let fields = entry.fields_v1.as_ref().map(|fields| &fields.0);
    let found: Option<&Value> = path
        .iter()
        .try_fold(fields, |fields, segment| Some(fields?.get(segment)))
        .flatten();
    found.is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OURS: &str = "kubectl-gcr-secret";

    fn annotations() -> BTreeMap<&'static str, String> {
        BTreeMap::from([(DIGEST, "sha256:00".to_owned())])
    }

    fn fields() -> Value {
        json!({
            "f:type": {},
            "f:data": {"f:.dockerconfigjson": {}},
            "f:metadata": {
                "f:labels": {"f:app.kubernetes.io/managed-by": {}},
                "f:annotations": {"f:kubectl-gcr-secret/content-digest": {}},
            },
        })
    }

    fn entry(manager: &str, operation: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": operation, "fieldsV1": fields})
    }

    fn proves(entries: Value) -> bool {
        let metadata = json!({
            "labels": {MANAGED_BY: MANAGER, "other": "label"},
            "annotations": {DIGEST: "sha256:00", "other": "annotation"},
            "managedFields": entries,
        });
        let metadata = serde_json::from_value(metadata).unwrap();
        has_content(&metadata, &annotations(), OURS)
    }

    #[test]
    fn sole_ownership_of_all_fields_proves_the_content() {
        let foreign = json!({"f:metadata": {"f:labels": {"f:other": {}}}});
        assert!(proves(json!([
            entry(OURS, "Apply", fields()),
            entry("kubectl-label", "Update", foreign)
        ])));
    }

    #[test]
    fn shared_lost_or_cleared_ownership_proves_nothing() {
        let mut lost = fields();
        lost["f:data"] = json!({});
        let data = json!({"f:data": {"f:.dockerconfigjson": {}}});
        for entries in [
            json!([]),
            json!([entry(OURS, "Update", fields())]),
            json!([entry("other", "Apply", fields())]),
            json!([entry(OURS, "Apply", lost)]),
            json!([
                entry(OURS, "Apply", fields()),
                entry("other", "Update", data.clone())
            ]),
            json!([entry(OURS, "Apply", fields()), entry(OURS, "Update", data)]),
        ] {
            assert!(!proves(entries.clone()), "{entries}");
        }
    }

    #[test]
    fn other_digest_or_label_proves_nothing() {
        for (labels, digest) in [("Helm", "sha256:00"), (MANAGER, "sha256:01")] {
            let metadata = json!({
                "labels": {MANAGED_BY: labels},
                "annotations": {DIGEST: digest},
                "managedFields": [entry(OURS, "Apply", fields())],
            });
            let metadata = serde_json::from_value(metadata).unwrap();
            assert!(!has_content(&metadata, &annotations(), OURS));
        }
    }

    #[test]
    fn changed_or_removed_description_proves_nothing() {
        let annotations = json!({
            REGISTRIES: "gcr.io", CREDENTIAL: "json-key", ACCOUNT: "a@p.iam.gserviceaccount.com",
            KEY_ID: "0123", DIGEST: "sha256:00", "other": "annotation",
        });
        let mut owned = fields();
        for key in DESCRIPTION {
            owned["f:metadata"]["f:annotations"][format!("f:{key}")] = json!({});
        }
        let describes = |annotations: &Value, owned: &Value, more: Value| {
            let metadata = json!({
                "labels": {MANAGED_BY: MANAGER}, "annotations": annotations,
                "managedFields": [entry(OURS, "Apply", owned.clone()), more],
            });
            describes_data(&serde_json::from_value(metadata).unwrap(), OURS)
        };
        let other = |key: &str| {
            let fields = json!({"f:metadata": {"f:annotations": {format!("f:{key}"): {}}}});
            entry("kubectl-annotate", "Update", fields)
        };
        assert!(describes(&annotations, &owned, other("other")));
        assert!(!describes(&annotations, &owned, other(KEY_ID)));
        for key in [REGISTRIES, CREDENTIAL, ACCOUNT, KEY_ID, DIGEST] {
            let mut removed = annotations.clone();
            removed.as_object_mut().unwrap().remove(key);
            assert!(!describes(&removed, &owned, other("other")), "{key}");
        }
    }

    #[test]
    fn content_without_digest_is_never_proven() {
        let metadata = serde_json::from_value(json!({
            "labels": {MANAGED_BY: MANAGER},
            "managedFields": [entry(OURS, "Apply", fields())],
        }));
        assert!(!has_content(&metadata.unwrap(), &BTreeMap::new(), OURS));
    }
}
