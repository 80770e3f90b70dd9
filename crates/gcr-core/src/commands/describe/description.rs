//! Collects what `describe` shows of a Secret.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::domain::pull_secret;
use crate::kubernetes::events::EventSummary;
use crate::report::API_VERSION;
use crate::resources::PullSecretSummary;
use crate::resources::field_owners::{FieldOwner, field_owners};

/// The facts that `describe` shows of a Secret. `None` stands for facts that cannot be read.
pub(super) struct Description {
    pub(super) context: Option<Arc<str>>,
    /// Without the copy of the Secret that `kubectl apply` leaves in an annotation.
    pub(super) metadata: ObjectMeta,
    pub(super) summary: PullSecretSummary,
    pub(super) owners: Vec<FieldOwner>,
    pub(super) accounts: Option<Vec<String>>,
    pub(super) pods: Option<Vec<String>>,
    pub(super) events: Option<Vec<EventSummary>>,
}

impl Description {
    /// Returns the description of a Secret, without what other lists contain.
    pub(super) fn new(context: Option<Arc<str>>, mut metadata: ObjectMeta) -> Self {
        let annotations = metadata.annotations.as_mut();
        if let Some(copy) = annotations.and_then(|it| it.get_mut(pull_secret::LAST_APPLIED)) {
            pull_secret::MASK.clone_into(copy);
        }
        Self {
            context,
            summary: PullSecretSummary::of(&metadata),
            owners: field_owners(&metadata),
            metadata,
            accounts: None,
            pods: None,
            events: None,
        }
    }

    /// Returns the names of the steps with which `verify` checks each registry of [`PullSecretSummary::registries`].
    pub(super) fn verify_steps(&self) -> &'static [&'static str] {
        match self.summary.credential.as_deref() {
            Some("json-key" | "json-key-base64") => &["parse", "key", "challenge", "token"],
            _ => &["parse", "challenge", "token"],
        }
    }

    /// Returns what `verify` checks; null if only the data says it.
    fn verify(&self) -> Value {
        let registries = &self.summary.registries;
        if registries.is_empty() {
            return Value::Null;
        }
        let checks = registries.iter();
        let checks =
            checks.map(|registry| json!({"registry": registry, "steps": self.verify_steps()}));
        checks.collect()
    }

    /// Returns the object for `-o json|yaml`. `docs/output.md` describes it.
    pub(super) fn value(&self) -> Value {
        let time = |time: Option<jiff::Timestamp>| time.map(|time| time.to_string());
        let owners = self.owners.iter().map(|owner| {
            json!({
                "manager": owner.manager,
                "operation": owner.operation,
                "time": time(owner.time),
                "conflicts": owner.conflicts,
            })
        });
        let event = |event: &EventSummary| {
            json!({
                "type": event.r#type,
                "reason": event.reason,
                "message": event.message,
                "component": event.component(),
                "count": event.count.max(1),
                "lastSeen": time(event.last_seen()),
            })
        };
        let events = self.events.as_ref();
        let events = events.map(|events| events.iter().map(event).collect::<Vec<_>>());
        let metadata = &self.metadata;
        let created = metadata.creation_timestamp.as_ref().map(|time| time.0);
        let mut value = json!({
            "apiVersion": API_VERSION,
            "kind": "PullSecretDescription",
            "metadata": {
                "name": metadata.name,
                "namespace": metadata.namespace,
                "uid": metadata.uid,
                "creationTimestamp": time(created),
                "labels": metadata.labels,
                "annotations": metadata.annotations,
            },
            "context": self.context.as_deref(),
            "fieldManagers": owners.collect::<Vec<_>>(),
            "usedBy": self.accounts,
            "pods": self.pods,
            "events": events,
            "verify": self.verify(),
        });
        if let (Value::Object(value), Value::Object(fields)) = (&mut value, self.summary.fields()) {
            value.extend(fields);
        }
        value
    }
}
