//! Reads what the diagnosis needs, from lists: pods, ServiceAccounts, Secrets, events and nodes.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::StreamExt as _;
use gcr_core::domain::names::{Namespace, SecretName};
use gcr_core::kubernetes::api_request::JSON;
use gcr_core::kubernetes::pager::{List, Pager};
use gcr_core::kubernetes::pod::Pod;
use gcr_core::kubernetes::{ApiError, ClusterClient, RequestError, pods, service_accounts};
use serde::Deserialize;

use super::chain::{SecretState, Secrets};
use crate::pod_reads;
use crate::verify::read_secrets;

/// The names of the pull secrets of each ServiceAccount.
pub(super) type Accounts = HashMap<(Namespace, String), Vec<String>>;
/// kubelet's last text about each container's image: namespace, pod, container.
pub(super) type Messages = HashMap<(Namespace, String, String), String>;

/// The facts about a node.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Major and minor version of its kubelet.
    version: (u32, u32),
    /// Names of images on it; the API server lists at most 50.
    images: BTreeSet<String>,
    /// Whether it is a node of GKE.
    pub(super) is_gke: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireAccount {
    #[serde(rename = "imagePullSecrets")]
    secrets: Vec<WireReference>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireReference {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WireEvent {
    involved_object: WireInvolved,
    message: String,
    reason: String,
    last_timestamp: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WireInvolved {
    name: String,
    field_path: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireNode {
    metadata: WireNodeMetadata,
    status: WireNodeStatus,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireNodeMetadata {
    labels: HashMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WireNodeStatus {
    node_info: WireNodeInfo,
    images: Vec<WireImage>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WireNodeInfo {
    kubelet_version: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireImage {
    names: Vec<String>,
}

impl Node {
    /// Returns whether the image is on the node and its kubelet requires that each pod proves its access to the image
    /// (KEP-2535, on by default since 1.35).
    pub(super) fn verifies_cached(&self, image: &str) -> bool {
        self.version >= (1, 35) && self.images.contains(image)
    }
}

/// Returns the pods that `is_wanted` selects.
///
/// # Errors
/// The first error of a list.
pub(super) async fn read_pods(
    cluster: &Arc<ClusterClient>,
    namespaces: &[Namespace],
    labels: &str,
    name: Option<&str>,
    is_wanted: impl Fn(&Pod) -> bool,
) -> Result<Vec<(Namespace, Pod)>, RequestError> {
    let list = List {
        labels: labels.to_owned(),
        fields: name
            .map(|name| format!("metadata.name={name}"))
            .unwrap_or_default(),
        ..pods::list(None)
    };
    let mut found = Vec::new();
    pod_reads::for_each(cluster, namespaces, &list, |namespace, item| {
        let pod: Pod = serde_json::from_str(item.json.get()).unwrap_or_default();
        if is_wanted(&pod) {
            found.push((namespace, pod));
        }
    })
    .await?;
    Ok(found)
}

/// Returns the pull secrets of all ServiceAccounts of these namespaces.
///
/// # Errors
/// The first error of a list.
pub(super) async fn read_accounts(
    cluster: &Arc<ClusterClient>,
    namespaces: &[Namespace],
) -> Result<Accounts, RequestError> {
    let mut accounts = Accounts::new();
    let list = service_accounts::list_all();
    pod_reads::for_each(cluster, namespaces, &list, |namespace, item| {
        let account: WireAccount = serde_json::from_str(item.json.get()).unwrap_or_default();
        let names = account.secrets.into_iter().map(|reference| reference.name);
        let names = names.filter(|name| !name.is_empty()).collect();
        accounts.insert((namespace, item.name), names);
    })
    .await?;
    Ok(accounts)
}

/// Returns the states of these Secrets. An invalid name belongs to no Secret.
pub(super) async fn read_states(
    cluster: &Arc<ClusterClient>,
    wanted: BTreeSet<(Namespace, String)>,
    redact: impl Fn(&[u8]),
) -> Secrets {
    let wanted = wanted.into_iter().filter_map(|(namespace, name)| {
        let name: SecretName = name.parse().ok()?;
        Some((namespace, name))
    });
    let mut reads = read_secrets(cluster, wanted.collect());
    let mut secrets = Secrets::new();
    while let Some((namespace, name, read)) = reads.next().await {
        let state = match read {
            Ok(Some(stored)) => SecretState::of(&stored),
            Ok(None) => SecretState::Missing,
            Err(error) => SecretState::Unreadable {
                error: error.error_text(),
                is_forbidden: error.api_error().is_some_and(ApiError::is_forbidden),
            },
        };
        if let SecretState::Data(_, data, _) = &state {
            redact(data);
        }
        secrets.insert((namespace, name.as_str().to_owned()), state);
    }
    secrets
}

/// Returns kubelet's last text about failed pulls, by container. Without the right to list events there is none.
pub(super) async fn read_messages(
    cluster: &Arc<ClusterClient>,
    namespaces: &[Namespace],
) -> Messages {
    let list = List {
        resource: "events",
        fields: "involvedObject.kind=Pod,type=Warning".to_owned(),
        accept: JSON,
        ..List::default()
    };
    let mut newest: HashMap<(Namespace, String, String), (Option<String>, String)> = HashMap::new();
    let read = pod_reads::for_each(cluster, namespaces, &list, |namespace, item| {
        let event: WireEvent = serde_json::from_str(item.json.get()).unwrap_or_default();
        let path = event.involved_object.field_path.as_str();
        let container = path
            .split_once('{')
            .and_then(|(_, rest)| rest.strip_suffix('}'));
        let Some(container) = container.filter(|_| event.reason == "Failed") else {
            return;
        };
        // kubelet's second event about a failure has no reason.
        if matches!(
            event.message.as_str(),
            "Error: ErrImagePull" | "Error: ImagePullBackOff"
        ) {
            return;
        }
        let key = (
            namespace,
            event.involved_object.name.clone(),
            container.to_owned(),
        );
        let known = newest.get(&key);
        if known.is_none_or(|(time, _)| *time <= event.last_timestamp) {
            newest.insert(key, (event.last_timestamp, event.message));
        }
    })
    .await;
    match read {
        Ok(()) => newest
            .into_iter()
            .map(|(key, (_, text))| (key, text))
            .collect(),
        Err(_) => Messages::new(),
    }
}

/// Returns the nodes by name. Without the right to list them there are none.
pub(super) async fn read_nodes(cluster: &Arc<ClusterClient>) -> HashMap<String, Node> {
    let list = List {
        resource: "nodes",
        accept: JSON,
        page_size: Some(100),
        ..List::default()
    };
    let Ok(items) = Pager::new(cluster, list).all().await else {
        return HashMap::new();
    };
    let nodes = items.into_iter().map(|item| {
        let node: WireNode = serde_json::from_str(item.json.get()).unwrap_or_default();
        let images = node.status.images.into_iter().flat_map(|image| image.names);
        let facts = Node {
            version: version(&node.status.node_info.kubelet_version),
            images: images.collect(),
            is_gke: node
                .metadata
                .labels
                .contains_key("cloud.google.com/gke-nodepool"),
        };
        (item.name, facts)
    });
    nodes.collect()
}

/// Returns the major and minor version of `v1.35.2-gke.100`.
fn version(text: &str) -> (u32, u32) {
    let mut parts = text.trim_start_matches('v').split('.');
    let mut part = || parts.next().and_then(|it| it.parse().ok()).unwrap_or(0);
    (part(), part())
}
