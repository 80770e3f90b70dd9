//! The entry for one host in a container client's file as a resource of the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_core::domain::client_config::ClientConfig;
use gcr_core::domain::redactor::Redactor;
use gcr_core::engine::{
    Context, Decision, Finished, Hint, ObjectError, ObjectId, ObjectKind, Outcome, Resource, State,
    StepResult, WriteTracker,
};
use gcr_core::safety::Safety;
use gcr_core::stop::WRITE_GRACE;
use gcr_google::registry::Login;
use kube_clientcmd::escape_control::escape_control;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::config_file::{ConfigFile, Content, ReplaceError};
use super::credential_helper::{Held, Helper};

/// An entry in the file of a container client.
const DOCKER_ENTRY: ObjectKind = ObjectKind {
    rank: 110,
    singular: "dockerconfig",
    kind: "DockerConfigEntry",
    unchanged: "unchanged",
};
const ADDED: Outcome = Outcome::changed(110, "added");
const UPDATED: Outcome = Outcome::changed(111, "updated");

/// The file, for the entries of a run.
pub(super) struct SharedFile {
    pub(super) file: ConfigFile,
    pub(super) redactor: Arc<Redactor>,
    pub(super) return_objects: bool,
    /// Held while the file is replaced.
    writing: Mutex<()>,
    /// Whether a problem of the whole file was reported, so that further entries do not report it again.
    is_reported: AtomicBool,
}

impl SharedFile {
    pub(super) fn new(file: ConfigFile, redactor: Arc<Redactor>, return_objects: bool) -> Self {
        Self {
            file,
            redactor,
            return_objects,
            writing: Mutex::default(),
            is_reported: AtomicBool::new(false),
        }
    }

    /// Returns the error of a problem that concerns the whole file.
    fn file_error(&self, reason: &str) -> ObjectError {
        if self.is_reported.swap(true, Ordering::Relaxed) {
            return ObjectError::not_started("skipped: the file cannot be changed");
        }
        ObjectError::new(format!(
            "error: docker config {}: {reason}",
            self.file.shown()
        ))
    }

    fn read(&self) -> Result<Content, ObjectError> {
        let content = self.file.read();
        let content = content.map_err(|reason| self.file_error(&reason))?;
        self.redactor.add_docker_config(content.bytes());
        Ok(content)
    }
}

/// The entry for one host.
pub(super) struct EntryResource {
    id: ObjectId,
    host: String,
    login: Login,
    shared: Arc<SharedFile>,
}

/// The entry as observed.
pub(super) enum Observed {
    Current,
    /// It is missing, or holds another credential.
    Outdated(Outcome),
}

impl EntryResource {
    pub(super) fn new(shared: &Arc<SharedFile>, host: &str, login: Login) -> Self {
        Self {
            id: ObjectId::new(&DOCKER_ENTRY, host),
            host: host.to_owned(),
            login,
            shared: Arc::clone(shared),
        }
    }

    /// Returns an error of this entry alone.
    fn error(&self, reason: &str, hint: Option<String>) -> ObjectError {
        let file = self.shared.file.shown();
        ObjectError {
            hint: hint.map(Hint::new),
            ..ObjectError::new(format!(
                "error: docker config {file}: {}: {reason}",
                self.host
            ))
        }
    }

    /// Returns the helper that the file names for the host, with the name of the field.
    fn helper(
        &self,
        config: &ClientConfig<'_>,
    ) -> Result<Option<(Helper<'_>, String)>, ObjectError> {
        let Some((name, field)) = config.helper(&self.host) else {
            return Ok(None);
        };
        let helper = Helper::find(name, &self.shared.redactor).map_err(|reason| {
            let name = escape_control(name);
            let hint = format!("install it, or remove {name} from {field} in the file");
            self.error(&format!("{reason} ({field})"), Some(hint))
        })?;
        let hint = match field {
            "credHelpers" => format!(
                "to use another credential, remove {} from credHelpers",
                self.host
            ),
            _ => format!("to use another credential, remove {field} from the file"),
        };
        Ok(Some((helper, hint)))
    }

    async fn observed(&self) -> Result<Observed, ObjectError> {
        let content = self.shared.read()?;
        let config = ClientConfig::parse(content.bytes());
        let config = config.map_err(|error| self.shared.file_error(&error.to_string()))?;
        let has_entry = config.has_entry(&self.host);
        let (held, is_current) = match self.helper(&config)? {
            None => (
                Held::Nothing,
                config.is_current(&self.host, Some(&self.auth())),
            ),
            Some((helper, _)) => {
                let held = helper.held(&self.host, &self.login).await;
                (
                    held,
                    held == Held::Same && config.is_current(&self.host, None),
                )
            }
        };
        Ok(if is_current {
            Observed::Current
        } else if has_entry || held != Held::Nothing {
            Observed::Outdated(UPDATED)
        } else {
            Observed::Outdated(ADDED)
        })
    }

    /// Stores the credential, and checks that the helper returns it.
    async fn store(
        &self,
        helper: &Helper<'_>,
        hint: String,
        warnings: &mut Vec<String>,
    ) -> Result<(), ObjectError> {
        if helper.held(&self.host, &self.login).await == Held::Same {
            return Ok(());
        }
        let stored = helper.store(&self.host, &self.login).await;
        stored.map_err(|reason| self.error(&reason, None))?;
        match helper.held(&self.host, &self.login).await {
            Held::Same => Ok(()),
            // Such as gcloud's helper, which accepts a credential and ignores it.
            Held::Other => Err(self.error(
                "the credential helper accepted the credential, but returns another one",
                Some(hint),
            )),
            Held::Nothing => {
                warnings.push(format!(
                    "{}: the credential helper does not return the credential that it has stored",
                    self.host
                ));
                Ok(())
            }
        }
    }

    /// Returns whether the file was changed by another client meanwhile.
    async fn write(&self, warnings: &mut Vec<String>) -> Result<bool, ObjectError> {
        let _writing = self.shared.writing.lock().await;
        let content = self.shared.read()?;
        let config = ClientConfig::parse(content.bytes());
        let config = config.map_err(|error| self.shared.file_error(&error.to_string()))?;
        let auth = match self.helper(&config)? {
            None => Some(self.auth()),
            Some((helper, hint)) => {
                self.store(&helper, hint, warnings).await?;
                None
            }
        };
        if config.is_current(&self.host, auth.as_ref()) {
            return Ok(false);
        }
        let text = config.with_entry(&self.host, auth.as_ref());
        match self.shared.file.replace(&content, text.as_bytes()) {
            Ok(()) => Ok(false),
            Err(ReplaceError::Changed) => Ok(true),
            Err(ReplaceError::Failed(reason)) => Err(self.shared.file_error(&reason)),
        }
    }

    /// Returns `auth` for the entry.
    fn auth(&self) -> SecretString {
        let (user, password) = (&self.login.username, self.login.password.expose_secret());
        // Allocated at full size: a buffer that grows leaves copies behind.
        let mut pair = Zeroizing::new(String::with_capacity(user.len() + 1 + password.len()));
        pair.push_str(user);
        pair.push(':');
        pair.push_str(password);
        let auth = STANDARD.encode(&*pair);
        self.shared.redactor.add_secret(&auth);
        auth.into()
    }

    fn finished(&self, outcome: Outcome, warnings: Vec<String>) -> Finished<ObjectError> {
        let manifest = || {
            json!({
                "apiVersion": gcr_core::report::API_VERSION,
                "kind": DOCKER_ENTRY.kind,
                "file": self.shared.file.shown(),
                "host": self.host,
                "username": self.login.username,
                "result": outcome.as_str(),
            })
        };
        Finished {
            warnings,
            ..Finished::success(outcome, self.shared.return_objects.then(manifest))
        }
    }
}

impl Resource for EntryResource {
    type Observed = Observed;
    type Action = Outcome;
    type Error = ObjectError;
    type Unconfirmed = ();

    fn id(&self) -> &ObjectId {
        &self.id
    }

    async fn observe(&self, cx: &Context) -> Result<Observed, ObjectError> {
        tokio::select! {
            biased;
            () = cx.stop.stopped() => Err(ObjectError::not_started("interrupted")),
            observed = self.observed() => observed,
        }
    }

    fn decide(
        &self,
        observed: Observed,
        _: &State<'_, ()>,
        _: &mut Vec<String>,
    ) -> Decision<Outcome, ObjectError> {
        match observed {
            Observed::Current => Decision::Finish(self.finished(Outcome::Unchanged, Vec::new())),
            Observed::Outdated(outcome) => Decision::Act(outcome, Safety::Idempotent),
        }
    }

    async fn execute(
        &self,
        cx: &Context,
        outcome: Outcome,
        tracker: &Arc<WriteTracker>,
    ) -> StepResult<ObjectError, ()> {
        let mut warnings = Vec::new();
        tracker.mark_sent();
        let written = tokio::select! {
            biased;
            written = self.write(&mut warnings) => written,
            () = async {
                cx.stop.stopped().await;
                tokio::time::sleep(WRITE_GRACE).await;
            } => {
                let error = self.error("interrupted while the credential helper was running", None);
                return StepResult::Finished(Finished::failure(Outcome::Unknown, error));
            }
        };
        tracker.mark_answered();
        match written {
            Ok(false) => StepResult::Finished(self.finished(outcome, warnings)),
            Ok(true) => StepResult::Conflict {
                error: self.error("another program keeps changing the file", None),
                unconfirmed: None,
            },
            Err(error) => {
                let outcome = if error.not_started {
                    Outcome::NotStarted
                } else {
                    Outcome::Failed
                };
                StepResult::Finished(Finished::failure(outcome, error))
            }
        }
    }

    fn preview(&self, outcome: Outcome) -> Finished<ObjectError> {
        self.finished(outcome, Vec::new())
    }

    async fn explain(&self, error: ObjectError) -> ObjectError {
        error
    }
}
