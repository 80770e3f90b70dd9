//! What a test arranges and inspects: projects, accounts, repositories, policies, credentials and delays.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::iam_policy::PolicyStore;
use super::propagation::{Delay, Propagation};
use super::registry_gateway::RegistryGateway;
use super::registry_token;
use super::state::{CLOUD_PLATFORM, Repository};
use super::{FakeGoogle, PROJECT};
use super::{iam_accounts, iam_keys};

impl FakeGoogle {
    /// Adds a project.
    pub fn add_project(&self, id: &str) {
        self.server.state().add_project(id);
    }

    /// Enables services in [`PROJECT`], named without `.googleapis.com`.
    pub fn enable_services<const N: usize>(&self, services: [&str; N]) {
        let mut state = self.server.state();
        let project = state.add_project(PROJECT);
        for service in services {
            let name = format!("{service}.googleapis.com");
            project.services.insert(name, Delay::default());
        }
    }

    /// Disables a service in [`PROJECT`], named without `.googleapis.com`.
    pub fn disable_service(&self, service: &str) {
        let mut state = self.server.state();
        let services = &mut state.add_project(PROJECT).services;
        services.remove(&format!("{service}.googleapis.com"));
    }

    /// Adds a Docker repository to [`PROJECT`].
    pub fn add_repository(&self, location: &str, id: &str) {
        self.add_repository_with_format(location, id, "DOCKER");
    }

    /// Adds a repository of this format to [`PROJECT`].
    pub fn add_repository_with_format(&self, location: &str, id: &str, format: &str) {
        let mut state = self.server.state();
        let created = state.now();
        let repository = Repository {
            format: format.into(),
            mode: "STANDARD_REPOSITORY".into(),
            description: String::new(),
            created,
            policy: PolicyStore::default(),
        };
        let repositories = &mut state.add_project(PROJECT).repositories;
        repositories.insert((location.into(), id.into()), repository);
    }

    /// Replaces the policy of a repository in [`PROJECT`].
    ///
    /// # Panics
    /// The repository does not exist.
    #[track_caller]
    pub fn set_repository_policy(&self, location: &str, id: &str, policy: Value) {
        let mut state = self.server.state();
        let repositories = &mut state.add_project(PROJECT).repositories;
        let repository = repositories.get_mut(&(location.into(), id.into()));
        repository
            .expect("the repository exists")
            .policy
            .replace(policy);
    }

    /// Adds a member to a role in the policy of a repository in [`PROJECT`], as another client would.
    ///
    /// # Panics
    /// The repository does not exist.
    #[track_caller]
    pub fn add_repository_member(&self, location: &str, id: &str, role: &str, member: &str) {
        let mut state = self.server.state();
        let repositories = &mut state.add_project(PROJECT).repositories;
        let repository = repositories.get_mut(&(location.into(), id.into()));
        repository
            .expect("the repository exists")
            .policy
            .add(role, member);
    }

    /// Returns the policy of a repository in [`PROJECT`], without its etag; null if the repository does not exist.
    pub fn repository_policy(&self, location: &str, id: &str) -> Value {
        let mut state = self.server.state();
        let repositories = &state.add_project(PROJECT).repositories;
        let repository = repositories.get(&(location.into(), id.into()));
        repository
            .map(|it| it.policy.without_etag())
            .unwrap_or_default()
    }

    /// Grants a role on a project.
    pub fn grant_on_project(&self, project: &str, role: &str, member: &str) {
        self.server
            .state()
            .add_project(project)
            .policy
            .add(role, member);
    }

    /// Adds a service account with a key to [`PROJECT`]. Returns its email address and the key file.
    ///
    /// # Panics
    /// The system provides no random numbers.
    #[track_caller]
    pub fn add_key(&self, account: &str) -> (String, String) {
        let mut state = self.server.state();
        let email = iam_accounts::add(&mut state, PROJECT, account);
        let file = iam_keys::add(&mut state, &email).expect("the account exists");
        (email, file)
    }

    /// Adds the default service account of Compute Engine to [`PROJECT`]. Returns its email address.
    pub fn add_account_of_compute_engine(&self) -> String {
        let number = self.project_number();
        let email = format!("{number}-compute@developer.gserviceaccount.com");
        iam_accounts::add_address(&mut self.server.state(), PROJECT, email)
    }

    /// Disables the keys of a service account that users manage.
    ///
    /// # Panics
    /// The account does not exist.
    #[track_caller]
    pub fn disable_keys(&self, email: &str) {
        let mut state = self.server.state();
        let (_, account) = state.account(email).expect("the account exists");
        let keys = account.keys.iter_mut();
        for key in keys.filter(|key| !key.is_system_managed) {
            key.disabled = true;
        }
    }

    /// Removes a service account with its keys.
    pub fn remove_account(&self, email: &str) {
        let mut state = self.server.state();
        for project in state.projects.values_mut() {
            project.accounts.remove(email);
        }
    }

    /// Lets a service account of [`PROJECT`] pull from a repository.
    ///
    /// # Panics
    /// The repository does not exist.
    #[track_caller]
    pub fn allow_pulls(&self, location: &str, id: &str, email: &str) {
        let role = "roles/artifactregistry.reader";
        let member = format!("serviceAccount:{email}");
        let policy = json!({"bindings": [{"role": role, "members": [member]}]});
        self.set_repository_policy(location, id, policy);
    }

    /// Grants a role on a service account.
    ///
    /// # Panics
    /// The account does not exist.
    #[track_caller]
    pub fn grant_on_account(&self, email: &str, role: &str, member: &str) {
        let mut state = self.server.state();
        let account = state.account(email);
        account
            .expect("the account exists")
            .1
            .policy
            .add(role, member);
    }

    /// Takes a permission away from [`super::OPERATOR`], on resources whose names contain `within`; an empty text means all.
    pub fn deny(&self, permission: &str, within: &str) {
        let denied = (permission.to_owned(), within.to_owned());
        self.server.state().denied.insert(denied);
    }

    /// Leaves only these permissions to [`super::OPERATOR`].
    pub fn allow_only(&self, permissions: &[String]) {
        self.server.state().allowed = Some(permissions.iter().cloned().collect());
    }

    /// Enforces an organization policy in [`PROJECT`], for example `iam.disableServiceAccountKeyCreation`.
    pub fn enforce(&self, constraint: &str) {
        let mut state = self.server.state();
        state
            .add_project(PROJECT)
            .constraints
            .insert(constraint.into());
    }

    /// Gives back a permission that [`FakeGoogle::deny`] took away.
    pub fn allow(&self, permission: &str) {
        let denied = &mut self.server.state().denied;
        denied.retain(|(name, _)| name != permission);
    }

    /// Sets whether [`PROJECT`] has a billing account.
    pub fn set_billing(&self, has_billing: bool) {
        self.server.state().add_project(PROJECT).has_billing = has_billing;
    }

    /// Disables a service account, or enables it again.
    ///
    /// # Panics
    /// The account does not exist.
    #[track_caller]
    pub fn set_account_disabled(&self, email: &str, disabled: bool) {
        let mut state = self.server.state();
        state.account(email).expect("the account exists").1.disabled = disabled;
    }

    /// Sets after how many requests changes made from now on become visible.
    pub fn set_propagation(&self, propagation: Propagation) {
        self.server.state().propagation = propagation;
    }

    /// Sets after how many polls operations started from now on are done; `None` for never.
    pub fn set_operation_polls(&self, polls: Option<u32>) {
        self.server.state().operation_polls = polls;
    }

    /// Lets operations started from now on end with this error.
    pub fn set_operation_error(&self, code: i32, message: &str) {
        let error = json!({"code": code, "message": message});
        self.server.state().operation_error = Some(error);
    }

    /// Lets operations started from now on succeed.
    pub fn clear_operation_error(&self) {
        self.server.state().operation_error = None;
    }

    /// Moves the fake's clock forward (or, if negative, back) by this number of seconds.
    pub fn advance_clock(&self, seconds: i64) {
        self.server.state().clock_offset += SignedDuration::from_secs(seconds);
    }

    /// Issues an access token of any member, for example `serviceAccount:x@demo-project.iam.gserviceaccount.com`, that
    /// is valid for this number of seconds.
    pub fn issue_token(&self, member: &str, seconds: i64) -> String {
        self.issue_token_with_scope(member, seconds, CLOUD_PLATFORM)
    }

    /// Issues an access token with one scope.
    pub fn issue_token_with_scope(&self, member: &str, seconds: i64, scope: &str) -> String {
        let mut state = self.server.state();
        state.issue_token(member, seconds, &[scope.to_owned()])
    }

    /// Returns the number of [`PROJECT`].
    pub fn project_number(&self) -> u64 {
        self.server.state().add_project(PROJECT).number
    }

    /// Provides a metadata server whose virtual machine runs as this service account.
    pub fn run_on_google_cloud(&self, email: &str) {
        self.server.state().machine_account = Some(email.into());
    }

    /// Serves images from a real registry on this port. It checks tokens with [`FakeGoogle::registry_key_set`].
    pub fn attach_registry(&self, port: u16) {
        self.server.set_gateway(RegistryGateway::new(port));
    }

    /// Returns the key set, issuer and audience of the registry tokens.
    pub fn registry_key_set() -> (Value, &'static str, &'static str) {
        let keys = registry_token::key_set();
        (keys, registry_token::ISSUER, registry_token::AUDIENCE)
    }

    /// Disables a key, or enables it again.
    ///
    /// # Panics
    /// The key does not exist.
    #[track_caller]
    pub fn set_key_disabled(&self, email: &str, id: &str, disabled: bool) {
        let mut state = self.server.state();
        let (_, account) = state.account(email).expect("the account exists");
        let key = account.keys.iter_mut().find(|key| key.id == id);
        key.expect("the key exists").disabled = disabled;
    }

    /// Deletes a key.
    ///
    /// # Panics
    /// The account does not exist.
    #[track_caller]
    pub fn delete_key(&self, email: &str, id: &str) {
        let mut state = self.server.state();
        let (_, account) = state.account(email).expect("the account exists");
        account.keys.retain(|key| key.id != id);
    }

    /// Returns the ids of a service account's keys that users manage, in the order of their creation, with whether each
    /// is disabled.
    pub fn keys_of(&self, email: &str) -> Vec<(String, bool)> {
        let mut state = self.server.state();
        let keys = state.account(email).map(|(_, account)| account.keys.iter());
        let keys = keys
            .into_iter()
            .flatten()
            .filter(|key| !key.is_system_managed);
        keys.map(|key| (key.id.clone(), key.disabled)).collect()
    }

    /// Returns all secrets so far: access tokens, refresh tokens, subject tokens, registry tokens, and the lines of private
    /// keys.
    pub fn secrets(&self) -> Vec<String> {
        self.server.state().secrets.clone()
    }

    /// Returns the state as JSON without tokens, key material, times and etags: two fakes with the same content have the
    /// same summary.
    pub fn summary(&self) -> Value {
        self.server.state().summary()
    }
}
