//! A Secret that carries keys of an account.

use gcr_core::domain::contained_keys::ContainedKey;
use gcr_core::domain::names::{Namespace, SecretName};
use gcr_core::domain::pull_secret::{self, KEY_ID, PREVIOUS_KEY_ID};
use gcr_core::engine::TargetName;
use gcr_core::kubernetes::ClusterClient;
use gcr_core::resources::NamespaceTarget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube_clientcmd::escape_control::escape_control;

/// Where a Secret is: the position of its cluster, its namespace and its name.
pub(super) type Place = (usize, Namespace, SecretName);

/// A Secret that carries keys of an account.
#[derive(Clone, Debug)]
pub(super) struct Carrier {
    pub(super) place: Place,
    /// Whether the user selected it.
    pub(super) in_scope: bool,
    /// The address of the service account.
    pub(super) account: String,
    /// The ids of the account's keys, at least one. Entries for different hosts may have different keys.
    pub(super) keys: Vec<String>,
    /// Whether the metadata prove the keys, and that the Secret contains nothing of another owner.
    pub(super) is_proven: bool,
    pub(super) metadata: ObjectMeta,
}

impl Carrier {
    /// Returns the carrier that the annotations name; `None` if they name no account or no key.
    pub(super) fn annotated(cluster: usize, metadata: ObjectMeta, is_proven: bool) -> Option<Self> {
        let value = |name: &str| {
            let value = metadata.annotations.as_ref()?.get(name)?;
            (!value.is_empty()).then(|| value.clone())
        };
        Some(Self {
            place: place_of(cluster, &metadata)?,
            in_scope: false,
            account: value(pull_secret::ACCOUNT)?,
            keys: vec![value(KEY_ID)?],
            is_proven,
            metadata,
        })
    }

    /// Returns a carrier per account whose keys the data of a Secret contain. If it contains none, the annotations count.
    pub(super) fn of_data(
        cluster: usize,
        metadata: &ObjectMeta,
        contained: &[ContainedKey],
    ) -> Vec<Self> {
        let Some(place) = place_of(cluster, metadata) else {
            return Vec::new();
        };
        let mut carriers: Vec<Self> = Vec::new();
        // Sorted by account.
        for ContainedKey { account, id } in contained {
            match carriers.last_mut().filter(|it| it.account == *account) {
                Some(carrier) => carrier.keys.push(id.clone()),
                None => carriers.push(Self {
                    place: place.clone(),
                    in_scope: false,
                    account: account.clone(),
                    keys: vec![id.clone()],
                    is_proven: false,
                    metadata: metadata.clone(),
                }),
            }
        }
        if carriers.is_empty() {
            carriers.extend(Self::annotated(cluster, metadata.clone(), false));
        }
        carriers
    }

    /// Returns whether the Secret carries this key.
    pub(super) fn carries(&self, key: &str) -> bool {
        self.keys.iter().any(|it| it == key)
    }

    /// Returns whether the Secret carries this key and no other one of the account.
    pub(super) fn carries_only(&self, key: &str) -> bool {
        self.keys.iter().all(|it| it == key)
    }

    /// Returns an annotation.
    pub(super) fn annotation(&self, name: &str) -> Option<&str> {
        let annotations = self.metadata.annotations.as_ref()?;
        annotations.get(name).map(String::as_str)
    }

    /// Returns the ids of the keys that the Secret carried before a rotation that is not finished.
    pub(super) fn previous(&self) -> impl Iterator<Item = &str> {
        let ids = self.annotation(PREVIOUS_KEY_ID).unwrap_or_default();
        // The annotation belongs to the account that the annotations name.
        let account = self.annotation(pull_secret::ACCOUNT);
        let is_ours = account.is_none_or(|account| account == self.account);
        ids.split(',')
            .filter(move |id| is_ours && !id.is_empty() && !self.carries(id))
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

/// Returns the place of a Secret with this metadata.
pub(super) fn place_of(cluster: usize, metadata: &ObjectMeta) -> Option<Place> {
    let namespace = metadata.namespace.as_deref()?.parse().ok()?;
    let name = metadata.name.as_deref()?.parse().ok()?;
    Some((cluster, namespace, name))
}

/// Returns the place of a Secret for a message: `secret/NAME -n NS --context CTX`.
pub(super) fn place_text((_, namespace, name): &Place, context: Option<&str>) -> String {
    let context = context.map(|it| format!(" --context {}", escape_control(it)));
    format!(
        "secret/{name} -n {namespace}{}",
        context.unwrap_or_default()
    )
}
