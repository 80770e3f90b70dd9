//! Observes a Secret with an access token, and gets a new token if it is due.
//!
//! The metadata suffices if it proves which hosts the Secret is for: its digest states that it contains nothing of another owner.
//! Otherwise the data is read, because entries of other owners are kept.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::due::{TokenState, token_state};
use super::shared::RefreshContext;
use crate::domain::docker_config::{DockerConfig, token_hosts};
use crate::domain::names::SecretName;
use crate::domain::pull_secret::{CachedSecret, DIGEST, KEY};
use crate::domain::registry_credential::RegistryCredential;
use crate::domain::registry_host::RegistryHost;
use crate::engine::ObjectError;
use crate::kubernetes::RequestError;
use crate::request::DesiredSecret;
use crate::resources::pull_secret_summary::PullSecretSummary;
use crate::resources::secret::ObservedSecret;

/// The Secret as observed.
pub(super) enum ObservedToken {
    /// It does not exist any more.
    Gone,
    /// It contains no token any more.
    Replaced,
    /// Its account is not known.
    UnknownAccount,
    /// Its annotation names no service account. Contains the reason.
    InvalidAccount(String),
    /// Its data contains no token, although its annotation says so.
    TokenMissing,
    /// Its token stays valid.
    Valid(Box<ObjectMeta>),
    /// No new token was issued.
    NotIssued(ObjectError),
    /// Its token is due, and this is the Secret with the new one.
    Due(Box<DesiredSecret>, ObservedSecret),
}

/// Observes the Secret. `listed` is what the discovery has found.
pub(super) async fn observe(
    cx: &RefreshContext<'_>,
    name: &SecretName,
    listed: Option<Box<ObjectMeta>>,
) -> Result<ObservedToken, RequestError> {
    let cluster = &cx.target.cluster;
    let metadata = match listed {
        Some(listed) => listed,
        None => {
            let read = cluster.read_secret_metadata(&cx.target.namespace, name);
            match read.await? {
                Some(metadata) => Box::new(metadata),
                None => return Ok(ObservedToken::Gone),
            }
        }
    };
    let account = match token_state(&metadata, cx.desired.within, cluster.now()) {
        TokenState::NoToken => return Ok(ObservedToken::Replaced),
        TokenState::UnknownAccount => return Ok(ObservedToken::UnknownAccount),
        TokenState::Valid => return Ok(ObservedToken::Valid(metadata)),
        TokenState::Due(account) => account,
    };
    if let Some(reason) = cx.issuer.invalid_account(&account) {
        return Ok(ObservedToken::InvalidAccount(reason));
    }
    let (hosts, observed) = match proven_hosts(&metadata).filter(|_| !cx.desired.force_conflicts) {
        Some(hosts) => (hosts, ObservedSecret::Metadata(metadata)),
        None => match cluster.read_secret(&cx.target.namespace, name).await? {
            None => return Ok(ObservedToken::Gone),
            Some(stored) => {
                let config = stored.data.get(KEY);
                let hosts = config.map(|config| token_hosts(config)).unwrap_or_default();
                (hosts, ObservedSecret::Full(Box::new(stored)))
            }
        },
    };
    if hosts.is_empty() {
        return Ok(ObservedToken::TokenMissing);
    }
    match cx.issuer.token(&account).await {
        Ok(credential) => {
            let keeps_others = matches!(observed, ObservedSecret::Full(_));
            let desired = desired(cx, name, hosts, credential, keeps_others);
            Ok(ObservedToken::Due(Box::new(desired), observed))
        }
        Err(error) => Ok(ObservedToken::NotIssued(error)),
    }
}

/// Returns the hosts of a Secret that provably contains nothing of another owner.
fn proven_hosts(metadata: &ObjectMeta) -> Option<Vec<RegistryHost>> {
    let annotations = metadata.annotations.as_ref()?;
    if !annotations.contains_key(DIGEST) {
        return None;
    }
    let registries = PullSecretSummary::of(metadata).registries;
    let hosts = registries.iter().map(|host| host.parse().ok());
    hosts.collect()
}

fn desired(
    cx: &RefreshContext<'_>,
    name: &SecretName,
    hosts: Vec<RegistryHost>,
    credential: RegistryCredential,
    keeps_others: bool,
) -> DesiredSecret {
    DesiredSecret {
        name: name.clone(),
        config: DockerConfig::new(hosts, credential.auth()),
        credential,
        cached: CachedSecret::default(),
        merge: keeps_others,
        only_as_observed: true,
        replaces: None,
        force_conflicts: cx.desired.force_conflicts,
        recreate: false,
    }
}
