//! The state that the resources of one set-up share: the client, the account, and the results of earlier steps.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use gcr_core::domain::service_account_key::ServiceAccountKey;
use gcr_core::engine::{Context, Event, EventSender, ObjectError, ObjectId};
use tokio::time::Instant;

use super::permissions::{Permissions, role_with};
use super::resource_error::ResourceError;
use crate::api_client::ApiClient;
use crate::iam_keys::AccountRef;
use crate::issued_token::IssuedToken;
use crate::names::{KeyId, ProjectId, RepositoryName, ServiceAccountEmail};
use crate::registry::Login;

/// The service account that pulls.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its project.
    pub project: ProjectId,
    /// Its address.
    pub email: ServiceAccountEmail,
}

impl Account {
    /// Returns the account as the methods for keys need it.
    #[must_use]
    pub fn reference(&self) -> AccountRef<'_> {
        AccountRef {
            project: &self.project,
            email: &self.email,
        }
    }
}

/// The credential for the pull Secrets.
#[derive(Debug)]
pub enum IssuedCredential {
    /// A key.
    Key {
        /// The ID.
        id: KeyId,
        /// The key file.
        file: ServiceAccountKey,
    },
    /// An access token.
    Token(IssuedToken),
}

/// The shared state of the resources of one set-up.
pub struct Stage {
    /// The client.
    pub api: ApiClient,
    /// The account.
    pub account: Account,
    events: EventSender,
    permissions: Arc<Permissions>,
    state: Mutex<State>,
    blocked: AtomicBool,
    /// Whether an error that concerns all objects was returned.
    reported_for_all: AtomicBool,
    account_state: AtomicU8,
    is_creating_key: AtomicBool,
    login: OnceLock<Login>,
}

#[derive(Default)]
struct State {
    /// Services that are enabled, or that a client dry run would have enabled.
    services: HashSet<ObjectId>,
    /// Repositories that exist, or that a client dry run would have created.
    repositories: HashSet<RepositoryName>,
    waits: HashMap<ObjectId, Waits>,
    /// The errors of the objects that cannot be brought to their desired state.
    errors: HashMap<ObjectId, ObjectError>,
    credential: Option<IssuedCredential>,
    /// The key that this run has created and that no Secret holds yet.
    unused_key: Option<KeyId>,
}

/// How long an object has waited for Google.
struct Waits {
    since: Instant,
    /// When the next note is due.
    next: Instant,
}

/// The time that an object waits before the first note.
const FIRST_NOTE: Duration = Duration::from_secs(3);
/// The time between two further notes.
const NEXT_NOTE: Duration = Duration::from_secs(30);

const UNKNOWN: u8 = 0;
const EXISTS: u8 = 1;
const CREATED: u8 = 2;
const CREATED_BY_OTHER: u8 = 3;

impl Stage {
    /// Creates the state of a set-up.
    #[must_use]
    pub fn new(api: ApiClient, account: Account, events: EventSender) -> Self {
        Self {
            api,
            account,
            events,
            permissions: Arc::default(),
            state: Mutex::default(),
            blocked: AtomicBool::new(false),
            reported_for_all: AtomicBool::new(false),
            account_state: AtomicU8::new(UNKNOWN),
            is_creating_key: AtomicBool::new(false),
            login: OnceLock::new(),
        }
    }

    /// Takes the credential.
    pub fn take_credential(&self) -> Option<IssuedCredential> {
        self.state().credential.take()
    }

    /// Uses a key that exists already.
    pub fn use_key(&self, id: KeyId, file: ServiceAccountKey) {
        self.set_key(id, file);
    }

    /// Returns which of the permissions the caller certainly lacks on the account, each with the smallest predefined role that
    /// has it.
    pub async fn missing_on_account<'a>(
        &self,
        wanted: &[&'a str],
    ) -> Vec<(&'a str, Option<&'static str>)> {
        let Account { project, email } = &self.account;
        let held = self.api.test_account_permissions(project, email, wanted);
        let Ok(held) = held.await else {
            return Vec::new();
        };
        let missing = wanted
            .iter()
            .filter(|it| !held.iter().any(|held| held == *it));
        missing.map(|it| (*it, role_with(it))).collect()
    }

    /// Returns the key that this run has created, until [`Self::key_is_settled`].
    pub fn unused_key(&self) -> Option<KeyId> {
        self.state().unused_key.clone()
    }

    /// Returns whether the request for a new key was sent and not answered.
    pub fn is_creating_key(&self) -> bool {
        self.is_creating_key.load(Ordering::Relaxed)
    }

    /// Records that a Secret holds the new key, or that it was deleted, or that the user was told about it.
    pub fn key_is_settled(&self) {
        self.state().unused_key = None;
        self.is_creating_key.store(false, Ordering::Relaxed);
    }

    pub(super) fn set_creating_key(&self, creating: bool) {
        self.is_creating_key.store(creating, Ordering::Relaxed);
    }

    pub(super) fn set_new_key(&self, id: KeyId, file: ServiceAccountKey) {
        self.state().unused_key = Some(id.clone());
        self.set_creating_key(false);
        self.set_key(id, file);
    }

    pub(super) fn set_key(&self, id: KeyId, file: ServiceAccountKey) {
        let _ = self.login.set(Login::new("_json_key", file.text().into()));
        self.state().credential = Some(IssuedCredential::Key { id, file });
    }

    pub(super) fn set_token(&self, token: IssuedToken) {
        let login = Login::new("oauth2accesstoken", token.token.expose().into());
        let _ = self.login.set(login);
        self.state().credential = Some(IssuedCredential::Token(token));
    }

    pub(super) fn login(&self) -> Option<&Login> {
        self.login.get()
    }

    /// Returns whether there is a credential to prove.
    pub fn has_login(&self) -> bool {
        self.login.get().is_some()
    }

    pub(super) fn set_enabled(&self, service: &ObjectId) {
        self.state().services.insert(service.clone());
    }

    pub(super) fn is_enabled(&self, service: &ObjectId) -> bool {
        self.state().services.contains(service)
    }

    pub(super) fn set_repository(&self, name: &RepositoryName) {
        self.state().repositories.insert(name.clone());
    }

    pub(super) fn has_repository(&self, name: &RepositoryName) -> bool {
        self.state().repositories.contains(name)
    }

    /// Records that the account exists.
    pub(super) fn set_account(&self) {
        // Stays `CREATED`: a later round that finds the account has not created it.
        let (old, new) = (UNKNOWN, EXISTS);
        let ordering = Ordering::Relaxed;
        let _ = self
            .account_state
            .compare_exchange(old, new, ordering, ordering);
    }

    /// Records that the account was created moments ago, by this run or by another client.
    pub(super) fn set_new_account(&self, by_this_run: bool) {
        let state = if by_this_run {
            CREATED
        } else {
            CREATED_BY_OTHER
        };
        self.account_state.store(state, Ordering::Relaxed);
    }

    pub(super) fn has_account(&self) -> bool {
        self.account_state.load(Ordering::Relaxed) != UNKNOWN
    }

    /// Returns whether the account is new, so that other services may not know it yet.
    pub(super) fn has_new_account(&self) -> bool {
        self.account_state.load(Ordering::Relaxed) >= CREATED
    }

    /// Returns whether this run has created the account, so that it has no other keys.
    pub(super) fn has_created_account(&self) -> bool {
        self.account_state.load(Ordering::Relaxed) == CREATED
    }

    /// Starts to ask which permissions the caller has on a project, so that a later check does not wait for the response.
    pub(super) fn test_permissions_early(&self, project: &ProjectId) {
        // Without the stage: the run ends when its last sender of events is dropped, and must not wait for this response.
        let (permissions, api) = (Arc::clone(&self.permissions), self.api.clone());
        let project = project.clone();
        tokio::spawn(async move { permissions.held(&api, &project).await });
    }

    /// Records that an object cannot be brought to its desired state, so that no further object is written. Of the errors that
    /// concern all objects, such as an expired token, only the first is returned.
    pub(super) fn block(&self, id: &ObjectId, error: ResourceError) -> ResourceError {
        self.blocked.store(true, Ordering::Relaxed);
        if error.concerns_all() && self.reported_for_all.swap(true, Ordering::Relaxed) {
            return ResourceError::Blocked;
        }
        self.state().errors.insert(id.clone(), error.report());
        error
    }

    /// Returns the error of an object of which a dependency has failed: its own, if it has one.
    pub(super) fn dependency_failed(&self, id: &ObjectId, dependency: &ObjectId) -> ObjectError {
        let own = self.state().errors.get(id).cloned();
        own.unwrap_or_else(|| ObjectError::not_started(format!("skipped: {dependency} failed")))
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Relaxed)
    }

    /// Checks that the caller has a permission on a project.
    pub(super) async fn require_on_project(
        &self,
        id: &ObjectId,
        project: &ProjectId,
        permission: &'static str,
    ) -> Result<(), ResourceError> {
        if !self.permissions.lacks(&self.api, project, permission).await {
            return Ok(());
        }
        Err(self.missing(id, permission, format!("project {project}")))
    }

    /// Checks that the caller has a permission on a repository.
    pub(super) async fn require_on_repository(
        &self,
        id: &ObjectId,
        name: &RepositoryName,
        permission: &'static str,
    ) -> Result<(), ResourceError> {
        let wanted = [permission];
        match self.api.test_repository_permissions(name, &wanted).await {
            Ok(held) if held.is_empty() => {
                Err(self.missing(id, permission, format!("repository {name}")))
            }
            _ => Ok(()),
        }
    }

    /// Checks that the caller has a permission on the account.
    pub(super) async fn require_on_account(
        &self,
        id: &ObjectId,
        permission: &'static str,
    ) -> Result<(), ResourceError> {
        let Account { project, email } = &self.account;
        let wanted = [permission];
        let held = self.api.test_account_permissions(project, email, &wanted);
        match held.await {
            Ok(held) if held.is_empty() => {
                Err(self.missing(id, permission, format!("service account {email}")))
            }
            _ => Ok(()),
        }
    }

    fn missing(&self, id: &ObjectId, permission: &'static str, resource: String) -> ResourceError {
        let error = ResourceError::MissingPermission {
            permission,
            resource,
        };
        self.block(id, error)
    }

    /// Tells the user from time to time that an object waits for Google, and why.
    pub(super) async fn note_waiting(
        &self,
        id: &ObjectId,
        cx: &Context,
        why: &(dyn Display + Sync),
    ) {
        let now = Instant::now();
        let since = {
            let mut state = self.state();
            let waits = state.waits.entry(id.clone()).or_insert(Waits {
                since: now,
                next: now + FIRST_NOTE,
            });
            if now < waits.next {
                return;
            }
            waits.next = now + NEXT_NOTE;
            waits.since
        };
        let line = format!(
            "{id}: waiting for {} s until Google's changes are effective, for at most {} s more: {why}",
            (now - since).as_secs(),
            cx.deadline.saturating_duration_since(now).as_secs()
        );
        self.note(line).await;
    }

    /// Prints a note.
    pub(super) async fn note(&self, line: String) {
        let context = None;
        self.events.send(Event::Note { line, context }).await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one assignment: a holder that panicked leaves a usable state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
