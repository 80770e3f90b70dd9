//! A pod as far as its image pulls and its replacement are concerned.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Reasons for which kubelet lets a container wait because of its image (`pkg/kubelet/images`, `types.go`).
const PULL_REASONS: [&str; 4] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
];

/// A pod.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// `metadata`.
    pub metadata: Metadata,
    spec: Spec,
    status: Status,
}

/// The metadata of a pod.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
    labels: BTreeMap<String, String>,
    owner_references: Vec<Owner>,
    deletion_timestamp: Option<String>,
}

/// An owner of a pod.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Owner {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    controller: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    service_account_name: String,
    node_name: String,
    image_pull_secrets: Vec<Reference>,
    containers: Vec<Container>,
    init_containers: Vec<Container>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Reference {
    name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Container {
    name: String,
    image: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    container_statuses: Vec<ContainerStatus>,
    init_container_statuses: Vec<ContainerStatus>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ContainerStatus {
    name: String,
    state: State,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct State {
    waiting: Option<Waiting>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Waiting {
    reason: String,
    message: String,
}

/// A container and its image.
#[derive(Clone, Debug)]
pub struct PodImage {
    /// The name of the container.
    pub container: String,
    /// The image as written.
    pub image: String,
    /// Why kubelet lets the container wait, if it does because of the image.
    pub reason: Option<String>,
    /// kubelet's text about it.
    pub message: String,
}

impl Pod {
    /// Returns the containers with their images, those of init containers first.
    pub fn images(&self) -> Vec<PodImage> {
        let containers = self
            .spec
            .init_containers
            .iter()
            .chain(&self.spec.containers);
        let statuses = self.status.init_container_statuses.iter();
        let statuses: Vec<_> = statuses.chain(&self.status.container_statuses).collect();
        let image = |container: &Container| {
            let status = statuses.iter().find(|status| status.name == container.name);
            let waiting = status.and_then(|status| status.state.waiting.as_ref());
            let waiting = waiting.filter(|it| PULL_REASONS.contains(&it.reason.as_str()));
            PodImage {
                container: container.name.clone(),
                image: container.image.clone(),
                reason: waiting.map(|it| it.reason.clone()),
                message: waiting.map(|it| it.message.clone()).unwrap_or_default(),
            }
        };
        containers.map(image).collect()
    }

    /// Returns whether a container waits for its image, and the pod is not being deleted.
    pub fn is_stuck(&self) -> bool {
        self.metadata.deletion_timestamp.is_none()
            && self.images().iter().any(|image| image.reason.is_some())
    }

    /// Returns the images for which kubelet waits to pull them again, so that a credential may be missing.
    pub fn unpulled_images(&self) -> Vec<String> {
        let waiting = self.images().into_iter().filter(|image| {
            matches!(
                image.reason.as_deref(),
                Some("ErrImagePull" | "ImagePullBackOff")
            )
        });
        waiting.map(|image| image.image).collect()
    }

    /// Returns the names of its pull secrets, in kubelet's order.
    pub fn pull_secrets(&self) -> Vec<String> {
        let names = self.spec.image_pull_secrets.iter();
        let names = names.map(|reference| reference.name.clone());
        names.filter(|name| !name.is_empty()).collect()
    }

    /// Returns the name of its ServiceAccount.
    pub fn account(&self) -> &str {
        match self.spec.service_account_name.as_str() {
            "" => "default",
            name => name,
        }
    }

    /// Returns the name of its node, if it has one.
    pub fn node(&self) -> Option<&str> {
        Some(self.spec.node_name.as_str()).filter(|name| !name.is_empty())
    }

    /// Returns the owner that recreates the pod after an eviction. A node recreates a static pod without any change.
    pub fn controller(&self) -> Option<&Owner> {
        let mut owners = self.metadata.owner_references.iter();
        owners.find(|owner| owner.controller && owner.kind != "Node")
    }

    /// Returns the object whose pod template the user edits, as kubectl names it, such as `deployment/web`; the pod itself
    /// without a known one.
    pub fn editable(&self) -> String {
        let own = || format!("pod/{}", self.metadata.name);
        let Some(owner) = self.controller() else {
            return own();
        };
        match owner.kind.as_str() {
            "ReplicaSet" => {
                // The deployment controller names a ReplicaSet after its Deployment and this label.
                let hash = self.metadata.labels.get("pod-template-hash");
                let deployment =
                    hash.and_then(|hash| owner.name.strip_suffix(hash.as_str())?.strip_suffix('-'));
                match deployment {
                    Some(deployment) => format!("deployment/{deployment}"),
                    None => format!("replicaset/{}", owner.name),
                }
            }
            "StatefulSet" | "DaemonSet" | "ReplicationController" => {
                format!("{}/{}", owner.kind.to_ascii_lowercase(), owner.name)
            }
            _ => own(),
        }
    }
}
