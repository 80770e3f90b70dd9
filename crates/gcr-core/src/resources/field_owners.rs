//! Reads from `metadata.managedFields` which clients own fields of a Secret that `create` sets. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};
use serde_json::Value;

use super::managed_fields::{applies, manager};
use crate::domain::pull_secret;

/// A field manager of a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldOwner {
    /// Its name.
    pub manager: String,
    /// `Apply` or `Update`.
    pub operation: String,
    /// When it last changed a field.
    pub time: Option<jiff::Timestamp>,
    /// The fields that `create` sets too, so that an apply of other values is a conflict; empty for our own apply.
    pub conflicts: Vec<String>,
}

/// Returns the field managers of a Secret, in the order of the server.
pub fn field_owners(metadata: &ObjectMeta) -> Vec<FieldOwner> {
    let entries = metadata.managed_fields.iter().flatten();
    entries.map(field_owner).collect()
}

fn field_owner(entry: &ManagedFieldsEntry) -> FieldOwner {
    let is_ours = applies(entry) && manager(entry) == pull_secret::MANAGER;
    FieldOwner {
        manager: manager(entry).to_owned(),
        operation: entry.operation.clone().unwrap_or_default(),
        time: entry.time.as_ref().map(|time| time.0),
        conflicts: match &entry.fields_v1 {
            Some(fields) if !is_ours => shared_fields(&fields.0),
            _ => Vec::new(),
        },
    }
}

/// Returns the paths of the fields that `create` sets, in the notation of the server's conflicts.
fn shared_fields(fields: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    if fields.get("f:type").is_some() {
        paths.push(".type".to_owned());
    }
    let members = |pointer: &str| fields.pointer(pointer).and_then(Value::as_object);
    let data = format!("f:{}", pull_secret::KEY);
    if members("/f:data").is_some_and(|members| members.contains_key(&data)) {
        paths.push(format!(".data.{}", pull_secret::KEY));
    }
    let label = format!("f:{}", pull_secret::MANAGED_BY);
    if members("/f:metadata/f:labels").is_some_and(|members| members.contains_key(&label)) {
        paths.push(format!(".metadata.labels.{}", pull_secret::MANAGED_BY));
    }
    let annotations = members("/f:metadata/f:annotations").into_iter().flatten();
    for (name, _) in annotations {
        if let Some(name) = name.strip_prefix("f:")
            && name.starts_with(pull_secret::ANNOTATION_PREFIX)
        {
            paths.push(format!(".metadata.annotations.{name}"));
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn managers_of_fields_that_create_sets_conflict() {
        let entry = |manager: &str, operation: &str, fields: Value| json!({"manager": manager, "operation": operation, "fieldsV1": fields});
        let fields = json!({
            "f:data": {"f:.dockerconfigjson": {}}, "f:type": {},
            "f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}},
                "f:annotations": {"f:kubectl-gcr-secret/account": {}, "f:theirs": {}}},
        });
        let metadata = json!({"managedFields": [
            entry("kubectl-gcr-secret", "Apply", fields.clone()),
            entry("kubectl-gcr-secret", "Update", fields),
            entry("kubectl-label", "Update", json!({"f:metadata": {"f:labels": {"f:team": {}}}})),
        ]});
        let metadata: ObjectMeta = serde_json::from_value(metadata).unwrap();
        let conflicts: Vec<String> = field_owners(&metadata)
            .iter()
            .map(|owner| owner.conflicts.join(","))
            .collect();
        let shared = ".type,.data..dockerconfigjson,.metadata.labels.app.kubernetes.io/managed-by,\
                      .metadata.annotations.kubectl-gcr-secret/account";
        assert_eq!(conflicts, ["", shared, ""]);
    }
}
