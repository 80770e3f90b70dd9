//! Deletes the keys that no pull Secret carries any more, after the Secrets: `--delete-key`.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use gcr_core::commands::{SelectedCluster, show_progress};
use gcr_core::domain::names::{Namespace, SecretName};
use gcr_core::domain::redactor::Redactor;
use gcr_core::engine::{
    Event, Hint, ObjectError, ObjectId, ObjectResult, Outcome, RunContext, TargetName, TargetScope,
    Writes,
};
use gcr_core::kubernetes::{ApiError, RequestError};
use gcr_core::request::DryRun;
use gcr_core::resources::permissions;
use gcr_core::resources::secret::SECRET;
use gcr_core::stop::WRITE_GRACE;
use gcr_google::api_client::ApiClient;
use gcr_google::iam_keys::{AccountRef, delete_command};
use gcr_google::names::{KeyId, ProjectId, ServiceAccountEmail};
use gcr_google::resources::{DELETED, KEY};

use super::carriers::{CarriedKey, Scope};
use crate::google_args::{Failure, Google, GoogleOptions};

/// The keys that the Secrets to delete carry.
pub(super) struct KeyDeletion {
    scopes: Vec<Scope>,
    /// The Secrets that carry them: the position of the cluster, and the namespace.
    places: HashSet<(usize, Namespace)>,
    keys: BTreeMap<CarriedKey, Target>,
    name: SecretName,
    dry_run: DryRun,
    run: RunContext,
}

/// Why nothing can be deleted: the line to print, and a hint.
pub(super) struct Unprepared {
    pub(super) line: String,
    pub(super) hint: Option<Hint>,
}

impl From<Failure> for Unprepared {
    fn from(failure: Failure) -> Self {
        Self {
            line: format!("error: {}", failure.text),
            hint: failure.hint,
        }
    }
}

/// A key with the client that may delete it.
struct Target {
    api: Arc<ApiClient>,
    project: ProjectId,
    email: ServiceAccountEmail,
    id: KeyId,
    state: Cell<KeyState>,
}

/// How far the deletion of a key is.
#[derive(Clone, Copy, Default)]
enum KeyState {
    /// Nothing was sent.
    #[default]
    Waiting,
    /// The deletion was sent.
    Sent,
    /// A line says what became of the key.
    Reported,
}

impl KeyDeletion {
    /// Finds the keys and the credentials of the operator, before anything is deleted.
    ///
    /// # Errors
    /// Fails if a Secret cannot be read, or without credentials for Google.
    pub(super) async fn prepare(
        clusters: &[SelectedCluster<'_>],
        (name, allow_unmanaged, options): (&SecretName, bool, &GoogleOptions),
        (redactor, dry_run): (Arc<Redactor>, DryRun),
        run: &RunContext,
    ) -> Result<Self, Unprepared> {
        for selected in clusters.iter().filter(|selected| selected.can_prompt) {
            selected.cluster.authenticate().await;
        }
        let scopes: Vec<Scope> = clusters.iter().map(Scope::of).collect();
        let (mut places, mut found) = (HashSet::new(), BTreeSet::new());
        let mut unknown = Vec::new();
        for (index, scope) in scopes.iter().enumerate() {
            let keys = scope
                .keys(name, allow_unmanaged)
                .await
                .map_err(|error| unread(&error, name))?;
            for (namespace, key) in keys {
                match key {
                    Some(key) => {
                        places.insert((index, namespace));
                        found.insert(key);
                    }
                    None => unknown.push(TargetName {
                        context: scope.context().cloned(),
                        scope: TargetScope::Namespace(namespace),
                    }),
                }
            }
        }
        let google = Google::open(redactor).await?;
        let mut apis: BTreeMap<String, Arc<ApiClient>> = BTreeMap::new();
        let mut keys = BTreeMap::new();
        for key in found {
            let email: ServiceAccountEmail = key.0.parse().map_err(Failure::new)?;
            let id: KeyId = key.1.parse().map_err(Failure::new)?;
            let project = email.project().or_else(|| options.project.clone());
            let project = project.ok_or_else(|| {
                Failure::new(format!(
                    "the project of {email} is not known; pass --project"
                ))
            })?;
            let api = match apis.get(project.as_str()) {
                Some(api) => Arc::clone(api),
                None => {
                    let api = Arc::new(google.connect(options, &project).await?);
                    apis.insert(project.as_str().to_owned(), Arc::clone(&api));
                    api
                }
            };
            let target = Target {
                api,
                project,
                email,
                id,
                state: Cell::default(),
            };
            keys.insert(key, target);
        }
        for place in unknown {
            let text = format!(
                "the key of secret {:?} is not known, because its annotations name none; --delete-key does not delete it",
                name.as_str()
            );
            let at = Some(place);
            run.events.send(Event::Warning { text, at }).await;
        }
        Ok(Self {
            scopes,
            places,
            keys,
            name: name.clone(),
            dry_run,
            run: run.clone(),
        })
    }

    /// Deletes the keys, unless a deletion of a Secret failed or a Secret still carries the key.
    pub(super) async fn execute(self) {
        if !self.keys.is_empty() && !self.run.stop.is_stopped() {
            show_progress(&self.run.events, self.delete_unused()).await;
        }
    }

    async fn delete_unused(&self) {
        let ledger = &self.run.ledger;
        let has_failed = ledger.counts().keys().any(|outcome| !outcome.is_success());
        if has_failed || !ledger.unlisted_clusters().is_empty() {
            for target in self.keys.values() {
                self.note_kept(target, "not every Secret was deleted").await;
                // The next run does not find the key of a Secret that is gone.
                if self.may_have_deleted_secrets() {
                    self.run.events.send(Event::Hint(target.hint())).await;
                }
            }
            return;
        }
        let carriers = tokio::select! {
            biased;
            () = self.run.stop.stopped() => return,
            carriers = self.carriers() => carriers,
        };
        let Some(carriers) = carriers else { return };
        for (key, target) in &self.keys {
            if self.run.stop.is_stopped() {
                return;
            }
            // Two accounts may be named for one key: both are kept.
            match carriers.get(&key.1) {
                Some(text) => self.note_kept(target, text).await,
                None => self.delete(target).await,
            }
        }
    }

    /// Returns a line about a Secret that carries it for each key that one still carries. Reports a failed search and returns
    /// `None`.
    async fn carriers(&self) -> Option<BTreeMap<String, String>> {
        let wanted: BTreeSet<CarriedKey> = self.keys.keys().cloned().collect();
        let mut carriers: BTreeMap<String, String> = BTreeMap::new();
        for (index, scope) in self.scopes.iter().enumerate() {
            let found = match scope.carriers(&wanted).await {
                Ok(found) => found,
                Err(error) => {
                    self.report_not_searched(&error, scope).await;
                    return None;
                }
            };
            for (id, (namespace, name)) in found {
                let place = (index, namespace);
                // A dry run has deleted nothing.
                let is_ours = name == self.name.as_str() && self.places.contains(&place);
                if self.dry_run == DryRun::Client && is_ours {
                    continue;
                }
                let (_, namespace) = place;
                let text = format!("secret/{name} -n {namespace} carries it");
                carriers.entry(id).or_insert(text);
            }
        }
        Some(carriers)
    }

    /// Returns whether a Secret may be gone whose annotations named a key.
    fn may_have_deleted_secrets(&self) -> bool {
        self.dry_run == DryRun::None && self.run.ledger.writes_of(&SECRET) != Writes::None
    }

    /// Says why a key is kept.
    async fn note_kept(&self, target: &Target, reason: &str) {
        target.state.set(KeyState::Reported);
        let line = format!("key/{} is kept: {reason}", target.id);
        let context = None;
        self.run.events.send(Event::Note { line, context }).await;
    }

    async fn report_not_searched(&self, error: &RequestError, scope: &Scope) {
        let is_forbidden = error.api_error().is_some_and(ApiError::is_forbidden);
        let rule = permissions::list_of("secrets");
        for target in self.keys.values() {
            let command = target.command();
            let hint = match is_forbidden {
                true => format!(
                    "grant this ClusterRole rule: {rule}, or delete the key if nothing uses it: {command}"
                ),
                false => format!("delete the key if nothing uses it: {command}"),
            };
            let place = scope
                .context()
                .map_or_else(String::new, |it| format!(" of {it}"));
            let reason = format!(
                "the Secrets{place} cannot be searched for it: {}",
                error.error_text()
            );
            target.state.set(KeyState::Reported);
            let line = format!("error: key {} is kept: {reason}", target.id);
            let context = None;
            self.run.events.send(Event::Error { line, context }).await;
            self.run.events.send(Event::Hint(Hint::new(hint))).await;
        }
    }

    async fn delete(&self, target: &Target) {
        let place = TargetName {
            context: None,
            scope: TargetScope::Project(target.project.as_str().into()),
        };
        let object = ObjectId::new(&KEY, target.id.as_str());
        let tracker = self.run.ledger.track(&place, &object);
        let (outcome, error) = if self.dry_run == DryRun::Client {
            (DELETED, None)
        } else {
            tracker.mark_sent();
            target.state.set(KeyState::Sent);
            let deletion = target.api.delete_key(target.account(), &target.id);
            let result = tokio::select! {
                biased;
                result = deletion => Some(result),
                () = async {
                    self.run.stop.stopped().await;
                    tokio::time::sleep(WRITE_GRACE).await;
                } => None,
            };
            match result {
                Some(Ok(true)) => (DELETED, None),
                // A key that is gone already has the desired state.
                Some(Ok(false)) => (Outcome::Unchanged, None),
                Some(Err(error)) => {
                    let outcome = if error.may_have_applied() {
                        Outcome::Unknown
                    } else {
                        Outcome::Failed
                    };
                    (outcome, Some(target.error(error.to_string())))
                }
                None => {
                    let cause = "interrupted before Google responded".to_owned();
                    (Outcome::Unknown, Some(target.error(cause)))
                }
            }
        };
        self.run.ledger.record_outcome(&place, &object, outcome);
        let reserved = self.run.events.reserve().await;
        self.run.ledger.close(&place, &object, outcome);
        reserved.send(ObjectResult {
            target: place,
            object,
            outcome,
            error,
            manifest: None,
            command: None,
        });
        target.state.set(KeyState::Reported);
    }
}

impl Drop for KeyDeletion {
    /// Names the keys that an interrupted run did not delete: the next run does not find the key of a Secret that is gone.
    fn drop(&mut self) {
        if !self.may_have_deleted_secrets() {
            return;
        }
        for target in self.keys.values() {
            let state = match target.state.get() {
                KeyState::Waiting => "was not deleted",
                KeyState::Sent => "may not be deleted",
                KeyState::Reported => continue,
            };
            let line = format!("error: key {} {state}: interrupted", target.id);
            let context = None;
            self.run.events.send_now(Event::Error { line, context });
            self.run.events.send_now(Event::Hint(target.hint()));
        }
    }
}

impl Target {
    fn account(&self) -> AccountRef<'_> {
        AccountRef {
            project: &self.project,
            email: &self.email,
        }
    }

    fn command(&self) -> String {
        delete_command(self.account(), self.id.as_str())
    }

    /// Returns the hint for a key that the run keeps.
    fn hint(&self) -> Hint {
        Hint::new(format!(
            "delete the key if nothing uses it: {}",
            self.command()
        ))
    }

    /// Returns the error of a deletion that failed or whose outcome is unknown.
    fn error(&self, cause: String) -> ObjectError {
        ObjectError {
            text: format!("error: {cause}"),
            cause,
            not_started: false,
            hint: Some(Hint::new(format!("delete the key: {}", self.command()))),
        }
    }
}

/// Returns the failure of a read before anything is deleted.
fn unread(error: &RequestError, name: &SecretName) -> Unprepared {
    let is_forbidden = error.api_error().is_some_and(ApiError::is_forbidden);
    let rule = permissions::delete_secret(name);
    Unprepared {
        line: error.error_text(),
        hint: is_forbidden.then(|| rule.hint(false)),
    }
}
