//! Runs a set-up: Google's objects of the project first, then the Secrets and ServiceAccounts of the namespaces.

use std::collections::HashMap;
use std::sync::Arc;

use gcr_core::commands::{
    NamespaceCommand as _, PullSecretCommand, SelectedCluster, reconcile_namespaces,
    register_namespaces,
};
use gcr_core::domain::docker_config::DockerConfig;
use gcr_core::domain::pull_secret::CachedSecret;
use gcr_core::domain::registry_credential::{KeyAuth, RegistryCredential};
use gcr_core::domain::registry_host::RegistryHost;
use gcr_core::engine::{
    EquivalentCommands, Event, ObjectId, Outcome, RunContext, TargetPermit, TargetWork, reconcile,
};
use gcr_core::request::{DesiredAccounts, DesiredSecret, DesiredState, DryRun, Manifest};
use gcr_core::resources::secret::SECRET;
use gcr_google::resources::IssuedCredential;
use tokio::time::Instant;

use super::commands::Commands;
use super::plan::Plan;
use super::request::{CredentialKind, SetupRequest};
use crate::unused_key::UnusedKey;

/// Runs the set-up. Every result goes to the reporter.
pub(super) async fn run(
    request: SetupRequest,
    clusters: Vec<SelectedCluster<'_>>,
    run: RunContext,
) {
    let planned = PullSecretCommand {
        desired: DesiredState {
            secret: Some(request.secret(Vec::new(), planned_credential(&request, ""))),
            accounts: request.accounts.as_ref().map(copy_accounts),
        },
        execution: request.execution.clone(),
        manifest: MANIFEST,
    };
    register_namespaces(&clusters, &planned.waiting_objects(), &run.ledger);
    drop(planned);
    let plan = tokio::select! {
        biased;
        () = run.stop.stopped() => return,
        plan = request.plan(&clusters, &run) => plan,
    };
    let plan = match plan {
        Ok(plan) => plan,
        Err(failure) => {
            let line = format!("error: {}", failure.text);
            let context = None;
            run.events.send(Event::Error { line, context }).await;
            if let Some(hint) = failure.hint {
                run.events.send(Event::Hint(hint)).await;
            }
            return;
        }
    };
    // Exec plugins that may prompt run first and one at a time, so that no output mixes with a prompt.
    for selected in clusters.iter().filter(|selected| selected.can_prompt) {
        selected.cluster.authenticate().await;
    }
    let unused_key = UnusedKey::watch(&plan.stage, &plan.target, &run);
    let (resources, commands) = request.resources(&plan);
    let commands: Arc<dyn EquivalentCommands> = Arc::new(commands);
    let commands = (request.execution.dry_run == DryRun::Client).then_some(commands);
    let of_project = RunContext {
        deadline: Instant::now() + request.timeout,
        commands: commands.clone(),
        ..run.clone()
    };
    let work = TargetWork {
        target: plan.target.clone(),
        resources,
        discovery: None,
    };
    let outcomes = reconcile(work, TargetPermit::default(), &of_project).await;
    if outcomes.values().all(|outcome| outcome.is_success())
        && let Some(credential) = request.credential(&plan, &run, &outcomes).await
    {
        let hosts: Vec<RegistryHost> = plan.registries.iter().map(|it| it.entry.clone()).collect();
        // The file of a key that was not created by hand does not exist.
        let commands = match &credential {
            RegistryCredential::Planned { .. } => commands,
            _ => commands.map(|_| {
                let commands = Commands::new(request.name.clone(), hosts.clone());
                Arc::new(commands) as Arc<dyn EquivalentCommands>
            }),
        };
        let command = PullSecretCommand {
            desired: DesiredState {
                secret: Some(request.secret(hosts, credential)),
                accounts: request.accounts,
            },
            execution: request.execution,
            manifest: MANIFEST,
        };
        let of_namespaces = RunContext {
            commands,
            ..run.clone()
        };
        reconcile_namespaces(&command, clusters, of_namespaces).await;
    }
    unused_key.clean_up(run.ledger.writes_of(&SECRET)).await;
}

/// A client dry run prints no key: it has none, or one that is in a Secret already.
const MANIFEST: Manifest = Manifest {
    masked: true,
    with_namespace: true,
};

impl SetupRequest {
    /// Returns the credential for the Secrets, with the warning that it expires.
    async fn credential(
        &self,
        plan: &Plan,
        run: &RunContext,
        outcomes: &HashMap<ObjectId, Outcome>,
    ) -> Option<RegistryCredential> {
        let account = plan.stage.account.email.as_str();
        // Nothing was reconciled if the run was interrupted before.
        if outcomes.is_empty() {
            return None;
        }
        match plan.stage.take_credential() {
            Some(IssuedCredential::Key { file, .. }) => {
                Some(RegistryCredential::ServiceAccountKey {
                    key: file,
                    auth: KeyAuth::JsonKey,
                })
            }
            Some(IssuedCredential::Token(issued)) => {
                let expires = issued.expires_at.map(|time| time.to_string());
                let when = expires.as_deref().unwrap_or("within an hour");
                let text = format!(
                    "the access token expires ({when}); after that, image pulls with this Secret fail unless you run: kubectl gcr-secret refresh"
                );
                run.events.send(Event::Warning { text, at: None }).await;
                Some(RegistryCredential::IssuedToken {
                    token: issued.token,
                    account: account.to_owned(),
                    expires,
                })
            }
            None if self.execution.dry_run == DryRun::Client => {
                Some(planned_credential(self, account))
            }
            None => None,
        }
    }

    fn secret(&self, hosts: Vec<RegistryHost>, credential: RegistryCredential) -> DesiredSecret {
        DesiredSecret {
            name: self.name.clone(),
            config: DockerConfig::new(hosts, credential.auth()),
            credential,
            cached: CachedSecret::default(),
            merge: self.merge,
            only_as_observed: false,
            force_conflicts: self.force_conflicts,
            recreate: self.recreate,
            replaces: None,
        }
    }
}

fn planned_credential(request: &SetupRequest, account: &str) -> RegistryCredential {
    RegistryCredential::Planned {
        kind: match request.credential {
            CredentialKind::Key => "json-key",
            CredentialKind::Token { .. } => "access-token",
        },
        account: account.to_owned(),
    }
}

fn copy_accounts(accounts: &DesiredAccounts) -> DesiredAccounts {
    DesiredAccounts {
        selection: accounts.selection.clone(),
        change: accounts.change.clone(),
        wait_for_all: accounts.wait_for_all,
    }
}
