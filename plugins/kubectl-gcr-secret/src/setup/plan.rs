//! Plans a set-up: the project, the registries, the account, and the resources of Google.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gcr_core::commands::SelectedCluster;
use gcr_core::engine::{Hint, ObjectId, OpenResource, RunContext, TargetName, TargetScope};
use gcr_core::request::DryRun;
use gcr_google::artifact_registry::RepositoryRole;
use gcr_google::names::{ProjectId, RepositoryName, ServiceAccountEmail};
use gcr_google::registry::Action;
use gcr_google::resources::{
    ARTIFACT_REGISTRY_API, Account, AccountResource, BindingResource, IAM_API, IAM_CREDENTIALS_API,
    KeyResource, ProofResource, RepositoryResource, ServiceProbe, ServiceResource, Stage,
    StoredKeys, TokenResource,
};
use gcr_google::retry::RetryPolicy;

use super::commands::Commands;
use super::pull_secrets::PullSecrets;
use super::registries::Registry;
use super::request::{CredentialKind, SetupRequest};
use crate::google_args::{Failure, Google};

/// The shortest time for which failed calls are repeated.
const MIN_RETRIES: Duration = Duration::from_secs(10);

/// The project and its objects.
pub(super) struct Plan {
    pub(super) stage: Arc<Stage>,
    pub(super) registries: Vec<Registry>,
    pub(super) secrets: Arc<PullSecrets>,
    pub(super) target: TargetName,
}

impl SetupRequest {
    /// Resolves the project, the registries and the account, and finds the credentials for Google.
    pub(super) async fn plan(
        &self,
        clusters: &[SelectedCluster<'_>],
        run: &RunContext,
    ) -> Result<Plan, Failure> {
        let google = Google::open(Arc::clone(&self.redactor)).await?;
        let action = match self.role {
            RepositoryRole::Reader => Action::Pull,
            RepositoryRole::Writer => Action::Push,
        };
        let flag = self.google.project.as_ref();
        let (project, registries) = self.registries.resolve(flag, &google.gcloud, action)?;
        let account = self.account(&project)?;
        let api = google.connect(&self.google, &account.project).await?;
        let retry = RetryPolicy::default();
        // A transient failure is repeated also by a run that waits for nothing.
        let deadline = self.timeout.max(MIN_RETRIES).min(retry.deadline);
        let api = api.with_retry(RetryPolicy { deadline, ..retry });
        let secrets = PullSecrets::new(
            clusters,
            self.name.clone(),
            account.email.clone(),
            Arc::clone(&self.redactor),
            run.events.clone(),
            gke_note(&registries, self.role),
        );
        let target = TargetName {
            context: None,
            scope: TargetScope::Project(account.project.as_str().into()),
        };
        Ok(Plan {
            stage: Arc::new(Stage::new(api, account, run.events.clone())),
            registries,
            secrets: Arc::new(secrets),
            target,
        })
    }

    fn account(&self, project: &ProjectId) -> Result<Account, Failure> {
        let email: ServiceAccountEmail = if self.iam_account.contains('@') {
            let email: ServiceAccountEmail = self.iam_account.parse().map_err(Failure::new)?;
            if !email.has_domain_of_google() {
                let hint = "pass the name of an account in the project, or an address that ends in gserviceaccount.com";
                return Err(Failure {
                    text: format!("--iam-account {email} is not the address of a service account"),
                    hint: Some(Hint::new(hint)),
                });
            }
            email
        } else {
            ServiceAccountEmail::of(&self.iam_account, project).map_err(Failure::new)?
        };
        Ok(Account {
            project: email.project().unwrap_or_else(|| project.clone()),
            email,
        })
    }

    /// Returns the resources of the project, and the commands that do the same by hand.
    pub(super) fn resources(&self, plan: &Plan) -> (Vec<OpenResource<'static>>, Commands) {
        let (stage, dry_run) = (&plan.stage, self.execution.dry_run);
        let account = &stage.account;
        let hosts = plan.registries.iter().map(|it| it.entry.clone()).collect();
        let mut commands = Commands::new(self.name.clone(), hosts);
        let mut resources = Vec::new();
        let mut service = |project: &ProjectId, name: &str, probe: ServiceProbe| {
            let id = ServiceResource::id_of(stage, project, name);
            if !resources.iter().any(|it: &OpenResource<'_>| *it.id() == id) {
                commands.service(id.clone(), project, name);
                let resource = ServiceResource::new(stage, project.clone(), name, probe);
                resources.push(OpenResource::new(resource));
            }
            id
        };
        let mut repositories: Vec<RepositoryName> = Vec::new();
        for registry in &plan.registries {
            if !repositories.contains(&registry.repository) {
                repositories.push(registry.repository.clone());
            }
        }
        let iam = service(&account.project, IAM_API, ServiceProbe::Account);
        let tokens = matches!(self.credential, CredentialKind::Token { .. })
            .then(|| service(&account.project, IAM_CREDENTIALS_API, ServiceProbe::None));
        let artifact_registry: HashMap<&ProjectId, ObjectId> = repositories
            .iter()
            .map(|name| {
                let probe = ServiceProbe::Repository(name.clone());
                (
                    &name.project,
                    service(&name.project, ARTIFACT_REGISTRY_API, probe),
                )
            })
            .collect();
        let mut bindings = HashMap::new();
        let mut ids = Vec::new();
        for name in &repositories {
            let id = RepositoryResource::id_of(name);
            commands.repository(id.clone(), name, RepositoryResource::DESCRIPTION);
            ids.push(id);
            let api = artifact_registry[&name.project].clone();
            let create = self.create_repository;
            let resource = RepositoryResource::new(stage, name.clone(), api, create, dry_run);
            resources.push(OpenResource::new(resource));
            let id = BindingResource::id_of(name, self.role, &repositories);
            commands.binding(id.clone(), name, self.role, account);
            bindings.insert(name, id.clone());
            let resource = BindingResource::new(stage, name.clone(), id, self.role, dry_run);
            resources.push(OpenResource::new(resource));
        }
        commands.account(
            AccountResource::id_of(account),
            account,
            (AccountResource::DISPLAY_NAME, AccountResource::DESCRIPTION),
        );
        resources.push(OpenResource::new(AccountResource::new(stage, iam, dry_run)));
        let credential = match (self.credential, tokens) {
            (CredentialKind::Token { lifetime }, Some(tokens)) => {
                let id = TokenResource::id_of(account);
                commands.token(id.clone(), account, lifetime);
                let resource = TokenResource::new(stage, tokens, lifetime);
                resources.push(OpenResource::new(resource));
                id
            }
            _ => {
                let id = KeyResource::id_of(stage);
                commands.key(id.clone(), account);
                let stored: Arc<dyn StoredKeys> = Arc::clone(&plan.secrets) as _;
                // A key is created only after everything that may fail for good.
                let resource = KeyResource::new(stage, stored, self.new_key, &ids, dry_run);
                resources.push(OpenResource::new(resource));
                id
            }
        };
        // A client dry run has no new credential that could be proven.
        if self.verify && dry_run != DryRun::Client {
            for registry in &plan.registries {
                let dependencies = vec![credential.clone(), bindings[&registry.repository].clone()];
                let target = registry.target.clone();
                let resource = ProofResource::new(stage, &registry.name, target, dependencies);
                if resources
                    .iter()
                    .all(|it| *it.id() != ProofResource::id_of(&registry.name))
                {
                    resources.push(OpenResource::new(resource));
                }
            }
        }
        (resources, commands)
    }
}

/// Returns the note that nodes of GKE need no key.
fn gke_note(registries: &[Registry], role: RepositoryRole) -> String {
    let commands = registries.iter().map(|registry| {
        let name = &registry.repository;
        format!(
            "gcloud artifacts repositories add-iam-policy-binding {} --location={} --project={} --member=serviceAccount:NODE_SERVICE_ACCOUNT --role={role}",
            name.id, name.location, name.project
        )
    });
    let commands: Vec<String> = commands.collect();
    format!(
        "nodes of GKE can pull without a Secret, with their own service account: {}",
        commands.join("; ")
    )
}
