//! Retires old keys: disables and deletes them, but only if no Secret carries them any more.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use futures_util::stream;
use gcr_core::domain::human_duration::human_duration;
use gcr_core::domain::pull_secret::PREVIOUS_KEY_ID;
use gcr_core::engine::{
    Event, Hint, ObjectError, ObjectId, OpenResource, Outcome, RunContext, TargetPermit,
    TargetWork, reconcile,
};
use gcr_core::resources::secret::remove_previous_key;
use gcr_google::iam_keys::{Key, delete_command};
use gcr_google::names::KeyId;
use gcr_google::resources::{KEY, Retirement, RetirementResource};
use tokio::time::Instant;

use super::account_rotation::{AccountRotation, Written};
use super::carrier::Carrier;
use super::commands::{Commands, disable_key};
use super::secret_search::SearchResult;

/// Number of annotations that are removed concurrently.
const MAX_ACTIVE: usize = 64;

/// The Secrets that still carry old keys, and the places that could not be searched.
#[derive(Default)]
struct Stragglers {
    /// Selected Secrets that could not be written or read.
    selected: Vec<String>,
    /// Secrets that this run does not write: those outside of the selection and those of other clients. Also the places that could
    /// not be searched.
    others: Vec<String>,
    /// The hint if a place could not be searched.
    hint: Option<Hint>,
}

impl AccountRotation<'_> {
    /// Retires the old keys, unless Secrets still carry them.
    pub(super) async fn retire(
        &self,
        written: &mut Written,
        keys: &[Key],
        id: &str,
        old: &BTreeSet<String>,
    ) {
        let is_old = |key: &&Key| old.contains(key.id()) && key.id() != id;
        let existing: Vec<&str> = keys.iter().filter(is_old).map(Key::id).collect();
        let stragglers = self.stragglers(written, old, &existing).await;
        if !self
            .may_retire(&stragglers, &existing, "stays enabled")
            .await
        {
            return;
        }
        if !existing.is_empty() {
            if !self.step(Retirement::Disable, &existing).await {
                return;
            }
            if !self.request.keep_old && !self.delete(written, &existing, old).await {
                return;
            }
        }
        if !self.is_dry_run() {
            self.remove_annotations(&written.search, id, old).await;
        }
    }

    /// Waits for the grace period and deletes the keys. Returns whether they are gone.
    async fn delete(
        &self,
        written: &mut Written,
        existing: &[&str],
        old: &BTreeSet<String>,
    ) -> bool {
        let grace = self.request.grace;
        if !grace.is_zero() && !self.is_dry_run() {
            let seconds = i64::try_from(grace.as_secs()).unwrap_or(i64::MAX);
            let line = format!(
                "waiting for {} before the disabled keys are deleted: {}",
                human_duration(seconds),
                existing.join(", ")
            );
            let context = None;
            self.run.events.send(Event::Note { line, context }).await;
            if !self.run.stop.sleep(grace).await {
                return false;
            }
            // A backup or a copy may have brought a key back.
            written.search = self.scopes.search().await;
            let stragglers = self.stragglers(written, old, existing).await;
            if !self
                .may_retire(&stragglers, existing, "stays disabled and is not deleted")
                .await
            {
                return false;
            }
        }
        self.step(Retirement::Delete, existing).await
    }

    /// Returns whether the keys may be retired. Reports each key that may not.
    async fn may_retire(&self, stragglers: &Stragglers, keys: &[&str], state: &str) -> bool {
        let is_forced = self.request.force_disable || stragglers.others.is_empty();
        if stragglers.selected.is_empty() && is_forced {
            for other in &stragglers.others {
                self.warn(format!("{other} (--force-disable)")).await;
            }
            return true;
        }
        let all: Vec<&str> = stragglers.selected.iter().map(String::as_str).collect();
        let others = stragglers.others.iter().map(String::as_str);
        let all: Vec<&str> = all.into_iter().chain(others).collect();
        let hint = if stragglers.selected.is_empty() {
            "select these Secrets too, replace the key in those of other clients, or pass --force-disable to disable the key although they carry it"
        } else {
            "run the command again: it finishes this rotation and creates no further key"
        };
        let error = |key: &str| ObjectError {
            hint: Some(Hint::new(hint)),
            ..ObjectError::new(format!("error: key {key} {state}: {}", all.join("; ")))
        };
        for key in keys {
            let object = ObjectId::new(&KEY, *key);
            let outcome = Outcome::Failed;
            self.report_object(&self.target, object, outcome, Some(error(key)))
                .await;
        }
        if let Some(hint) = stragglers.hint.clone().filter(|_| !keys.is_empty()) {
            self.run.events.send(Event::Hint(hint)).await;
        }
        keys.is_empty()
    }

    /// Returns the Secrets that keep the `existing` ones of the `old` keys enabled.
    async fn stragglers(
        &self,
        written: &Written,
        old: &BTreeSet<String>,
        existing: &[&str],
    ) -> Stragglers {
        let mut stragglers = Stragglers::default();
        if !existing.is_empty() {
            stragglers.others = self.scopes.search_foreign(self.email(), existing).await;
        }
        let mut named = BTreeSet::new();
        for (place, outcome) in &written.ends {
            if !outcome.is_success() && named.insert(place) {
                let (place, outcome) = (self.scopes.text(place), outcome.as_str());
                stragglers
                    .selected
                    .push(format!("{place} was not written ({outcome})"));
            }
        }
        let is_old = |key: &str| old.contains(key);
        for carrier in written.search.carriers_of(self.email(), is_old) {
            // A client dry run has written nothing.
            if carrier.in_scope && self.is_dry_run() || !named.insert(&carrier.place) {
                continue;
            }
            let text = format!("{} carries it", self.scopes.text(&carrier.place));
            if carrier.in_scope {
                stragglers.selected.push(text);
            } else {
                stragglers.others.push(text);
            }
        }
        for unread in &written.search.unread {
            stragglers.selected.push(unread.problem.clone());
        }
        for unsearched in &written.search.unsearched {
            stragglers.others.push(unsearched.problem.clone());
            stragglers.hint = unsearched.hint.clone().or(stragglers.hint);
        }
        stragglers.selected.sort();
        stragglers.others.sort();
        stragglers
    }

    /// Takes one step with all keys. Returns whether all succeeded.
    async fn step(&self, step: Retirement, keys: &[&str]) -> bool {
        let account = &self.stage.account;
        let mut commands = Commands::default();
        let mut resources = Vec::new();
        for key in keys {
            let Ok(id) = key.parse::<KeyId>() else {
                continue;
            };
            let command = match step {
                Retirement::Disable => disable_key(account, key),
                Retirement::Delete => delete_command(account.reference(), key),
            };
            commands.add(&self.target, ObjectId::new(&KEY, *key), command);
            let resource = RetirementResource::new(&self.stage, id, step);
            resources.push(OpenResource::new(resource));
        }
        let work = TargetWork {
            target: self.target.clone(),
            resources,
            discovery: None,
        };
        // The writes and the grace period may have taken longer than Google may take.
        let run = RunContext {
            deadline: Instant::now() + self.request.timeout,
            ..commands.of_run(&self.run)
        };
        let outcomes = reconcile(work, TargetPermit::default(), &run).await;
        outcomes.len() == keys.len() && outcomes.values().all(|outcome| outcome.is_success())
    }

    /// Removes the annotation with the previous keys from the selected Secrets. What remains is removed by the next run.
    async fn remove_annotations(&self, search: &SearchResult, id: &str, gone: &BTreeSet<String>) {
        let carriers = search.carriers_of(self.email(), |_| true);
        let carriers = carriers.filter(|it| {
            it.in_scope
                && it.carries_only(id)
                && it.annotation(PREVIOUS_KEY_ID).is_some()
                && it.previous().all(|key| gone.contains(key))
        });
        let removals = stream::iter(carriers).map(|it| self.remove_annotation(it));
        let mut removals = removals.buffer_unordered(MAX_ACTIVE);
        while let Some(warning) = removals.next().await {
            if let Some(warning) = warning {
                self.warn(warning).await;
            }
        }
    }

    async fn remove_annotation(&self, carrier: &Carrier) -> Option<String> {
        let (cluster, namespace, name) = &carrier.place;
        let client = &self.scopes.clusters[*cluster].client;
        let uid = carrier.metadata.uid.as_deref().unwrap_or_default();
        let manager = &self.request.execution.field_manager;
        let ids = carrier.annotation(PREVIOUS_KEY_ID).unwrap_or_default();
        let removed = remove_previous_key(client, (namespace, name), uid, ids, manager).await;
        match removed {
            Ok(()) => None,
            Err(error) => Some(format!(
                "{} keeps the annotation {PREVIOUS_KEY_ID}, which the next run removes: {}",
                self.scopes.text(&carrier.place),
                error.error_text()
            )),
        }
    }
}
