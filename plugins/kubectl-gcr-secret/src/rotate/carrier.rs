//! A Secret whose annotations say that it carries a key.

use gcr_core::domain::names::{Namespace, SecretName};
use gcr_core::domain::pull_secret::{self, KEY_ID, PREVIOUS_KEY_ID};
use gcr_core::engine::TargetName;
use gcr_core::kubernetes::ClusterClient;
use gcr_core::resources::NamespaceTarget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube_clientcmd::escape_control::escape_control;

/// Where a Secret is: the position of its cluster, its namespace and its name.
pub(super) type Place = (usize, Namespace, SecretName);

/// A Secret whose annotations say that it carries a key.
#[derive(Clone, Debug)]
pub(super) struct Carrier {
    pub(super) place: Place,
    /// Whether the user selected it.
    pub(super) in_scope: bool,
    /// The address of the service account.
    pub(super) account: String,
    /// The id of the key.
    pub(super) key: String,
    pub(super) metadata: ObjectMeta,
}

impl Carrier {
    /// Returns the carrier with this metadata; `None` if it names no account or no key.
    pub(super) fn of(cluster: usize, metadata: ObjectMeta) -> Option<Self> {
        let value = |name: &str| {
            let value = metadata.annotations.as_ref()?.get(name)?;
            (!value.is_empty()).then(|| value.clone())
        };
        let namespace = metadata.namespace.as_deref()?.parse().ok()?;
        let name = metadata.name.as_deref()?.parse().ok()?;
        Some(Self {
            place: (cluster, namespace, name),
            in_scope: false,
            account: value(pull_secret::ACCOUNT)?,
            key: value(KEY_ID)?,
            metadata,
        })
    }

    /// Returns an annotation.
    pub(super) fn annotation(&self, name: &str) -> Option<&str> {
        let annotations = self.metadata.annotations.as_ref()?;
        annotations.get(name).map(String::as_str)
    }

    /// Returns the ids of the keys that the Secret carried before a rotation that is not finished.
    pub(super) fn previous(&self) -> impl Iterator<Item = &str> {
        let ids = self.annotation(PREVIOUS_KEY_ID).unwrap_or_default();
        ids.split(',')
            .filter(|id| !id.is_empty() && *id != self.key)
    }

    /// Returns the registry hosts that the Secret's annotation names.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &str> {
        let hosts = self.annotation(pull_secret::REGISTRIES).unwrap_or_default();
        hosts.split(',').filter(|host| !host.is_empty())
    }

    /// Returns the namespace as a target, for reports.
    pub(super) fn target(&self, cluster: &ClusterClient) -> TargetName {
        NamespaceTarget::name_in(cluster, &self.place.1)
    }
}

/// Returns the place of a Secret for a message: `secret/NAME -n NS --context CTX`.
pub(super) fn place_text((_, namespace, name): &Place, context: Option<&str>) -> String {
    let context = context.map(|it| format!(" --context {}", escape_control(it)));
    format!(
        "secret/{name} -n {namespace}{}",
        context.unwrap_or_default()
    )
}
