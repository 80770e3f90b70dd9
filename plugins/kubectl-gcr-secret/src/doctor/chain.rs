//! Follows a list of pull secrets as kubelet does: Secrets, keyring, registry.

use std::collections::HashMap;
use std::sync::Arc;

use gcr_core::domain::names::Namespace;
use gcr_core::kubernetes::secrets::StoredSecret;
use gcr_google::keyring::{Entry, Keyring, SecretFormat};
use gcr_google::registry::{Finding, Handshake, Verdict};
use kube_clientcmd::escape_control::escape_control;
use zeroize::Zeroizing;

use crate::verify::finding::Facts;
use crate::verify::requested::Requested;
use crate::verify::source::format_of;

/// The observed state of a referenced Secret.
pub(super) enum SecretState {
    Missing,
    Unreadable {
        /// The server's error.
        error: String,
        is_forbidden: bool,
    },
    /// kubelet ignores a Secret of this type.
    WrongType(String, Origin),
    Data(SecretFormat, Zeroizing<Vec<u8>>, Origin),
}

/// The properties of an existing Secret on which its fix depends.
#[derive(Clone, Copy, Default)]
pub(super) struct Origin {
    /// Whether this plugin manages it.
    pub(super) is_ours: bool,
}

/// The Secrets of all namespaces.
pub(super) type Secrets = HashMap<(Namespace, String), SecretState>;

/// The result of a list of pull secrets for an image.
pub(super) enum End {
    /// No Secret is referenced.
    Empty,
    Undecodable(String),
    Missing(String),
    Unreadable(String, String),
    WrongType(String, String),
    /// A Secret without an entry for the image, and the nearest entry of it.
    NoEntry(String, Option<String>),
    /// An entry matches, and the registry is not contacted.
    NotContacted,
    /// The registry accepts a credential.
    Works,
    /// A credential works, and the image does not exist.
    ImageMissing,
    /// The registry refuses every credential; the first one of this Secret.
    Refused(Refusal),
}

/// The refusal of a credential.
pub(super) struct Refusal {
    pub(super) secret: String,
    pub(super) finding: Arc<Finding>,
    pub(super) facts: Facts,
    /// Whether the Secret also has entries for other hosts.
    pub(super) has_others: bool,
}

/// A list of pull secrets, followed to its end.
pub(super) struct Chain {
    pub(super) end: End,
    /// Secret and entry of each match, in kubelet's order.
    pub(super) matches: Vec<(String, String)>,
    /// The result for the entry that decided.
    pub(super) finding: Option<Arc<Finding>>,
}

impl SecretState {
    pub(super) fn of(stored: &StoredSecret) -> Self {
        let managers = stored.metadata.managed_fields.iter().flatten();
        let origin = Origin {
            is_ours: managers
                .filter_map(|entry| entry.manager.as_deref())
                .any(|manager| manager == "kubectl-gcr-secret"),
        };
        match format_of(stored) {
            Some((format, data)) => Self::Data(format, Zeroizing::new(data.to_vec()), origin),
            None => Self::WrongType(escape_control(&stored.type_).into_owned(), origin),
        }
    }
}

impl Chain {
    fn ending(end: End) -> Self {
        Self {
            end,
            matches: Vec::new(),
            finding: None,
        }
    }

    /// Returns whether a pod with these pull secrets gets past the credentials.
    pub(super) fn is_good(&self) -> bool {
        matches!(self.end, End::Works | End::NotContacted | End::ImageMissing)
    }
}

/// Follows these Secrets of a namespace for an image.
pub(super) async fn follow(
    namespace: &Namespace,
    names: &[String],
    secrets: &Secrets,
    requested: &Requested,
    handshake: &Handshake,
) -> Chain {
    if names.is_empty() {
        return Chain::ending(End::Empty);
    }
    let state = |name: &String| secrets.get(&(namespace.clone(), name.clone()));
    let mut usable: Vec<(&String, SecretFormat, &[u8])> = Vec::new();
    for name in names {
        if let Some(SecretState::Data(format, data, _)) = state(name) {
            usable.push((name, *format, data));
        }
    }
    let data = usable.iter().map(|(_, format, data)| (*format, *data));
    let keyring = match Keyring::new(data) {
        Ok(keyring) => keyring,
        Err(error) => {
            return Chain::ending(End::Undecodable(usable[error.secret].0.clone()));
        }
    };
    let found = keyring.matching(&requested.repository);
    let matches = found.iter().map(|entry| {
        let secret = usable[entry.secret].0.clone();
        (secret, entry.name.clone())
    });
    let matches: Vec<_> = matches.collect();
    if found.is_empty() {
        return Chain::ending(without_match(names, state, &keyring, &usable, requested));
    }
    let mut chain = Chain {
        end: End::NotContacted,
        matches,
        finding: None,
    };
    for entry in found {
        let Ok(finding) = handshake.check(&entry.login, &requested.target).await else {
            // Other registries are never contacted.
            return chain;
        };
        let is_first = chain.finding.is_none();
        match finding.verdict {
            Verdict::Ok => {
                chain.end = End::Works;
                chain.finding = Some(finding);
                return chain;
            }
            Verdict::ImageNotFound => {
                chain.end = End::ImageMissing;
                chain.finding = Some(finding);
                return chain;
            }
            _ if is_first => {
                chain.end = End::Refused(Refusal {
                    secret: usable[entry.secret].0.clone(),
                    facts: Facts::of(&entry.login),
                    has_others: has_other_hosts(&keyring, entry, requested),
                    finding: Arc::clone(&finding),
                });
                chain.finding = Some(finding);
            }
            _ => {}
        }
    }
    chain
}

/// Returns why no entry matches: the first unusable Secret, or the nearest entry.
fn without_match<'a>(
    names: &[String],
    state: impl Fn(&String) -> Option<&'a SecretState>,
    keyring: &Keyring,
    usable: &[(&String, SecretFormat, &[u8])],
    requested: &Requested,
) -> End {
    for name in names {
        match state(name) {
            Some(SecretState::Unreadable { error, .. }) => {
                return End::Unreadable(name.clone(), error.clone());
            }
            Some(SecretState::Missing) | None => return End::Missing(name.clone()),
            Some(SecretState::WrongType(kind, _)) => {
                return End::WrongType(name.clone(), kind.clone());
            }
            Some(SecretState::Data(..)) => {}
        }
    }
    let nearest = keyring
        .entries()
        .iter()
        .max_by_key(|entry| similarity(&entry.name, &requested.repository));
    let secret = nearest.map_or(&names[0], |entry| usable[entry.secret].0);
    End::NoEntry(secret.clone(), nearest.map(|entry| entry.name.clone()))
}

/// Returns how much an entry resembles a repository: equal hosts first, then the length of the common end of the hosts.
fn similarity(entry: &str, repository: &str) -> (bool, usize) {
    let entry = Requested::of_entry(entry).target.host;
    let host = repository.split('/').next().unwrap_or_default();
    let common = entry
        .bytes()
        .rev()
        .zip(host.bytes().rev())
        .take_while(|(left, right)| left == right);
    (entry == host, common.count())
}

fn has_other_hosts(keyring: &Keyring, used: &Entry, requested: &Requested) -> bool {
    let mut entries = keyring.entries().iter();
    entries.any(|entry| {
        entry.secret == used.secret
            && Requested::of_entry(&entry.name).target.host != requested.target.host
    })
}
