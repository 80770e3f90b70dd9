//! Deletes the keys that no pull Secret carries any more, after the Secrets: `--delete-key`.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use gcr_core::commands::{SelectedCluster, show_progress};
use gcr_core::domain::names::{Namespace, SecretName};
use gcr_core::domain::redactor::Redactor;
use gcr_core::engine::{
    Event, Hint, ObjectError, ObjectId, ObjectResult, Outcome, RunContext, TargetName, TargetScope,
};
use gcr_core::kubernetes::{ApiError, RequestError};
use gcr_core::request::DryRun;
use gcr_core::resources::permissions;
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
}

impl KeyDeletion {
    /// Finds the keys and the credentials of the operator, before anything is deleted.
    ///
    /// # Errors
    /// Fails if a Secret cannot be read, or without credentials for Google.
    pub(super) async fn prepare(
        clusters: &[SelectedCluster<'_>],
        (name, options): (&SecretName, &GoogleOptions),
        (redactor, dry_run): (Arc<Redactor>, DryRun),
        run: &RunContext,
    ) -> Result<Self, Unprepared> {
        for selected in clusters.iter().filter(|selected| selected.can_prompt) {
            selected.cluster.authenticate().await;
        }
        let scopes: Vec<Scope> = clusters.iter().map(Scope::of).collect();
        let (mut places, mut found) = (HashSet::new(), BTreeSet::new());
        for (index, scope) in scopes.iter().enumerate() {
            let keys = scope
                .keys(name)
                .await
                .map_err(|error| unread(&error, name))?;
            for (namespace, key) in keys {
                places.insert((index, namespace));
                found.insert(key);
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
            };
            keys.insert(key, target);
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
        let work = async {
            if !self.keys.is_empty() {
                self.delete_unused().await;
            }
        };
        tokio::select! {
            biased;
            () = self.run.stop.stopped() => {}
            () = show_progress(&self.run.events, work) => {}
        }
    }

    async fn delete_unused(&self) {
        let ledger = &self.run.ledger;
        let has_failed = ledger.counts().keys().any(|outcome| !outcome.is_success());
        if has_failed || !ledger.unlisted_clusters().is_empty() {
            for target in self.keys.values() {
                let reason = "not every Secret was deleted";
                self.keep(target, reason.to_owned(), None).await;
            }
            return;
        }
        let wanted: BTreeSet<CarriedKey> = self.keys.keys().cloned().collect();
        let mut carriers: BTreeMap<String, String> = BTreeMap::new();
        for (index, scope) in self.scopes.iter().enumerate() {
            let found = match scope.carriers(&wanted).await {
                Ok(found) => found,
                Err(error) => return self.not_searched(&error, scope).await,
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
        for (key, target) in &self.keys {
            // Two accounts may be named for one key: both are kept.
            match carriers.get(&key.1) {
                Some(text) => self.keep(target, text.clone(), None).await,
                None => self.delete(target).await,
            }
        }
    }

    /// Says why a key is kept. A hint makes it an error.
    async fn keep(&self, target: &Target, reason: String, hint: Option<Hint>) {
        let id = &target.id;
        let event = match hint {
            None => Event::Note {
                line: format!("key/{id} is kept: {reason}"),
                context: None,
            },
            Some(_) => Event::Error {
                line: format!("error: key {id} is kept: {reason}"),
                context: None,
            },
        };
        self.run.events.send(event).await;
        if let Some(hint) = hint {
            self.run.events.send(Event::Hint(hint)).await;
        }
    }

    async fn not_searched(&self, error: &RequestError, scope: &Scope) {
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
            self.keep(target, reason, Some(Hint::new(hint))).await;
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
            let account = target.account();
            match target.api.delete_key(account, &target.id).await {
                Ok(true) => (DELETED, None),
                // A key that is gone already is as asked.
                Ok(false) => (Outcome::Unchanged, None),
                Err(error) => {
                    let outcome = if error.may_have_applied() {
                        Outcome::Unknown
                    } else {
                        Outcome::Failed
                    };
                    let cause = error.to_string();
                    let hint = format!("delete the key: {}", target.command());
                    let error = ObjectError {
                        text: format!("error: {cause}"),
                        cause,
                        not_started: false,
                        hint: Some(Hint::new(hint)),
                    };
                    (outcome, Some(error))
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
