//! Stores the objects of one namespace of the model server and executes requests on them.
//!
//! Each change is atomic, as in a real store, and is checked against the rules when it is made.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::rules;

/// The intent of a writer, by which the rules check its writes.
#[derive(Debug, Clone, Default)]
pub(super) struct Intent {
    pub(super) attaches: Vec<String>,
    pub(super) detaches: Vec<String>,
    /// The Secret that it must write before it attaches it.
    pub(super) secret: Option<String>,
    pub(super) dry_run: bool,
}

/// A write that was executed.
#[derive(Debug, Clone)]
pub(super) struct Commit {
    /// The writer; `None` for other clients.
    pub(super) writer: Option<usize>,
    /// For example `secret/NAME`.
    pub(super) object: String,
    pub(super) before: Option<Value>,
    pub(super) after: Value,
}

/// A response: status and body.
pub(super) type Answer = (u16, Value);

/// One namespace.
pub(super) struct Store {
    pub(super) namespace: &'static str,
    pub(super) objects: BTreeMap<String, Value>,
    pub(super) commits: Vec<Commit>,
    pub(super) intents: Vec<Intent>,
    /// Names that another client, or a detaching writer, removed from a list.
    pub(super) removed: BTreeSet<String>,
    /// Secrets whose credentials another client has replaced at some time.
    pub(super) replaced_data: BTreeSet<String>,
    pub(super) violations: Vec<String>,
    begun: Instant,
    version: u64,
    restored: u64,
}

impl Store {
    pub(super) fn new(namespace: &'static str) -> Self {
        Self {
            namespace,
            objects: BTreeMap::new(),
            commits: Vec::new(),
            intents: Vec::new(),
            removed: BTreeSet::new(),
            replaced_data: BTreeSet::new(),
            violations: Vec::new(),
            begun: Instant::now(),
            version: 100,
            restored: 0,
        }
    }

    /// Stores `object` with a new resourceVersion, and a uid if it has none.
    pub(super) fn commit(&mut self, writer: Option<usize>, key: &str, mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["namespace"] = json!(self.namespace);
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        if object["metadata"]["uid"].is_null() {
            object["metadata"]["uid"] = json!(format!("uid-{}", self.version));
        }
        let before = self.objects.insert(key.to_owned(), object.clone());
        let commit = Commit {
            writer,
            object: key.to_owned(),
            before,
            after: object.clone(),
        };
        rules::check_commit(self, &commit);
        self.commits.push(commit);
        object
    }

    /// Changes a label as another client.
    pub(super) fn touch(&mut self, key: &str) {
        if let Some(mut object) = self.objects.get(key).cloned() {
            object["metadata"]["labels"]["touched"] = json!(self.version.to_string());
            self.commit(None, key, object);
        }
    }

    /// Replaces an account by one with another uid and the same resourceVersion, as restoring a backup may do.
    pub(super) fn restore(&mut self, key: &str) {
        let Some(account) = self.objects.get_mut(key) else {
            return;
        };
        self.restored += 1;
        account["metadata"]["uid"] = json!(format!("restored-{}", self.restored));
        let list = account["imagePullSecrets"].take();
        account["imagePullSecrets"] = json!([{"name": "restored"}]);
        let names = list.as_array().into_iter().flatten();
        self.removed
            .extend(names.filter_map(|entry| Some(entry["name"].as_str()?.to_owned())));
    }

    /// Returns the server's clock in whole seconds.
    pub(super) fn now(&self) -> jiff::Timestamp {
        let seconds = self.begun.elapsed().as_secs();
        jiff::Timestamp::from_second(1_790_000_000 + i64::try_from(seconds).unwrap()).unwrap()
    }

    /// Executes a server-side apply of a Secret. Takes the fields of other managers, as with `force=true`.
    pub(super) fn apply(
        &mut self,
        writer: usize,
        name: &str,
        query: &BTreeMap<String, String>,
        body: &Value,
    ) -> Answer {
        let key = format!("secret/{name}");
        let stored = self.objects.get(&key).cloned();
        let sent = &body["metadata"];
        match &stored {
            Some(stored) => {
                for field in ["uid", "resourceVersion"] {
                    if !sent[field].is_null() && sent[field] != stored["metadata"][field] {
                        return conflict("secrets", name);
                    }
                }
            }
            None if !sent["uid"].is_null() => return conflict("secrets", name),
            None => {}
        }
        let manager = query.get("fieldManager").cloned().unwrap_or_default();
        let mut desired = stored.clone().unwrap_or_else(|| {
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": self.namespace}})
        });
        desired["type"] = body["type"].clone();
        desired["data"] = body["data"].clone();
        let owned = owned(body);
        let entry = |object: &Value| {
            let entries = object["metadata"]["managedFields"].as_array()?;
            entries
                .iter()
                .find(|entry| entry["manager"] == *manager && entry["operation"] == "Apply")
                .cloned()
        };
        let before = stored.as_ref().and_then(entry);
        for kind in ["labels", "annotations"] {
            let old: Vec<String> = before
                .iter()
                .filter_map(|entry| {
                    entry["fieldsV1"]["f:metadata"][format!("f:{kind}")].as_object()
                })
                .flat_map(|fields| fields.keys().cloned())
                .collect();
            let mut map: Map<String, Value> = desired["metadata"][kind]
                .as_object()
                .cloned()
                .unwrap_or_default();
            for gone in old {
                map.remove(gone.trim_start_matches("f:"));
            }
            map.extend(sent[kind].as_object().cloned().unwrap_or_default());
            desired["metadata"][kind] = Value::Object(map);
        }
        let unchanged = stored.as_ref() == Some(&desired)
            && before.is_some_and(|before| before["fieldsV1"] == owned);
        if unchanged {
            return (200, desired);
        }
        let mut entries: Vec<Value> = desired["metadata"]["managedFields"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        entries.retain(|entry| entry["manager"] != *manager);
        if stored
            .as_ref()
            .is_some_and(|stored| stored["data"] != desired["data"])
        {
            for entry in &mut entries {
                entry["fieldsV1"]["f:data"] = json!({});
            }
        }
        entries.push(json!({"manager": manager, "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1",
            "time": self.now().to_string(), "fieldsV1": owned}));
        desired["metadata"]["managedFields"] = Value::Array(entries);
        if stored.is_none() {
            desired["metadata"]["creationTimestamp"] = json!(self.now().to_string());
        }
        let status = if stored.is_some() { 200 } else { 201 };
        if query.contains_key("dryRun") {
            return (status, desired);
        }
        (status, self.commit(Some(writer), &key, desired))
    }

    /// Executes a JSON merge patch of a ServiceAccount.
    pub(super) fn patch(
        &mut self,
        writer: usize,
        name: &str,
        query: &BTreeMap<String, String>,
        body: &Value,
    ) -> Answer {
        let key = format!("serviceaccount/{name}");
        let Some(stored) = self.objects.get(&key).cloned() else {
            return not_found("serviceaccounts", name);
        };
        for field in ["uid", "resourceVersion"] {
            let sent = &body["metadata"][field];
            if !sent.is_null() && *sent != stored["metadata"][field] {
                return conflict("serviceaccounts", name);
            }
        }
        let mut patched = stored.clone();
        merge(&mut patched, body);
        if patched == stored || query.contains_key("dryRun") {
            return (200, patched);
        }
        (200, self.commit(Some(writer), &key, patched))
    }
}

/// Merges as RFC 7386 defines.
fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    let Value::Object(into) = into else { return };
    for (key, value) in patch {
        if value.is_null() {
            into.remove(key);
        } else {
            merge(into.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// Returns the fields that an apply of `body` owns, as `fieldsV1`.
fn owned(body: &Value) -> Value {
    let keys = |map: &Value| -> Map<String, Value> {
        let keys = map.as_object().into_iter().flat_map(Map::keys);
        keys.map(|key| (format!("f:{key}"), json!({}))).collect()
    };
    let metadata = &body["metadata"];
    json!({
        "f:type": {},
        "f:data": keys(&body["data"]),
        "f:metadata": {
            "f:labels": keys(&metadata["labels"]),
            "f:annotations": keys(&metadata["annotations"]),
        },
    })
}

pub(super) fn status(code: u16, reason: &str, message: &str, kind: &str, name: &str) -> Answer {
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code,
        "message": message, "details": {"kind": kind, "name": name}});
    (code, body)
}

fn conflict(kind: &str, name: &str) -> Answer {
    let message = "the object has been modified; please apply your changes to the latest version";
    status(409, "Conflict", message, kind, name)
}

pub(super) fn not_found(kind: &str, name: &str) -> Answer {
    status(404, "NotFound", "not found", kind, name)
}
