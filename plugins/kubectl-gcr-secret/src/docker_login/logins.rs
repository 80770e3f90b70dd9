//! Chooses the credential for each host: that of a file for all, or the entries of a Secret.

use gcr_core::commands::{NamespaceSelection, SelectedCluster};
use gcr_core::domain::names::SecretName;
use gcr_core::domain::redactor::Redactor;
use gcr_core::engine::{Hint, ObjectError};
use gcr_core::kubernetes::ApiError;
use gcr_core::resources::permissions;
use gcr_google::keyring::{Entry, Keyring};
use gcr_google::registry::Login;
use secrecy::ExposeSecret as _;

use crate::verify::requested::Requested;
use crate::verify::source::format_of;

/// A credential, and the content to prove it for.
pub(super) struct HostLogin {
    /// The host, which is the key of the entry.
    pub(super) host: String,
    /// The credential.
    pub(super) login: Login,
    /// The content to request from the registry.
    pub(super) requested: Vec<Requested>,
}

/// Returns one login for the hosts of all requests.
pub(super) fn of_login(login: &Login, requested: Vec<Requested>) -> Vec<HostLogin> {
    let mut logins: Vec<HostLogin> = Vec::new();
    for one in requested {
        add(&mut logins, login, one);
    }
    logins
}

fn add(logins: &mut Vec<HostLogin>, login: &Login, requested: Requested) {
    let host = &requested.target.host;
    match logins.iter_mut().find(|it| it.host == *host) {
        Some(known) => known.requested.push(requested),
        None => logins.push(HostLogin {
            host: host.clone(),
            login: login.clone(),
            requested: vec![requested],
        }),
    }
}

/// Reads a Secret, and returns the credentials for the requests; without requests, those for each Google host in it.
///
/// # Errors
/// Fails if the Secret cannot be read or has no credential for a request.
pub(super) async fn of_secret(
    cluster: &SelectedCluster<'_>,
    name: &SecretName,
    requested: Vec<Requested>,
    allow_any_host: bool,
    redactor: &Redactor,
) -> Result<Vec<HostLogin>, ObjectError> {
    let NamespaceSelection::Explicit(namespaces) = &cluster.selection else {
        return Err(ObjectError::new("error: --from-secret reads one namespace"));
    };
    let [namespace] = namespaces.as_slice() else {
        return Err(ObjectError::new("error: --from-secret reads one namespace"));
    };
    let stored = cluster.cluster.read_secret(namespace, name).await;
    let stored = stored.map_err(|error| {
        let is_forbidden = error.api_error().is_some_and(ApiError::is_forbidden);
        ObjectError {
            hint: is_forbidden.then(|| permissions::docker_login(name).hint(false)),
            ..ObjectError::new(error.error_text())
        }
    })?;
    let stored = stored.ok_or_else(|| {
        let text = format!("Error from server (NotFound): secrets \"{name}\" not found");
        ObjectError::new(text)
    })?;
    let keyring = format_of(&stored).and_then(|data| Keyring::new([data]).ok());
    let keyring = keyring.ok_or_else(|| {
        ObjectError::new(format!(
            "error: secret \"{name}\" holds no Docker config that can be decoded"
        ))
    })?;
    for entry in keyring.entries() {
        redactor.add_secret(entry.login.password.expose_secret());
    }
    let mut logins = Vec::new();
    if requested.is_empty() {
        let entries = keyring.entries().iter();
        let mut found: Vec<(Requested, &Entry)> = entries
            .map(|entry| (Requested::of_entry(&entry.name), entry))
            .filter(|(requested, _)| allow_any_host || requested.is_google())
            .collect();
        // Docker ignores paths: the credential of the whole host comes first.
        found.sort_by_key(|(requested, _)| !requested.is_host());
        for (requested, entry) in found {
            let is_of_another = logins.iter().any(|it: &HostLogin| {
                it.host == requested.target.host
                    && it.login.password.expose_secret() != entry.login.password.expose_secret()
            });
            if !is_of_another {
                add(&mut logins, &entry.login, requested);
            }
        }
        if logins.is_empty() {
            let text = format!("error: secret \"{name}\" has no entry for a registry of Google");
            return Err(ObjectError {
                hint: Some(Hint::new(
                    "name its host with --registry and --allow-any-host",
                )),
                ..ObjectError::new(text)
            });
        }
        return Ok(logins);
    }
    for requested in requested {
        let Some(entry) = entry_for(&keyring, &requested) else {
            let label = &requested.label;
            let text = format!("error: secret \"{name}\" has no entry for {label}");
            return Err(ObjectError::new(text));
        };
        let login = entry.login.clone();
        add(&mut logins, &login, requested);
    }
    Ok(logins)
}

fn entry_for<'a>(keyring: &'a Keyring, requested: &Requested) -> Option<&'a Entry> {
    if !requested.is_host() {
        return keyring.matching(&requested.repository).into_iter().next();
    }
    let of_host =
        |entry: &&Entry| Requested::of_entry(&entry.name).target.host == requested.target.host;
    let entries = keyring.entries().iter().filter(of_host);
    entries.min_by_key(|entry| !Requested::of_entry(&entry.name).is_host())
}
