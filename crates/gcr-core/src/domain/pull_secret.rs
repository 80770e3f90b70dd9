//! The pull Secret as an object: one function builds the whole of it, for every command that applies it.
//!
//! A server-side apply that leaves a field out removes it, so nothing else may build one.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::docker_config::DockerConfig;
use super::names::{Namespace, SecretName};
use super::registry_credential::RegistryCredential;

/// `core/v1/types.go`, `SecretTypeDockerConfigJson`.
pub const TYPE: &str = "kubernetes.io/dockerconfigjson";
/// `core/v1/types.go`, `DockerConfigJsonKey`: the one key the type requires.
pub const KEY: &str = ".dockerconfigjson";
/// The recommended label that says whose an object is.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Its value on our Secrets, whatever the field manager is called.
pub const MANAGER: &str = "kubectl-gcr-secret";
/// The hosts in the Secret, comma-separated.
pub const REGISTRIES: &str = "kubectl-gcr-secret/registries";
/// Where `kubectl apply` leaves a copy of the whole object, key and all.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// What stands where a secret value was.
pub const MASK: &str = "***";

/// A pull Secret, ready to be written to any namespace.
pub struct PullSecret {
    name: SecretName,
    annotations: BTreeMap<&'static str, String>,
    config: Zeroizing<Vec<u8>>,
}

/// What a write is bound to: it fails with a conflict where the stored object is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preconditions {
    /// `metadata.uid`; `None` where nothing may be there.
    pub uid: Option<String>,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
}

#[derive(Serialize)]
struct Apply<'a> {
    #[serde(rename = "apiVersion")]
    api_version: &'a str,
    kind: &'a str,
    metadata: Metadata<'a>,
    #[serde(rename = "type")]
    type_: &'a str,
    data: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    name: &'a str,
    labels: BTreeMap<&'a str, &'a str>,
    annotations: &'a BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<&'a str>,
    #[serde(rename = "resourceVersion", skip_serializing_if = "Option::is_none")]
    resource_version: Option<&'a str>,
}

/// The body of an apply, made at first use and shared by all namespaces it is sent to.
#[derive(Default)]
pub struct CachedBody(OnceLock<Bytes>);

impl CachedBody {
    /// The body; `make` makes it.
    pub fn get(&self, make: impl FnOnce() -> Bytes) -> Bytes {
        self.0.get_or_init(make).clone()
    }
}

impl std::fmt::Debug for CachedBody {
    /// It holds a key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SharedBody")
    }
}

impl PullSecret {
    /// The Secret called `name` that holds `config`, described by what is public of `credential`.
    pub fn new(name: &SecretName, credential: &RegistryCredential, config: &DockerConfig) -> Self {
        let described = [
            (REGISTRIES, Some(config.hosts().join(","))),
            (
                "kubectl-gcr-secret/credential",
                Some(credential.kind().to_owned()),
            ),
            (
                "kubectl-gcr-secret/account",
                credential.account().map(str::to_owned),
            ),
            (
                "kubectl-gcr-secret/key-id",
                credential.key_id().map(str::to_owned),
            ),
        ];
        Self {
            name: name.clone(),
            annotations: described
                .into_iter()
                .filter_map(|(key, value)| Some((key, value?)))
                .collect(),
            config: config.to_json(),
        }
    }

    /// The body of a server-side apply, wiped once its last share is dropped.
    pub fn apply_body(&self, guard: Option<&Preconditions>) -> Bytes {
        let encoded = Zeroizing::new(STANDARD.encode(&*self.config));
        let apply = Apply {
            api_version: "v1",
            kind: "Secret",
            metadata: Metadata {
                name: self.name.as_str(),
                labels: BTreeMap::from([(MANAGED_BY, MANAGER)]),
                annotations: &self.annotations,
                uid: guard.and_then(|guard| guard.uid.as_deref()),
                resource_version: guard.map(|guard| guard.resource_version.as_str()),
            },
            type_: TYPE,
            data: BTreeMap::from([(KEY, encoded.as_str())]),
        };
        let described: usize = self.annotations.values().map(String::len).sum();
        // Room for all of it: a buffer that grows leaves copies of the key behind.
        let mut body = Zeroizing::new(Vec::with_capacity(encoded.len() + described + 8 * 1024));
        #[expect(
            clippy::expect_used,
            reason = "strings and maps of strings always serialise"
        )]
        serde_json::to_writer(&mut *body, &apply).expect("a pull Secret serialises");
        Bytes::from_owner(body)
    }

    /// The object as a manifest. `namespace` is written where the user, or the context, named one.
    ///
    /// With `masked`, [`MASK`] stands where the docker config would.
    pub fn manifest(&self, namespace: Option<&Namespace>, masked: bool) -> Value {
        let data = if masked {
            MASK.to_owned()
        } else {
            STANDARD.encode(&*self.config)
        };
        let mut manifest = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": self.name.as_str(),
                "labels": {MANAGED_BY: MANAGER},
                "annotations": self.annotations,
            },
            "type": TYPE,
            "data": {KEY: data},
        });
        if let Some(namespace) = namespace {
            manifest["metadata"]["namespace"] = json!(namespace.as_str());
        }
        manifest
    }
}

/// A Secret as it may be shown: [`MASK`] stands for every value under `data`, and for the copy of a whole object that
/// `kubectl apply` leaves in an annotation.
pub fn masked(mut secret: Value) -> Value {
    if let Some(Value::Object(data)) = secret.get_mut("data") {
        data.values_mut().for_each(|value| *value = json!(MASK));
    }
    if let Some(copy) = secret
        .pointer_mut("/metadata/annotations")
        .and_then(|annotations| annotations.get_mut(LAST_APPLIED))
    {
        *copy = json!(MASK);
    }
    secret
}
