//! What a server holds of the objects that the plugins write, at one moment: to hold their words against.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::keys;
use crate::report::Object;

/// The Secrets `gcr-io` and the ServiceAccounts `builder` of all namespaces.
pub struct Stored(BTreeMap<Object, Value>);

impl Stored {
    /// Looks at the accounts `builder` first and at the Secrets `gcr-io` after them: a Secret that an account referred to
    /// is seen, as long as nobody deletes any. Without their managed fields.
    #[track_caller]
    pub fn look(cluster: &Cluster) -> Self {
        let mut objects = BTreeMap::new();
        for object in ["serviceaccount/builder", "secret/gcr-io"] {
            let (resource, name) = object.split_once('/').unwrap_or_default();
            let selector = format!("--field-selector=metadata.name={name}");
            let words = ["get", resource, "-A", "-o", "json", &selector];
            let output = cluster.kubectl(words).run().success();
            let mut list: Value = serde_json::from_str(&output.stdout)
                .unwrap_or_else(|error| panic!("{error}\n{output}"));
            let items = list["items"].as_array_mut().map(std::mem::take);
            for item in items.unwrap_or_default() {
                let namespace = item["metadata"]["namespace"].as_str().unwrap_or_default();
                objects.insert((namespace.to_owned(), object.to_owned()), item);
            }
        }
        Self(objects)
    }

    /// An object, where it is there.
    pub fn get(&self, (namespace, object): &Object) -> Option<&Value> {
        self.0.get(&(namespace.clone(), object.clone()))
    }

    /// Its `resourceVersion`.
    pub fn version(&self, object: &Object) -> Option<&str> {
        self.get(object)?["metadata"]["resourceVersion"].as_str()
    }

    /// Whether the Secret `gcr-io` holds [`keys::KEY`] for `gcr.io`, or the account refers to `gcr-io` once and still
    /// begins with what [`Stored::account`] gives it.
    pub fn is_as_asked(&self, object: &Object) -> bool {
        let Some(stored) = self.get(object) else {
            return false;
        };
        if object.1.starts_with("secret/") {
            return config(stored)["auths"]["gcr.io"]["auth"] == keys::key_auth();
        }
        let list = stored["imagePullSecrets"].as_array().cloned();
        let mut list = list.unwrap_or_default();
        let ours = list.pop();
        ours == Some(json!({"name": "gcr-io"})) && list == theirs()
    }

    /// An account `builder` that refers to somebody else's Secrets, as [`Cluster::create`] takes it.
    pub fn account(namespace: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "builder", "namespace": namespace}, "imagePullSecrets": theirs()})
    }

    /// The accounts that refer to the Secret `gcr-io` where it is not there.
    pub fn dangling(&self) -> Vec<&Object> {
        let refers = |account: &Value| {
            let list = account["imagePullSecrets"].as_array();
            list.is_some_and(|list| list.iter().any(|entry| entry["name"] == "gcr-io"))
        };
        let there = |namespace: &String| {
            let key = (namespace.clone(), "secret/gcr-io".to_owned());
            self.0.contains_key(&key)
        };
        self.0
            .iter()
            .filter(|((namespace, _), object)| refers(object) && !there(namespace))
            .map(|(key, _)| key)
            .collect()
    }
}

/// Out of order and with an entry that names nothing, as somebody may have left it.
fn theirs() -> Vec<Value> {
    vec![json!({"name": "theirs"}), json!({}), json!({"name": "b"})]
}

fn config(secret: &Value) -> Value {
    let coded = secret["data"][".dockerconfigjson"].as_str();
    let plain = STANDARD.decode(coded.unwrap_or_default());
    serde_json::from_slice(&plain.unwrap_or_default()).unwrap_or_default()
}
