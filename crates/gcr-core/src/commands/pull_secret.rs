//! Writes a pull Secret and changes ServiceAccounts in each namespace: `create` and `gcr-patch-sa`.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use super::cluster_run::reconcile_namespaces;
use super::namespace_command::NamespaceCommand;
use super::restart_stuck::RestartStuck;
use super::session::{Notice, Session};
use crate::domain::names::{SecretName, ServiceAccountName};
use crate::domain::redactor::Redactor;
use crate::engine::{Discovery, ObjectId, OpenResource, RunContext, TargetWork};
use crate::request::{
    AccountChange, AccountSelection, DEFAULT_ACCOUNT, DesiredAccounts, DesiredState, DryRun,
    ExecutionOptions, Manifest, Namespaces, Request,
};
use crate::resources::list_cache::Lists;
use crate::resources::service_account::{self, MissingSecrets, SharedAccounts};
use crate::resources::{
    NamespaceTarget, SecretResource, ServiceAccountDiscovery, ServiceAccountResource,
    TargetSnapshot, secret,
};

/// Executes `request` and returns the exit code.
pub fn run(request: Request) -> u8 {
    run_if(request, async |_, _| true)
}

/// Awaits `proof`, executes `request` if it returns true, and returns the exit code. A proof that fails reports an error
/// itself; nothing is sent to a cluster then.
pub fn run_if<P>(request: Request, proof: P) -> u8
where
    P: AsyncFnOnce(&Arc<Redactor>, &RunContext) -> bool,
{
    let Request {
        connection,
        scope,
        desired,
        execution,
        restart_stuck,
        output,
        warnings,
    } = request;
    let dry_run = execution.dry_run;
    #[expect(
        clippy::disallowed_methods,
        reason = "only queries whether the stream is a terminal"
    )]
    let plain_manifests = dry_run == DryRun::Client && !std::io::stdout().is_terminal();
    let mut notices: Vec<_> = warnings.into_iter().map(Notice::Warning).collect();
    let prints_secret = desired.secret.is_some() && output.format.shows_objects();
    if prints_secret && dry_run == DryRun::Client && !plain_manifests {
        let hint = "hint: data is masked on a terminal; pipe or redirect the output to see it";
        notices.push(Notice::Line(hint.to_owned()));
    }
    let of_context = matches!(scope.namespaces, Namespaces::OfContext);
    let secret = desired.secret.as_ref();
    let redactor = Arc::new(secret.map_or_else(Redactor::default, |secret| {
        Redactor::new(&secret.credential)
    }));
    let session = Session {
        dry_run,
        notices,
        redactor: Arc::clone(&redactor),
        sends_a_key: secret.is_some() && dry_run != DryRun::Client,
        plain_manifests,
        ..Session::new(connection, scope, output)
    };
    session.run(async |clusters, run| {
        if !proof(&redactor, &run).await {
            return;
        }
        let has_namespace = clusters.iter().any(|selected| selected.has_namespace);
        let manifest = Manifest {
            masked: !plain_manifests,
            with_namespace: !of_context || has_namespace,
        };
        let command = PullSecretCommand {
            desired,
            execution,
            manifest,
        };
        if restart_stuck {
            let command = command.followed_by_restarts();
            reconcile_namespaces(&command, clusters, run).await;
        } else {
            reconcile_namespaces(&command, clusters, run).await;
        }
    })
}

/// The desired state of every selected namespace, and how to bring it about.
#[derive(Debug)]
pub struct PullSecretCommand {
    /// The desired state.
    pub desired: DesiredState,
    /// How to bring it about.
    pub execution: ExecutionOptions,
    /// How a client dry run prints the Secret.
    pub manifest: Manifest,
}

impl PullSecretCommand {
    /// Returns the names of the accounts, unless only the cluster can name them.
    fn account_names(&self) -> Option<&[ServiceAccountName]> {
        match &self.desired.accounts.as_ref()?.selection {
            AccountSelection::Names(names) => Some(names),
            AccountSelection::All | AccountSelection::Labels(_) => None,
        }
    }

    /// Returns the command that does this, and then replaces the stuck pods that lack the Secrets.
    fn followed_by_restarts(&self) -> RestartStuck<'_> {
        let change = self.desired.accounts.as_ref().map(|it| &it.change);
        let secret = self.desired.secret.as_ref();
        RestartStuck {
            command: self,
            secrets: match change {
                Some(AccountChange::Attach(names)) => names.clone(),
                _ => Vec::new(),
            },
            hosts: secret.map_or_else(Vec::new, |secret| secret.config.hosts()),
        }
    }

    /// Returns the Secrets that the run attaches but does not write.
    fn foreign_secrets(&self) -> Vec<SecretName> {
        match (&self.desired.secret, &self.desired.accounts) {
            (None, Some(accounts)) => match &accounts.change {
                AccountChange::Attach(names) => names.clone(),
                AccountChange::Detach(_) => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn account_resources<'a>(
        &'a self,
        desired: &'a DesiredAccounts,
        target: &'a NamespaceTarget,
        mut snapshot: TargetSnapshot,
        work: &mut TargetWork<'a>,
    ) {
        let foreign = self.foreign_secrets();
        let listed: BTreeMap<_, _> = foreign
            .iter()
            .filter_map(|name| Some((name.clone(), snapshot.take_secret(name)?.is_some())))
            .collect();
        let secret = self.desired.secret.as_ref();
        let shared = Arc::new(SharedAccounts {
            target,
            desired,
            execution: &self.execution,
            secret: secret.map(|secret| secret.name.clone()),
            missing_secrets: MissingSecrets::new(foreign, listed),
            may_vanish: false,
        });
        let Some(names) = self.account_names() else {
            let discovery = ServiceAccountDiscovery::new(&shared, snapshot.take_accounts());
            let discovery: Box<dyn Discovery<'a> + 'a> = Box::new(discovery);
            work.discovery = Some(discovery);
            return;
        };
        for name in names {
            let listed = snapshot.take_account(name);
            let resource = ServiceAccountResource::new(&shared, name.clone(), listed);
            work.resources.push(OpenResource::new(resource));
        }
    }
}

impl NamespaceCommand for PullSecretCommand {
    fn objects(&self) -> Vec<ObjectId> {
        let secret = self.desired.secret.iter();
        let accounts = self.account_names().unwrap_or_default().iter();
        secret
            .map(|secret| secret::id(&secret.name))
            .chain(accounts.map(service_account::id))
            .collect()
    }

    fn waiting_objects(&self) -> Arc<[ObjectId]> {
        let mut objects = self.objects();
        if self.desired.accounts.is_some() && self.account_names().is_none() {
            let kind = &service_account::SERVICE_ACCOUNT;
            objects.push(ObjectId::new(kind, DEFAULT_ACCOUNT));
        }
        objects.into()
    }

    fn lists(&self) -> Lists {
        let secrets = match &self.desired.secret {
            Some(_) if self.execution.dry_run == DryRun::Client => Vec::new(),
            Some(secret) => vec![secret.name.clone()],
            None => self.foreign_secrets(),
        };
        let accounts = self.desired.accounts.as_ref();
        Lists {
            secrets,
            managed_secrets: false,
            accounts: accounts.map(|accounts| accounts.selection.clone()),
        }
    }

    fn sends_requests(&self) -> bool {
        // A client dry run of the Secret alone needs no server.
        self.execution.dry_run != DryRun::Client || self.desired.accounts.is_some()
    }

    fn dry_run(&self) -> DryRun {
        self.execution.dry_run
    }

    fn timeout(&self) -> Duration {
        self.execution.timeout
    }

    fn work<'a>(
        &'a self,
        target: &'a NamespaceTarget,
        mut snapshot: TargetSnapshot,
    ) -> TargetWork<'a> {
        let mut work = TargetWork {
            target: target.name(),
            resources: Vec::new(),
            discovery: None,
        };
        if let Some(desired) = &self.desired.secret {
            let listed = snapshot.take_secret(&desired.name);
            let (execution, manifest) = (&self.execution, self.manifest);
            let resource = SecretResource::new(target, desired, execution, manifest, listed);
            work.resources.push(OpenResource::new(resource));
        }
        if let Some(accounts) = &self.desired.accounts {
            self.account_resources(accounts, target, snapshot, &mut work);
        }
        work
    }
}
