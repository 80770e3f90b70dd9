//! Prepares the write of each Secret: which registry hosts get the new key.

use futures_util::StreamExt as _;
use futures_util::stream;
use gcr_core::domain::contained_keys::key_file;
use gcr_core::domain::pull_secret::{CREDENTIAL, KEY};
use gcr_core::domain::registry_credential::KeyAuth;
use gcr_core::domain::registry_host::RegistryHost;
use gcr_core::engine::ObjectError;
use gcr_core::kubernetes::{ApiError, RequestError};
use gcr_core::resources::permissions;
use gcr_google::keyring::{Entry, Keyring, SecretFormat};
use kube_clientcmd::escape_control::quoted;
use secrecy::ExposeSecret as _;

use super::carrier::Carrier;
use super::secret_search::Scopes;

/// Number of concurrent reads.
const CONCURRENT_READS: usize = 16;

/// A Secret and what to write to it.
#[derive(Clone)]
pub(super) struct Prepared {
    pub(super) carrier: Carrier,
    /// The hosts of the account's credential.
    pub(super) hosts: Vec<RegistryHost>,
    pub(super) auth: KeyAuth,
    /// Whether the Secret has entries of other owners, which stay.
    pub(super) merge: bool,
}

/// Prepares the writes. Only a Secret that may have entries of other owners is read with its data: one whose metadata prove nothing or
/// have no valid names of registries, and with `force_conflicts` each, because no conflict guards entries that another client has
/// added.
pub(super) async fn prepare(
    carriers: Vec<Carrier>,
    scopes: &Scopes,
    force_conflicts: bool,
) -> Vec<Result<Prepared, (Carrier, ObjectError)>> {
    let prepared = stream::iter(carriers).map(async |carrier| {
        let is_base64 = carrier.annotation(CREDENTIAL) == Some("json-key-base64");
        let auth = if is_base64 {
            KeyAuth::JsonKeyBase64
        } else {
            KeyAuth::JsonKey
        };
        let proven = proven_hosts(&carrier).filter(|_| !force_conflicts);
        let is_ours_alone = proven.is_some();
        let hosts = match proven {
            Some(hosts) => Ok(hosts),
            None => hosts_with_key(&carrier, scopes).await,
        };
        match hosts {
            Ok(hosts) => Ok(Prepared {
                carrier,
                hosts,
                auth,
                merge: !is_ours_alone,
            }),
            Err(error) => Err((carrier, error)),
        }
    });
    prepared.buffered(CONCURRENT_READS).collect().await
}

/// Returns the hosts of a Secret that contains nothing of another owner, as its metadata prove.
fn proven_hosts(carrier: &Carrier) -> Option<Vec<RegistryHost>> {
    if !carrier.is_proven {
        return None;
    }
    let hosts = carrier.hosts().map(|host| host.parse().ok());
    let hosts: Vec<RegistryHost> = hosts.collect::<Option<_>>()?;
    (!hosts.is_empty()).then_some(hosts)
}

/// Reads a Secret and returns the hosts whose entries contain a key of its account.
async fn hosts_with_key(
    carrier: &Carrier,
    scopes: &Scopes,
) -> Result<Vec<RegistryHost>, ObjectError> {
    let (cluster, namespace, name) = &carrier.place;
    let client = &scopes.clusters[*cluster].client;
    let stored = client.read_secret(namespace, name).await;
    let stored = stored.map_err(|error| read_error(&error, carrier))?;
    let invalid = |reason: &str| {
        ObjectError::new(format!(
            "error: secret {name:?}: {reason}",
            name = name.as_str()
        ))
    };
    let config = stored.as_ref().and_then(|stored| stored.data.get(KEY));
    let config = config.ok_or_else(|| invalid("it was deleted meanwhile"))?;
    let keyring = Keyring::new([(SecretFormat::DockerConfigJson, config.as_slice())]);
    let keyring = keyring.map_err(|_| invalid("its docker config cannot be decoded"))?;
    let mut hosts: Vec<RegistryHost> = Vec::new();
    let entries = keyring.entries().iter();
    for entry in entries.filter(|entry| is_of(entry, &carrier.account)) {
        // An entry that would keep the old key, such as a pattern, which kubelet accepts.
        let Ok(host) = entry.name.parse() else {
            return Err(invalid(&format!(
                "its entry {} carries the key and cannot be written",
                quoted(&entry.name)
            )));
        };
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    if hosts.is_empty() {
        return Err(invalid(
            "it contains no key of the account that its annotation names",
        ));
    }
    Ok(hosts)
}

fn is_of(entry: &Entry, account: &str) -> bool {
    let (user, password) = (&entry.login.username, &entry.login.password);
    let file = key_file(user, password.expose_secret());
    file.is_some_and(|key| key.client_email() == account)
}

fn read_error(error: &RequestError, carrier: &Carrier) -> ObjectError {
    let is_forbidden = error.api_error().is_some_and(ApiError::is_forbidden);
    let hint = || permissions::rotate_secret(Some(&carrier.place.2), false).hint(false);
    ObjectError {
        not_started: error.is_not_started(),
        hint: is_forbidden.then(hint),
        ..ObjectError::new(error.error_text())
    }
}
