//! Plans the Secret: apply it, replace it, or say why neither will do.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};

use super::{SecretApply, SecretStep};
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
    let apply = |config: &DockerConfig,
                 guard: Option<Guard>,
                 before: Before,
                 drop_last_applied: bool| SecretApply {
        body: PullSecret::new(&secret.name, &secret.credential, config).apply_body(guard.as_ref()),
        force: secret.force_conflicts,
        before: progress.unheard_secret.clone().unwrap_or(before),
        repeated: progress.unheard_secret.is_some(),
        drop_last_applied,
        guarded: guard.is_some(),
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
            SecretStep::Apply(apply(&secret.config, guard, Before::Absent, false))
        }
        SecretSeen::VersionOnly(resource_version) => {
            let before = Before::Present {
                resource_version,
                our_time: None,
            };
            SecretStep::Apply(apply(&secret.config, None, before, false))
        }
        SecretSeen::Metadata(metadata) => {
            let drop = warn(&metadata, secret, &secret.config, warnings);
            SecretStep::Apply(apply(
                &secret.config,
                None,
                before(&metadata, &wanted.field_manager),
                drop,
            ))
        }
        SecretSeen::Whole(stored) => {
            let merged = match merged(secret, &stored) {
                Ok(merged) => merged,
                Err(failure) => return SecretStep::Fail(failure),
            };
            let config = merged.as_ref().unwrap_or(&secret.config);
            let replace = secret.recreate && is_in_the_way(&stored, config);
            if replace && let Some(failure) = not_ours(secret, &stored, &wanted.field_manager) {
                return SecretStep::Fail(failure);
            }
            let metadata = &stored.metadata;
            let drop = warn(metadata, secret, config, warnings);
            let uid = metadata.uid.clone().unwrap_or_default();
            if replace {
                return SecretStep::Replace {
                    uid,
                    apply: apply(config, None, Before::Absent, false),
                };
            }
            let guard = secret.merge.then(|| Guard {
                uid: Some(uid),
                resource_version: metadata.resource_version.clone().unwrap_or_default(),
            });
            SecretStep::Apply(apply(
                config,
                guard,
                before(metadata, &wanted.field_manager),
                drop,
            ))
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

/// Whether only a new Secret can hold what is wanted.
fn is_in_the_way(stored: &StoredSecret, config: &DockerConfig) -> bool {
    let same = stored
        .data
        .get(pull_secret::KEY)
        .is_some_and(|data| **data == *config.to_json());
    stored.type_ != pull_secret::TYPE || (stored.immutable && !same)
}

/// What speaks against deleting the Secret: nothing of somebody else's is lost.
fn not_ours(secret: &WantedSecret, stored: &StoredSecret, field_manager: &str) -> Option<Failure> {
    let metadata = &stored.metadata;
    let refuse = |why: String| {
        let name = secret.name.to_string();
        Failure::from(Trouble::NotOurs { name, why })
    };
    if let Some(owner) = metadata.owner_references.iter().flatten().next() {
        return Some(refuse(format!(
            "it belongs to {}/{}",
            printable(&owner.kind),
            printable(&owner.name)
        )));
    }
    if let Some(key) = stored.data.keys().find(|key| *key != pull_secret::KEY) {
        return Some(refuse(format!(
            "it holds another key, {:?}",
            printable(key)
        )));
    }
    if secret.force_conflicts {
        return None;
    }
    let by_force = |why: String| {
        Some(Failure {
            hint: Some(Hint::RecreateByForce),
            ..refuse(why)
        })
    };
    if let Some(entry) = metadata
        .managed_fields
        .iter()
        .flatten()
        .find(|entry| applies(entry) && manager(entry) != field_manager)
    {
        return by_force(format!("{:?} applies it", printable(manager(entry))));
    }
    let ours = metadata
        .labels
        .iter()
        .flatten()
        .any(|(key, value)| key == pull_secret::MANAGED_BY && value == pull_secret::MANAGER);
    if ours {
        None
    } else {
        by_force(format!(
            "it does not carry the label {}: {}",
            pull_secret::MANAGED_BY,
            pull_secret::MANAGER
        ))
    }
}

/// Warns of what the apply leaves behind or takes away; says whether the copy of a key is to be removed.
fn warn(
    metadata: &ObjectMeta,
    secret: &WantedSecret,
    config: &DockerConfig,
    warnings: &mut Vec<String>,
) -> bool {
    let annotation = |key: &str| {
        metadata
            .annotations
            .as_ref()
            .and_then(|annotations| annotations.get(key))
    };
    let hosts = config.hosts();
    let gone: Vec<&str> = annotation(pull_secret::REGISTRIES)
        .iter()
        .flat_map(|registries| registries.split(','))
        .filter(|host| !host.is_empty() && !hosts.iter().any(|kept| kept == host))
        .collect();
    if !gone.is_empty() {
        warnings.push(format!(
            "secret {:?} no longer holds a credential for {}; --merge keeps other hosts",
            secret.name.as_str(),
            printable(&gone.join(", "))
        ));
    }
    let copied = annotation(pull_secret::LAST_APPLIED).is_some();
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

fn applies(entry: &ManagedFieldsEntry) -> bool {
    entry.operation.as_deref() == Some("Apply") && entry.subresource.is_none()
}

fn manager(entry: &ManagedFieldsEntry) -> &str {
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
