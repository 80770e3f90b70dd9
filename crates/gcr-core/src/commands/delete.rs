//! Deletes a pull Secret and the references to it in each namespace: `delete`.

use std::sync::Arc;
use std::time::Duration;

use super::cluster_run::reconcile_namespaces;
use super::namespace_command::NamespaceCommand;
use super::session::{Notice, SelectedCluster, Session};
use crate::engine::{Discovery, ObjectId, RunContext, TargetWork};
use crate::request::{
    AccountChange, AccountSelection, DesiredAccounts, DesiredDeletion, DryRun, ExecutionOptions,
    OutputOptions, Scope,
};
use crate::resources::list_cache::Lists;
use crate::resources::secret_deletion::{DeletionContext, DeletionDiscovery};
use crate::resources::{NamespaceTarget, TargetSnapshot, secret};
use kube_clientcmd::ConnectionOptions;

/// The validated request of the user.
#[derive(Debug)]
pub struct DeleteRequest {
    /// How to reach the clusters.
    pub connection: ConnectionOptions,
    /// The clusters and namespaces to work on.
    pub scope: Scope,
    /// The Secret to delete in each namespace.
    pub desired: DesiredDeletion,
    /// How to execute the writes.
    pub execution: ExecutionOptions,
    /// The output options.
    pub output: OutputOptions,
    /// Warnings about the command line, to print before the run.
    pub warnings: Vec<String>,
}

/// Executes the request and returns the exit code.
pub fn run(request: DeleteRequest) -> u8 {
    let (session, deletion) = prepare(request);
    session.run(async |clusters, run| deletion.reconcile(clusters, run).await)
}

/// Returns the session of a request and the deletion to reconcile in it, for a command that does more.
pub fn prepare(request: DeleteRequest) -> (Session, Deletion) {
    let DeleteRequest {
        connection,
        scope,
        desired,
        execution,
        output,
        warnings,
    } = request;
    let session = Session {
        dry_run: execution.dry_run,
        notices: Notice::warnings(warnings),
        ..Session::new(connection, scope, output)
    };
    let deletion = Deletion {
        accounts: DesiredAccounts {
            selection: AccountSelection::All,
            change: AccountChange::Detach(vec![desired.name.clone()]),
            wait_for_all: false,
        },
        desired,
        execution,
    };
    (session, deletion)
}

/// The deletion in every selected namespace.
pub struct Deletion {
    desired: DesiredDeletion,
    accounts: DesiredAccounts,
    execution: ExecutionOptions,
}

impl Deletion {
    /// Deletes the Secret and the references to it in the selected namespaces of the clusters.
    pub async fn reconcile(self, clusters: Vec<SelectedCluster<'_>>, run: RunContext) {
        reconcile_namespaces(&self, clusters, run).await;
    }
}

impl NamespaceCommand for Deletion {
    fn objects(&self) -> Vec<ObjectId> {
        Vec::new()
    }

    fn waiting_objects(&self) -> Arc<[ObjectId]> {
        [secret::id(&self.desired.name)].into()
    }

    fn lists(&self) -> Lists {
        Lists {
            secrets: vec![self.desired.name.clone()],
            managed_secrets: false,
            accounts: (!self.desired.keep_references).then_some(AccountSelection::All),
        }
    }

    fn sends_requests(&self) -> bool {
        true
    }

    fn dry_run(&self) -> DryRun {
        self.execution.dry_run
    }

    fn timeout(&self) -> Duration {
        self.execution.timeout
    }

    fn work<'a>(&'a self, target: &'a NamespaceTarget, snapshot: TargetSnapshot) -> TargetWork<'a> {
        let cx = DeletionContext {
            target,
            desired: &self.desired,
            accounts: &self.accounts,
            execution: &self.execution,
        };
        let discovery: Box<dyn Discovery<'a> + 'a> = Box::new(DeletionDiscovery::new(cx, snapshot));
        TargetWork {
            target: target.name(),
            resources: Vec::new(),
            discovery: Some(discovery),
        }
    }
}
