//! What must hold: at every write, and of every word that was told.
//!
//! At a write: entries of others are the same bytes in the same order; ours are there once, the first where it was, or
//! not at all; the rest of the object is untouched; there was something to change; and an account refers to a Secret
//! only after it is there.
//!
//! Of the words, for one writer and one object, once everything late has happened:
//!
//! * *patched*: a write of its own was carried out; or somebody else's was that did the same while the answer to its
//!   own was lost, which nobody can tell apart.
//! * *created*: the same, of the write that made the Secret.
//! * *configured*: the Secret was there, and was changed by a write of its own, or by somebody else's under its eyes.
//! * *unchanged*: none was.
//! * *failed*: none was, or it did not last: the object is not as this writer asked.
//! * *unknown*: an answer to one was lost.
//! * *not started*: none was, and none may have been.

use serde_json::{Value, json};

use super::server::Sent;
use super::store::{Commit, Intent, Store};
use super::writer::{Job, Reported};
use crate::ledger::Outcome;

pub(super) fn list(account: &Value) -> Vec<Value> {
    account["imagePullSecrets"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

fn names(entry: &Value, names: &[String]) -> bool {
    entry["name"]
        .as_str()
        .is_some_and(|name| names.iter().any(|ours| ours == name))
}

/// The list as it should be after `intent` met it; written down apart from the code under test.
fn expected(before: &[Value], intent: &Intent) -> Vec<Value> {
    let mut after: Vec<Value> = Vec::new();
    for entry in before {
        let double =
            names(entry, &intent.attaches) && after.iter().any(|it| it["name"] == entry["name"]);
        if !double && !names(entry, &intent.detaches) {
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

/// The object without what every write moves, and without the list or the data that ours may change.
fn rest(object: &Value) -> Value {
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

/// Checks a write as it is made.
pub(super) fn at_commit(store: &mut Store, commit: &Commit) {
    let Commit {
        writer,
        object,
        before,
        after,
    } = commit;
    let Some(writer) = *writer else { return };
    let intent = store.intents[writer].clone();
    let mut broken = |what: String| {
        store
            .broken
            .push(format!("writer {writer}, {object}: {what}"))
    };
    if intent.dry_run {
        broken("a dry run wrote".to_owned());
    }
    let Some(before) = before else { return };
    if rest(before) != rest(after) {
        broken(format!("touched what is not its own: {before} -> {after}"));
    }
    if !object.starts_with("serviceaccount/") {
        return;
    }
    let (old, new) = (list(before), list(after));
    if new != expected(&old, &intent) {
        broken(format!("made {} of {}", json!(new), json!(old)));
    }
    if old == new {
        broken("wrote what was there already".to_owned());
    }
    if let Some(secret) = &intent.secret
        && !store.objects.contains_key(&format!("secret/{secret}"))
    {
        store.broken.push(format!(
            "writer {writer} refers to {secret}, which is not there"
        ));
    }
    for entry in old {
        if let Some(name) = entry["name"].as_str()
            && names(&entry, &intent.detaches)
        {
            store.taken.insert(name.to_owned());
        }
    }
}

/// Checks what `writer` told of a namespace against what became of its writes; everything that is wrong, in words.
pub(super) fn at_end(
    store: &Store,
    sent: &[Sent],
    writer: usize,
    job: &Job,
    told: &Reported,
) -> Vec<String> {
    let mut wrong = told.amiss.clone();
    for commit in &store.commits {
        if commit.writer == Some(writer) && !told.ends.contains_key(&commit.object) {
            wrong.push(format!("{} was written and not told", commit.object));
        }
    }
    for (object, outcome) in &told.ends {
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
        let lost = sent.iter().any(|sent| {
            sent.writer == writer
                && sent.namespace == store.namespace
                && sent.object == *object
                && sent.lost
        });
        let stands = !own.is_empty() && is_success(store, object, job, false);
        // A dry run speaks of what would be.
        let true_word = job.dry_run
            || match outcome {
                Outcome::Patched => !own.is_empty() || (lost && !writes.is_empty()),
                Outcome::Created => {
                    own.iter().any(|it| it.before.is_none())
                        || (lost && writes.iter().any(|it| it.before.is_none()))
                }
                Outcome::Configured => writes
                    .iter()
                    .any(|it| it.before.is_some() || it.writer != Some(writer)),
                Outcome::Unchanged => own.is_empty(),
                Outcome::Failed => !stands,
                Outcome::Unknown => lost,
                // A lost patch is bound to its version: once somebody else has written, or restored what was before, it
                // was in vain for good.
                Outcome::NotStarted if lost && object.starts_with("serviceaccount/") => {
                    !stands && !writes.is_empty()
                }
                Outcome::NotStarted => own.is_empty() && !lost,
                Outcome::Replaced => false,
            };
        if !true_word {
            wrong.push(format!(
                "{object} is told {outcome:?}; own writes {}, lost {lost}",
                own.len()
            ));
        }
        if outcome.is_success() && !job.dry_run && !is_success(store, object, job, true) {
            wrong.push(format!(
                "{object} is told {outcome:?} and is not as asked: {:?}",
                store.objects.get(object)
            ));
        }
    }
    wrong
}

/// Whether the object is as the job asked; with `pardon`, also where somebody undid it on purpose.
fn is_success(store: &Store, object: &str, job: &Job, pardon: bool) -> bool {
    let Some(stored) = store.objects.get(object) else {
        return false;
    };
    if object.starts_with("secret/") {
        let hosts = stored["metadata"]["annotations"]["kubectl-gcr-secret/registries"]
            .as_str()
            .unwrap_or_default();
        // Who shares a Secret merges into it.
        let desired = job.secret.iter().map(|secret| secret.host.as_str());
        return desired
            .into_iter()
            .all(|host| hosts.split(',').any(|it| it == host));
    }
    let list = list(stored);
    let count = |name: &String| list.iter().filter(|entry| entry["name"] == **name).count();
    let taken = |name: &String| pardon && store.taken.contains(name);
    // Somebody who attaches may come after who takes away.
    let attaches = |name: &String| store.intents.iter().any(|it| it.attaches.contains(name));
    let attached = job
        .attaches
        .iter()
        .all(|name| count(name) == 1 || taken(name));
    let detached = job
        .detaches
        .iter()
        .all(|name| count(name) == 0 || (pardon && attaches(name)));
    attached && detached
}
