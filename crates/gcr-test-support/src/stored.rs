//! What a server holds of the objects that the plugins write, at one moment: to hold their words against.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::keys;
use crate::report::ObjectKey;
use crate::test_cluster::TestCluster;

/// Secrets and ServiceAccounts of all namespaces, without their managed fields.
pub struct Stored(BTreeMap<ObjectKey, Value>);

impl Stored {
    /// Looks at the accounts `builder` first and at the Secrets `gcr-io` after them: a Secret that an account referred to
    /// is seen, as long as nobody deletes any.
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

    /// Looks at the objects of all namespaces that kubectl's words select, kind after kind.
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
                let word = |field: &str| item["metadata"][field].as_str().unwrap_or_default();
                let key = (
                    word("namespace").to_owned(),
                    format!("{kind}/{}", word("name")),
                );
                objects.insert(key, item);
            }
        }
        Self(objects)
    }

    /// An object, where it is there.
    pub fn get(&self, (namespace, object): &ObjectKey) -> Option<&Value> {
        self.0.get(&(namespace.clone(), object.clone()))
    }

    /// Its `resourceVersion`.
    pub fn resource_version(&self, object: &ObjectKey) -> Option<&str> {
        self.get(object)?["metadata"]["resourceVersion"].as_str()
    }

    /// Whether the Secret holds [`keys::KEY`] for `gcr.io`, or the account refers to `gcr-io` once and still
    /// begins with what [`Stored::initial_account`] gives it.
    pub fn matches_desired(&self, object: &ObjectKey) -> bool {
        let Some(stored) = self.get(object) else {
            return false;
        };
        if object.1.starts_with("secret/") {
            return config(stored)["auths"]["gcr.io"]["auth"] == keys::key_auth();
        }
        let list = stored["imagePullSecrets"].as_array().cloned();
        let mut list = list.unwrap_or_default();
        let ours = list.pop();
        ours == Some(json!({"name": "gcr-io"})) && list == foreign_entries()
    }

    /// An account `builder` that refers to somebody else's Secrets, as [`TestCluster::create`] takes it.
    pub fn initial_account(namespace: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "builder", "namespace": namespace}, "imagePullSecrets": foreign_entries()})
    }

    /// The same account as it is to become.
    pub fn desired_account(namespace: &str) -> Value {
        let mut account = Self::initial_account(namespace);
        if let Some(list) = account["imagePullSecrets"].as_array_mut() {
            list.push(json!({"name": "gcr-io"}));
        }
        account
    }

    /// The accounts that refer to the Secret `gcr-io` where it is not there.
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

/// Out of order and with an entry that names nothing, as somebody may have left it.
fn foreign_entries() -> Vec<Value> {
    vec![json!({"name": "theirs"}), json!({}), json!({"name": "b"})]
}

fn config(secret: &Value) -> Value {
    let coded = secret["data"][".dockerconfigjson"].as_str();
    let plain = STANDARD.decode(coded.unwrap_or_default());
    serde_json::from_slice(&plain.unwrap_or_default()).unwrap_or_default()
}
