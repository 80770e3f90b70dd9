//! Checks every write and every reported outcome.
//!
//! A write keeps other clients' entries unchanged and in order. It leaves each of the writer's names in the list once,
//! at its first position, or removes it. It changes nothing else, changes something, and attaches a Secret only after
//! it exists.
//!
//! The outcomes of one writer and one object mean, after all late requests have been executed:
//!
//! * *patched*: a write of the writer was executed, or another client made the same change while the response to the
//!   writer's own write was lost, which is indistinguishable.
//! * *created*: the same, for the write that created the Secret.
//! * *configured*: the Secret existed, and the writer or another client changed it during the run.
//! * *unchanged*: no write of the writer was executed.
//! * *failed*: no write was executed, or it did not last: the object is not in the desired state.
//! * *unknown*: a response to a write was lost.
//! * *not started*: no write was or may have been executed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::server::Sent;
use super::store::{Commit, Intent, Store};
use super::writer::{Job, Reported};
use crate::domain::pull_secret::KEY;
use crate::engine::Outcome;
use crate::resources::secret::{CONFIGURED, CREATED, REPLACED};
use crate::resources::service_account::PATCHED;

pub(super) fn list(account: &Value) -> Vec<Value> {
    account["imagePullSecrets"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

fn has_name(entry: &Value, names: &[String]) -> bool {
    entry["name"]
        .as_str()
        .is_some_and(|name| names.iter().any(|ours| ours == name))
}

/// Computes the list that `intent` must produce, independently of the code under test.
fn expected(before: &[Value], intent: &Intent) -> Vec<Value> {
    let mut after: Vec<Value> = Vec::new();
    for entry in before {
        let double =
            has_name(entry, &intent.attaches) && after.iter().any(|it| it["name"] == entry["name"]);
        if !double && !has_name(entry, &intent.detaches) {
            after.push(entry.clone());
        }
    }
    for name in &intent.attaches {
        if !after.iter().any(|entry| entry["name"] == *name) {
            after.push(json!({"name": name}));
        }
    }
    after
}

/// Returns the object without the fields that a writer may change.
fn unchanging_part(object: &Value) -> Value {
    let mut rest = object.clone();
    for field in ["resourceVersion", "managedFields"] {
        rest["metadata"][field] = Value::Null;
    }
    if let Some(annotations) = rest["metadata"]["annotations"].as_object_mut() {
        annotations.retain(|key, _| !key.starts_with("kubectl-gcr-secret/"));
    }
    rest["imagePullSecrets"] = Value::Null;
    rest["data"] = Value::Null;
    rest
}

/// Checks a write when it is made.
pub(super) fn check_commit(store: &mut Store, commit: &Commit) {
    let Commit {
        writer,
        object,
        before,
        after,
    } = commit;
    let Some(writer) = *writer else { return };
    let intent = store.intents[writer].clone();
    let mut violation = |text: String| {
        store
            .violations
            .push(format!("writer {writer}, {object}: {text}"))
    };
    if intent.dry_run {
        violation("a dry run wrote".to_owned());
    }
    let Some(before) = before else { return };
    if unchanging_part(before) != unchanging_part(after) {
        violation(format!("changed other fields: {before} -> {after}"));
    }
    if !object.starts_with("serviceaccount/") {
        return;
    }
    let (old, new) = (list(before), list(after));
    if new != expected(&old, &intent) {
        violation(format!("changed {1} to {0}", json!(new), json!(old)));
    }
    if old == new {
        violation("wrote without a change".to_owned());
    }
    if let Some(secret) = &intent.secret
        && !store.objects.contains_key(&format!("secret/{secret}"))
    {
        store.violations.push(format!(
            "writer {writer} attached {secret}, which does not exist"
        ));
    }
    for entry in old {
        if let Some(name) = entry["name"].as_str()
            && has_name(&entry, &intent.detaches)
        {
            store.removed.insert(name.to_owned());
        }
    }
}

/// Compares the outcomes that `writer` reported for a namespace with its executed writes. Returns descriptions of all
/// errors.
pub(super) fn check_outcomes(
    store: &Store,
    sent: &[Sent],
    writer: usize,
    job: &Job,
    reported: &Reported,
) -> Vec<String> {
    let mut wrong = reported.problems.clone();
    for commit in &store.commits {
        if commit.writer == Some(writer) && !reported.outcomes.contains_key(&commit.object) {
            wrong.push(format!("{} was written but not reported", commit.object));
        }
    }
    for (object, outcome) in &reported.outcomes {
        let writes: Vec<&Commit> = store
            .commits
            .iter()
            .filter(|it| it.object == *object)
            .collect();
        let own: Vec<&Commit> = writes
            .iter()
            .copied()
            .filter(|it| it.writer == Some(writer))
            .collect();
        let unconfirmed = sent.iter().any(|sent| {
            sent.writer == writer
                && sent.namespace == store.namespace
                && sent.object == *object
                && sent.unconfirmed
        });
        let is_lasting = !own.is_empty() && is_success(store, object, job, false);
        // A dry run reports simulated outcomes.
        let is_correct = job.dry_run
            || match *outcome {
                PATCHED => !own.is_empty() || (unconfirmed && !writes.is_empty()),
                CREATED => {
                    own.iter().any(|it| it.before.is_none())
                        || (unconfirmed && writes.iter().any(|it| it.before.is_none()))
                }
                CONFIGURED => writes
                    .iter()
                    .any(|it| it.before.is_some() || it.writer != Some(writer)),
                Outcome::Unchanged => own.is_empty(),
                Outcome::Failed => !is_lasting,
                Outcome::Unknown => unconfirmed,
                // An unconfirmed patch has preconditions: after a write or a restore by another client it can no longer
                // be executed.
                Outcome::NotStarted if unconfirmed && object.starts_with("serviceaccount/") => {
                    !is_lasting && !writes.is_empty()
                }
                Outcome::NotStarted => own.is_empty() && !unconfirmed,
                REPLACED | Outcome::Changed(_) => false,
            };
        if !is_correct {
            wrong.push(format!(
                "{object} is reported as {outcome:?}; own writes {}, unconfirmed {unconfirmed}",
                own.len()
            ));
        }
        if outcome.is_success() && !job.dry_run && !is_success(store, object, job, true) {
            wrong.push(format!(
                "{object} is reported as {outcome:?} but is not in the desired state: {:?}",
                store.objects.get(object)
            ));
        }
    }
    wrong
}

/// Returns whether the Secret contains the writer's credential for its host.
pub(super) fn has_credential(stored: &Value, job: &Job) -> bool {
    let encoded = stored["data"][KEY].as_str().unwrap_or_default();
    let config: Value = serde_json::from_slice(&STANDARD.decode(encoded).unwrap()).unwrap();
    job.secret.iter().all(|secret| {
        let (_, desired) = Job::config(secret);
        let desired: Value = serde_json::from_slice(&desired.to_json()).unwrap();
        config["auths"][&secret.host] == desired["auths"][&secret.host]
    })
}

/// Returns whether the object is in the desired state; with `allow_undone`, also if another client undid the change.
fn is_success(store: &Store, object: &str, job: &Job, allow_undone: bool) -> bool {
    let Some(stored) = store.objects.get(object) else {
        return false;
    };
    if object.starts_with("secret/") {
        let hosts = stored["metadata"]["annotations"]["kubectl-gcr-secret/registries"]
            .as_str()
            .unwrap_or_default();
        // Writers that share a Secret merge into it.
        let desired = job.secret.iter().map(|secret| secret.host.as_str());
        let has_hosts = desired
            .into_iter()
            .all(|host| hosts.split(',').any(|it| it == host));
        let was_replaced = allow_undone && store.replaced_data.contains(object);
        return has_hosts && (was_replaced || has_credential(stored, job));
    }
    let list = list(stored);
    let count = |name: &String| list.iter().filter(|entry| entry["name"] == **name).count();
    let is_removed = |name: &String| allow_undone && store.removed.contains(name);
    // Another writer may attach the name after this one detached it.
    let attaches = |name: &String| store.intents.iter().any(|it| it.attaches.contains(name));
    let attached = job
        .attaches
        .iter()
        .all(|name| count(name) == 1 || is_removed(name));
    let detached = job
        .detaches
        .iter()
        .all(|name| count(name) == 0 || (allow_undone && attaches(name)));
    attached && detached
}
