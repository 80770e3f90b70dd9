//! Finds the keys that the Secrets to delete carry, and the Secrets that still carry a key.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use futures_util::{StreamExt as _, stream};
use gcr_core::commands::{NamespaceSelection, SelectedCluster};
use gcr_core::domain::names::{Namespace, SecretName};
use gcr_core::domain::namespace_filter::{NamespaceClass, NamespaceFilter};
use gcr_core::domain::pull_secret::KEY_ID;
use gcr_core::kubernetes::api_request::JSON;
use gcr_core::kubernetes::object::metadata_of;
use gcr_core::kubernetes::pager::{Item, List, Pager};
use gcr_core::kubernetes::{ClusterClient, RequestError, namespaces, secrets};
use gcr_core::resources::PullSecretSummary;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

/// Number of concurrent reads.
const CONCURRENT_READS: usize = 16;
/// The types of Secrets that kubelet uses to pull images (`core/v1/types.go`, `SecretType`).
const TYPES: [&str; 2] = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];

/// Base64 as leniently as a client may read it: kubelet accepts an `auth` without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A key that Secrets carry: the address of the service account, and the id.
pub(super) type CarriedKey = (String, String);

/// The selected namespaces of one cluster.
pub(super) struct Scope {
    client: Arc<ClusterClient>,
    selection: Selection,
}

enum Selection {
    Names(Vec<Namespace>),
    Matching(String, NamespaceFilter),
}

impl Scope {
    pub(super) fn of(selected: &SelectedCluster<'_>) -> Self {
        Self {
            client: Arc::clone(&selected.cluster),
            selection: match &selected.selection {
                NamespaceSelection::Explicit(names) => Selection::Names(names.clone()),
                NamespaceSelection::Selector(selector) => Selection::Matching(
                    selector.labels.clone().unwrap_or_default(),
                    selector.filter.clone(),
                ),
            },
        }
    }

    /// Returns the namespaces whose Secret `name` carries a key, with the keys, by the Secrets' annotations. A Secret that may be
    /// deleted and whose annotations name no key has `None`; `allow_unmanaged` states whether one without the label may.
    ///
    /// # Errors
    /// The first error of a read.
    pub(super) async fn keys(
        &self,
        name: &SecretName,
        allow_unmanaged: bool,
    ) -> Result<Vec<(Namespace, Option<CarriedKey>)>, RequestError> {
        let found = match &self.selection {
            Selection::Names(names) => self.read_each(names, name).await?,
            Selection::Matching(labels, filter) => {
                let labelled: Option<HashSet<String>> = if labels.is_empty() {
                    None
                } else {
                    let list = namespaces::matching(labels);
                    let items = Pager::new(&self.client, list).all().await?;
                    Some(items.into_iter().map(|item| item.name).collect())
                };
                let items = Pager::new(&self.client, secrets::list_by_name(name));
                let items = items.all().await?.into_iter().filter(|item| {
                    let namespace: Result<Namespace, _> = item.namespace.parse();
                    let included = |it: Namespace| filter.classify(&it) == NamespaceClass::Included;
                    namespace.is_ok_and(included)
                        && labelled
                            .as_ref()
                            .is_none_or(|it| it.contains(&item.namespace))
                });
                let found = items.filter_map(|item| {
                    let namespace = item.namespace.parse().ok()?;
                    Some((namespace, metadata_of(&item).ok()?))
                });
                found.collect()
            }
        };
        let keys = found.into_iter().filter_map(|(namespace, metadata)| {
            let summary = PullSecretSummary::of(&metadata);
            let may_be_deleted = summary.is_managed || allow_unmanaged;
            // An access token is no key.
            let may_have_key = summary.credential.as_deref() != Some("access-token");
            let key = summary.account.zip(summary.key_id);
            (key.is_some() || (may_be_deleted && may_have_key)).then_some((namespace, key))
        });
        Ok(keys.collect())
    }

    async fn read_each(
        &self,
        names: &[Namespace],
        name: &SecretName,
    ) -> Result<Vec<(Namespace, ObjectMeta)>, RequestError> {
        let reads = stream::iter(names.to_vec()).map(|namespace| async move {
            let read = self.client.read_secret_metadata(&namespace, name).await?;
            Ok::<_, RequestError>(read.map(|metadata| (namespace, metadata)))
        });
        let mut reads = reads.buffered(CONCURRENT_READS);
        let mut found = Vec::new();
        while let Some(read) = reads.next().await {
            found.extend(read?);
        }
        Ok(found)
    }

    /// Returns the pull Secrets of the whole cluster that carry one of the keys, whatever their names and labels are: the key's
    /// id with `namespace/name`.
    ///
    /// # Errors
    /// The first error of a list.
    pub(super) async fn carriers(
        &self,
        keys: &BTreeSet<CarriedKey>,
    ) -> Result<Vec<(String, (Namespace, String))>, RequestError> {
        let mut carriers = Vec::new();
        for kind in TYPES {
            let mut pages = Pager::new(
                &self.client,
                List {
                    resource: "secrets",
                    fields: format!("type={kind}"),
                    accept: JSON,
                    // A Secret may hold 1 MiB.
                    page_size: Some(50),
                    ..List::default()
                },
            );
            while let Some(items) = pages.next().await? {
                for item in &items {
                    let Ok(namespace) = item.namespace.parse::<Namespace>() else {
                        continue;
                    };
                    let place = (namespace, item.name.clone());
                    let ids = keys
                        .iter()
                        .map(|(_, id)| id)
                        .filter(|id| is_carrier(item, id));
                    carriers.extend(ids.map(|id| (id.clone(), place.clone())));
                }
            }
        }
        Ok(carriers)
    }

    pub(super) fn context(&self) -> Option<&Arc<str>> {
        self.client.context()
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireSecret {
    data: Option<BTreeMap<String, Option<Zeroizing<String>>>>,
}

/// Returns whether a Secret names the key in its annotations or carries it in its data.
fn is_carrier(item: &Item, id: &str) -> bool {
    let annotations = metadata_of(item).ok().and_then(|it| it.annotations);
    if annotations.is_some_and(|it| it.get(KEY_ID).is_some_and(|key| key == id)) {
        return true;
    }
    let Ok(secret) = serde_json::from_str::<WireSecret>(item.json.get()) else {
        // A Secret that cannot be read may carry it.
        return true;
    };
    let data = secret.data.unwrap_or_default();
    data.values().flatten().any(|data| {
        let data = STANDARD.decode(data.as_bytes()).map(Zeroizing::new);
        data.is_ok_and(|data| contains_key(&data, id))
    })
}

/// Returns whether a Docker config contains the key with this id: as a password, or in a login.
fn contains_key(config: &[u8], id: &str) -> bool {
    let contains = |bytes: &[u8]| bytes.windows(id.len()).any(|part| part == id.as_bytes());
    if contains(config) {
        return true;
    }
    let is_login = |text: &str| {
        // In JSON, the key may be escaped.
        if contains(text.as_bytes()) {
            return true;
        }
        let Some(login) = decoded(text.as_bytes()) else {
            return false;
        };
        let password = login
            .splitn(2, |byte| *byte == b':')
            .nth(1)
            .unwrap_or_default();
        // The user `_json_key_base64` has an encoded key as its password.
        contains(&login) || decoded(password).is_some_and(|key| contains(&key))
    };
    serde_json::from_slice(config).is_ok_and(|config: Value| any_text(&config, &is_login))
}

/// Decodes base64, also with line breaks, which Go's decoder ignores.
fn decoded(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    // Allocated at full size: a buffer that grows leaves copies behind.
    let mut encoded = Zeroizing::new(Vec::with_capacity(text.len()));
    encoded.extend(text.iter().filter(|byte| !byte.is_ascii_whitespace()));
    LENIENT.decode(&*encoded).ok().map(Zeroizing::new)
}

/// Returns whether a text in a JSON value meets the condition.
fn any_text(value: &Value, meets: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => meets(text),
        Value::Array(values) => values.iter().any(|value| any_text(value, meets)),
        Value::Object(fields) => fields.values().any(|value| any_text(value, meets)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_found_in_every_form_of_a_login() {
        let id = "d06abdf3842f6febb36e29e28a3b27ff0aebaa9a";
        let key = format!(r#"{{"private_key_id":"{id}"}}"#);
        let auth = |user: &str, password: &str| STANDARD.encode(format!("{user}:{password}"));
        let config = |entry: Value| serde_json::json!({"auths": {"gcr.io": entry}}).to_string();
        for (entry, expected) in [
            (serde_json::json!({"auth": auth("_json_key", &key)}), true),
            (
                serde_json::json!({"auth": auth("_json_key_base64", &STANDARD.encode(&key))}),
                true,
            ),
            (
                serde_json::json!({"username": "_json_key", "password": key}),
                true,
            ),
            (
                serde_json::json!({"username": "u", "password": STANDARD.encode(&key)}),
                true,
            ),
            (
                serde_json::json!({"auth": auth("_json_key", &key).trim_end_matches('=')}),
                true,
            ),
            (
                serde_json::json!({"auth": auth("_json_key", &key).replacen('9', "9\n", 1)}),
                true,
            ),
            (
                serde_json::json!({"auth": auth("oauth2accesstoken", "ya29.token")}),
                false,
            ),
        ] {
            assert_eq!(
                contains_key(config(entry.clone()).as_bytes(), id),
                expected,
                "{entry}"
            );
        }
        assert!(!contains_key(b"no JSON", id));
    }
}
