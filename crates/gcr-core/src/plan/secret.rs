//! Plans the Secret: apply it, replace it, or say why neither will do.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};

use super::{SecretApply, SecretStep, replacement};
use crate::cluster::Fault;
use crate::cluster::secrets::StoredSecret;
use crate::domain::docker_config::DockerConfig;
use crate::domain::printable::printable;
use crate::domain::pull_secret::{self, Guard, PullSecret};
use crate::failure::{Failure, Hint, Trouble};
use crate::observe::SecretSeen;
use crate::progress::{Before, Progress};
use crate::request::{Wanted, WantedSecret};

pub(super) fn plan(
    wanted: &Wanted,
    secret: &WantedSecret,
    seen: Result<SecretSeen, Fault>,
    progress: &Progress,
    warnings: &mut Vec<String>,
) -> SecretStep {
    let seen = match seen {
        Ok(seen) => seen,
        Err(fault) => return SecretStep::Fail(explain(fault, secret)),
    };
    let body = |config: &DockerConfig, guard: Option<&Guard>| {
        PullSecret::new(&secret.name, &secret.credential, config).apply_body(guard)
    };
    let apply = |config: &DockerConfig, guard: Option<Guard>, before: Before| SecretApply {
        // What is bound to nothing and keeps nothing is the same everywhere.
        body: if guard.is_none() && std::ptr::eq(config, &secret.config) {
            secret.body.get(|| body(config, None))
        } else {
            body(config, guard.as_ref())
        },
        force: secret.force_conflicts,
        before: progress.unheard_secret.clone().unwrap_or(before),
        repeated: progress.unheard_secret.is_some(),
        drop_last_applied: false,
        dropped_hosts: None,
        guarded: guard.is_some(),
    };
    // What is known of the stored Secret decides what the apply leaves behind and what it takes away.
    let mut over =
        |metadata: &ObjectMeta, config: &DockerConfig, guard: Option<Guard>| SecretApply {
            drop_last_applied: drops_copy(metadata, secret, warnings),
            dropped_hosts: dropped_hosts(metadata, secret, &config.hosts()),
            ..apply(config, guard, before(metadata, &wanted.field_manager))
        };
    match seen {
        SecretSeen::NotAsked => SecretStep::Show,
        SecretSeen::Absent => {
            // A version that cannot match: should somebody make the Secret meanwhile, it is a conflict, not a silent
            // overwrite of hosts that --merge promises to keep.
            let guard = secret.merge.then(|| Guard {
                uid: None,
                resource_version: "1".to_owned(),
            });
            SecretStep::Apply(apply(&secret.config, guard, Before::Absent))
        }
        SecretSeen::TriedOut(metadata) => {
            let before = Before::Present {
                resource_version: metadata.resource_version.clone().unwrap_or_default(),
                our_time: None,
            };
            SecretStep::Apply(SecretApply {
                drop_last_applied: drops_copy(&metadata, secret, warnings),
                ..apply(&secret.config, None, before)
            })
        }
        SecretSeen::Metadata(metadata) => match being_deleted(&metadata, secret) {
            Some(failure) => SecretStep::Fail(failure),
            None => SecretStep::Apply(over(&metadata, &secret.config, None)),
        },
        SecretSeen::Whole(stored) => {
            let merged = match merged(secret, &stored) {
                Ok(merged) => merged,
                Err(failure) => return SecretStep::Fail(failure),
            };
            let config = merged.as_ref().unwrap_or(&secret.config);
            let metadata = &stored.metadata;
            let guard = Guard {
                uid: metadata.uid.clone(),
                resource_version: metadata.resource_version.clone().unwrap_or_default(),
            };
            if secret.recreate && replacement::is_in_the_way(&stored, config) {
                return match replacement::refusal(secret, &stored, &wanted.field_manager) {
                    Some(failure) => SecretStep::Fail(failure),
                    None => SecretStep::Replace {
                        guard,
                        apply: SecretApply {
                            dropped_hosts: dropped_hosts(metadata, secret, &config.hosts()),
                            ..apply(config, None, Before::Absent)
                        },
                    },
                };
            }
            if let Some(failure) = being_deleted(metadata, secret) {
                return SecretStep::Fail(failure);
            }
            let guard = secret.merge.then_some(guard);
            SecretStep::Apply(over(metadata, config, guard))
        }
    }
}

/// With `--merge`, our config with the stored one's other hosts after it.
fn merged(secret: &WantedSecret, stored: &StoredSecret) -> Result<Option<DockerConfig>, Failure> {
    let existing = stored.data.get(pull_secret::KEY).filter(|_| secret.merge);
    existing
        .map(|existing| secret.config.merge(existing))
        .transpose()
        .map_err(|_| {
            Trouble::Undecodable {
                name: secret.name.to_string(),
            }
            .into()
        })
}

/// A Secret on its way out takes writes, and takes them with it.
fn being_deleted(metadata: &ObjectMeta, secret: &WantedSecret) -> Option<Failure> {
    metadata.deletion_timestamp.as_ref()?;
    let finalizers = metadata.finalizers.iter().flatten();
    let trouble = Trouble::StillDeleting {
        name: secret.name.to_string(),
        finalizers: finalizers.map(|it| printable(it).into_owned()).collect(),
    };
    Some(trouble.into())
}

/// The warning of hosts that the apply takes out of the Secret.
fn dropped_hosts(metadata: &ObjectMeta, secret: &WantedSecret, hosts: &[String]) -> Option<String> {
    let gone: Vec<&str> = annotation(metadata, pull_secret::REGISTRIES)?
        .split(',')
        .filter(|host| !host.is_empty() && !hosts.iter().any(|kept| kept == host))
        .collect();
    let advice = if secret.merge {
        ""
    } else {
        "; --merge keeps other hosts"
    };
    (!gone.is_empty()).then(|| {
        format!(
            "secret {:?} no longer holds a credential for {}{advice}",
            secret.name.as_str(),
            printable(&gone.join(", "))
        )
    })
}

/// Whether the copy of a key that `kubectl apply` leaves is to be removed; where it is not, warns of it.
fn drops_copy(metadata: &ObjectMeta, secret: &WantedSecret, warnings: &mut Vec<String>) -> bool {
    let copied = annotation(metadata, pull_secret::LAST_APPLIED).is_some();
    if copied && !secret.force_conflicts {
        warnings.push(format!(
            "secret {:?} keeps a copy of a key in an annotation that kubectl apply left; remove it with: kubectl annotate secret {} -n {} {}-",
            secret.name.as_str(),
            secret.name,
            metadata.namespace.as_deref().map(printable).unwrap_or_default(),
            pull_secret::LAST_APPLIED
        ));
    }
    copied && secret.force_conflicts
}

fn annotation<'a>(metadata: &'a ObjectMeta, key: &str) -> Option<&'a String> {
    metadata.annotations.as_ref()?.get(key)
}

fn before(metadata: &ObjectMeta, field_manager: &str) -> Before {
    Before::Present {
        resource_version: metadata.resource_version.clone().unwrap_or_default(),
        our_time: our_time(metadata, field_manager),
    }
}

/// When `field_manager` last changed the object by an apply; the server keeps the time when an apply changes nothing.
pub(crate) fn our_time(metadata: &ObjectMeta, field_manager: &str) -> Option<jiff::Timestamp> {
    metadata
        .managed_fields
        .iter()
        .flatten()
        .find(|entry| applies(entry) && manager(entry) == field_manager)
        .and_then(|entry| entry.time.as_ref())
        .map(|time| time.0)
}

pub(super) fn applies(entry: &ManagedFieldsEntry) -> bool {
    entry.operation.as_deref() == Some("Apply") && entry.subresource.is_none()
}

pub(super) fn manager(entry: &ManagedFieldsEntry) -> &str {
    entry.manager.as_deref().unwrap_or_default()
}

/// Managers that stand for a person at a keyboard (kubectl's own defaults).
const BY_HAND: [&str; 4] = [
    "kubectl-create",
    "kubectl-client-side-apply",
    "kubectl-edit",
    "kubectl-patch",
];

/// Says what an apply's refusal means for the Secret.
pub(crate) fn explain(fault: Fault, secret: &WantedSecret) -> Failure {
    let name = secret.name.to_string();
    let recreate = (!secret.recreate).then_some(Hint::Recreate);
    let Some(refusal) = fault.refusal() else {
        return fault.into();
    };
    let conflicts = refusal.manager_conflicts();
    if conflicts.iter().any(|(_, field)| field == ".type")
        || (refusal.is_invalid() && refusal.names_field("type"))
    {
        return Failure {
            trouble: Trouble::WrongType { name },
            hint: recreate,
        };
    }
    if refusal.is_invalid() && refusal.names_field("data") {
        return Failure {
            trouble: Trouble::Immutable { name },
            hint: recreate,
        };
    }
    if !conflicts.is_empty() {
        let stranger = conflicts
            .iter()
            .find(|(manager, _)| !BY_HAND.contains(&manager.as_str()));
        let hint = stranger.map_or(Hint::ForceConflicts, |(manager, _)| {
            Hint::ManagedElsewhere(manager.clone())
        });
        return Failure {
            trouble: Trouble::FieldsHeld { name, conflicts },
            hint: Some(hint),
        };
    }
    fault.into()
}
