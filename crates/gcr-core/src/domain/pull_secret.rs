//! Builds the pull Secret as a Kubernetes object.
//!
//! Server-side apply removes fields of the same manager that a request omits. Therefore this module is the only place that
//! builds the Secret, and all commands use it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::docker_config::DockerConfig;
use super::names::{Namespace, SecretName};
use super::registry_credential::RegistryCredential;

/// `core/v1/types.go`, `SecretTypeDockerConfigJson`.
pub const TYPE: &str = "kubernetes.io/dockerconfigjson";
/// `core/v1/types.go`, `DockerConfigJsonKey`: the one key the type requires.
pub const KEY: &str = ".dockerconfigjson";
/// The recommended label for the tool that manages an object.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The value of [`MANAGED_BY`] on Secrets of this plugin. It does not depend on the name of the field manager.
pub const MANAGER: &str = "kubectl-gcr-secret";
/// The annotation with the registry hosts in the Secret, comma-separated.
pub const REGISTRIES: &str = "kubectl-gcr-secret/registries";
/// The annotation with a digest of the Secret's content: `sha256:` and 64 hexadecimal digits. It lets a later run see without
/// reading the data that nothing would change. A key or token has far more entropy than could be guessed, so that its digest
/// reveals nothing. A Secret with entries of other owners has no digest: their passwords may be weak.
pub const DIGEST: &str = "kubectl-gcr-secret/content-digest";
/// The annotation with the kind of credential in the Secret.
pub const CREDENTIAL: &str = "kubectl-gcr-secret/credential";
/// The annotation with the Google service account of the credential.
pub const ACCOUNT: &str = "kubectl-gcr-secret/account";
/// The annotation with the id of the key in the Secret.
pub const KEY_ID: &str = "kubectl-gcr-secret/key-id";
/// The annotation with the ids of the keys that the Secret carried before a rotation that is not finished, comma-separated. It is
/// no part of the content: the digest does not cover it, so that removing it needs no credential.
pub const PREVIOUS_KEY_ID: &str = "kubectl-gcr-secret/previous-key-id";
/// The annotation with the time at which the credential expires (RFC 3339), if it is known.
pub const EXPIRES: &str = "kubectl-gcr-secret/expires";
/// The beginning of the names of all annotations of this plugin.
pub const ANNOTATION_PREFIX: &str = "kubectl-gcr-secret/";
/// The annotation in which `kubectl apply` stores a copy of the whole object, including secret values.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The replacement for secret values.
pub const MASK: &str = "***";

/// A pull Secret that can be written to any namespace.
pub struct PullSecret {
    name: SecretName,
    annotations: BTreeMap<&'static str, String>,
    config: Zeroizing<Vec<u8>>,
}

/// The preconditions of a write: the server rejects it with a conflict if the stored object does not match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preconditions {
    /// The required `metadata.uid`; `None` if no object may exist.
    pub uid: Option<String>,
    /// The required `metadata.resourceVersion`.
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

/// The Secret as most namespaces get it, built at first use: without preconditions and entries of other owners.
#[derive(Default)]
pub struct CachedSecret(OnceLock<(Bytes, BTreeMap<&'static str, String>)>);

impl CachedSecret {
    /// Returns the body of an apply. `build` creates the Secret at the first call.
    pub fn body(&self, build: impl FnOnce() -> PullSecret) -> Bytes {
        self.get(build).0.clone()
    }

    /// Returns the annotations. `build` creates the Secret at the first call.
    pub fn annotations(
        &self,
        build: impl FnOnce() -> PullSecret,
    ) -> &BTreeMap<&'static str, String> {
        &self.get(build).1
    }

    fn get(&self, build: impl FnOnce() -> PullSecret) -> &(Bytes, BTreeMap<&'static str, String>) {
        self.0.get_or_init(|| {
            let secret = build();
            (secret.apply_body(None), secret.annotations)
        })
    }
}

impl std::fmt::Debug for CachedSecret {
    /// Omits the body, which contains a credential.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CachedSecret")
    }
}

impl PullSecret {
    /// Creates the Secret `name` that contains `config`, with annotations for the public fields of `credential`.
    pub fn new(name: &SecretName, credential: &RegistryCredential, config: &DockerConfig) -> Self {
        let annotations = [
            (REGISTRIES, Some(config.hosts().join(","))),
            (CREDENTIAL, Some(credential.kind().to_owned())),
            (ACCOUNT, credential.account().map(str::to_owned)),
            (KEY_ID, credential.key_id().map(str::to_owned)),
            (EXPIRES, credential.expires().map(str::to_owned)),
        ];
        let mut annotations: BTreeMap<_, _> = annotations
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect();
        let json = config.to_json();
        if config.is_ours_alone() && !matches!(credential, RegistryCredential::Planned { .. }) {
            let digest = content_digest(&annotations, &json);
            annotations.insert(DIGEST, digest);
        }
        Self {
            name: name.clone(),
            annotations,
            config: json,
        }
    }

    /// Adds the ids of the keys that the Secret carried before; empty for none.
    #[must_use]
    pub fn with_previous_key(mut self, ids: &str) -> Self {
        if !ids.is_empty() {
            self.annotations.insert(PREVIOUS_KEY_ID, ids.to_owned());
        }
        self
    }

    /// Returns the body of a server-side apply. It is wiped when its last clone is dropped.
    pub fn apply_body(&self, preconditions: Option<&Preconditions>) -> Bytes {
        let encoded = Zeroizing::new(STANDARD.encode(&*self.config));
        let apply = Apply {
            api_version: "v1",
            kind: "Secret",
            metadata: Metadata {
                name: self.name.as_str(),
                labels: BTreeMap::from([(MANAGED_BY, MANAGER)]),
                annotations: &self.annotations,
                uid: preconditions.and_then(|required| required.uid.as_deref()),
                resource_version: preconditions.map(|required| required.resource_version.as_str()),
            },
            type_: TYPE,
            data: BTreeMap::from([(KEY, encoded.as_str())]),
        };
        let annotations: usize = self.annotations.values().map(String::len).sum();
        // Allocated at full size: a buffer that grows leaves copies of the credential behind.
        let mut body = Zeroizing::new(Vec::with_capacity(encoded.len() + annotations + 8 * 1024));
        #[expect(
            clippy::expect_used,
            reason = "serializing strings and maps of strings cannot fail"
        )]
        serde_json::to_writer(&mut *body, &apply).expect("serialize the pull Secret");
        Bytes::from_owner(body)
    }

    /// Returns the manifest of the Secret, with `namespace` if it is given. If `masked` is set, [`MASK`] replaces the Docker
    /// config.
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

/// Returns the digest of everything that an apply sets, except the name and the digest itself. Each part is preceded by its
/// length, so that different contents never have the same bytes.
fn content_digest(annotations: &BTreeMap<&'static str, String>, config: &[u8]) -> String {
    let mut digest = Sha256::new();
    let mut add = |part: &[u8]| {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    };
    for part in [TYPE, MANAGED_BY, MANAGER] {
        add(part.as_bytes());
    }
    for (key, value) in annotations {
        add(key.as_bytes());
        add(value.as_bytes());
    }
    add(KEY.as_bytes());
    add(config);
    let mut text = "sha256:".to_owned();
    for byte in digest.finalize() {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Returns the Secret with [`MASK`] in place of all values in `data` and of the [`LAST_APPLIED`] annotation.
pub fn masked(mut secret: Value) -> Value {
    if let Some(Value::Object(data)) = secret.get_mut("data") {
        data.values_mut().for_each(|value| *value = json!(MASK));
    }
    if let Some(last_applied) = secret
        .pointer_mut("/metadata/annotations")
        .and_then(|annotations| annotations.get_mut(LAST_APPLIED))
    {
        *last_applied = json!(MASK);
    }
    secret
}
