//! Reads the objects that the plugins write from the server, at one moment, to check reports against them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::keys;
use crate::test_cluster::TestCluster;

/// Identifies an object of a run: namespace, and name as `secret/gcr-io`.
pub type ObjectKey = (String, String);

/// Secrets and ServiceAccounts of all namespaces, without their managed fields.
pub struct Stored(BTreeMap<ObjectKey, Value>);

impl Stored {
    /// Fetches the ServiceAccounts `builder` first and then the Secrets `gcr-io`. In this order a Secret that an
    /// account refers to is always included, unless Secrets are being deleted.
    #[track_caller]
    pub fn fetch(cluster: &TestCluster) -> Self {
        Self::fetch_matching(
            cluster,
            &[
                ("serviceaccount", "--field-selector=metadata.name=builder"),
                ("secret", "--field-selector=metadata.name=gcr-io"),
            ],
        )
    }

    /// Fetches the objects of all namespaces that match kubectl's selector flag, one kind after the other.
    #[track_caller]
    pub fn fetch_matching(cluster: &TestCluster, kinds: &[(&str, &str)]) -> Self {
        let mut objects = BTreeMap::new();
        for (kind, selector) in kinds {
            let words = ["get", kind, "-A", "-o", "json", selector];
            let output = cluster.kubectl(words).run().success();
            let mut list: Value = serde_json::from_str(&output.stdout)
                .unwrap_or_else(|error| panic!("{error}\n{output}"));
            let items = list["items"].as_array_mut().map(std::mem::take);
            for item in items.unwrap_or_default() {
                let metadata = |field: &str| item["metadata"][field].as_str().unwrap_or_default();
                let key = (
                    metadata("namespace").to_owned(),
                    format!("{kind}/{}", metadata("name")),
                );
                objects.insert(key, item);
            }
        }
        Self(objects)
    }

    /// Returns an object if it exists.
    pub fn get(&self, (namespace, object): &ObjectKey) -> Option<&Value> {
        self.0.get(&(namespace.clone(), object.clone()))
    }

    /// Returns the object's `resourceVersion`.
    pub fn resource_version(&self, object: &ObjectKey) -> Option<&str> {
        self.get(object)?["metadata"]["resourceVersion"].as_str()
    }

    /// Returns whether the object holds the desired state: a Secret holds [`keys::KEY`] for `gcr.io`; an account has
    /// the entries of [`Stored::initial_account`] followed by one reference to `gcr-io`.
    pub fn matches_desired(&self, object: &ObjectKey) -> bool {
        let Some(stored) = self.get(object) else {
            return false;
        };
        if object.1.starts_with("secret/") {
            return config(stored)["auths"]["gcr.io"]["auth"] == keys::key_auth();
        }
        let list = stored["imagePullSecrets"].as_array().cloned();
        let mut list = list.unwrap_or_default();
        let last = list.pop();
        last == Some(json!({"name": "gcr-io"})) && list == foreign_entries()
    }

    /// Returns a ServiceAccount `builder` that refers to Secrets of other owners, for [`TestCluster::create`].
    pub fn initial_account(namespace: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "builder", "namespace": namespace}, "imagePullSecrets": foreign_entries()})
    }

    /// Returns the same account with the reference to `gcr-io` added.
    pub fn desired_account(namespace: &str) -> Value {
        let mut account = Self::initial_account(namespace);
        if let Some(list) = account["imagePullSecrets"].as_array_mut() {
            list.push(json!({"name": "gcr-io"}));
        }
        account
    }

    /// Returns the accounts that refer to the Secret `gcr-io` in namespaces without it.
    pub fn dangling_references(&self) -> Vec<&ObjectKey> {
        let refers = |account: &Value| {
            let list = account["imagePullSecrets"].as_array();
            list.is_some_and(|list| list.iter().any(|entry| entry["name"] == "gcr-io"))
        };
        let has_secret = |namespace: &String| {
            let key = (namespace.clone(), "secret/gcr-io".to_owned());
            self.0.contains_key(&key)
        };
        self.0
            .iter()
            .filter(|((namespace, _), object)| refers(object) && !has_secret(namespace))
            .map(|(key, _)| key)
            .collect()
    }
}

/// Entries of other owners, unsorted and with an empty entry, both of which are valid and must be kept.
fn foreign_entries() -> Vec<Value> {
    vec![json!({"name": "theirs"}), json!({}), json!({"name": "b"})]
}

fn config(secret: &Value) -> Value {
    let encoded = secret["data"][".dockerconfigjson"].as_str();
    let decoded = STANDARD.decode(encoded.unwrap_or_default());
    serde_json::from_slice(&decoded.unwrap_or_default()).unwrap_or_default()
}
