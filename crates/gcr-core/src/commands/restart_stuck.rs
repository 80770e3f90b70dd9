//! Replaces stuck pods once their ServiceAccount lists the pull secret: `--restart-stuck`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::namespace_command::NamespaceCommand;
use crate::domain::names::SecretName;
use crate::engine::{Discovery, ObjectId, Outcome, TargetWork};
use crate::request::DryRun;
use crate::resources::list_cache::Lists;
use crate::resources::pod_eviction::{RestartContext, StuckPodDiscovery};
use crate::resources::service_account::SERVICE_ACCOUNT;
use crate::resources::{NamespaceTarget, TargetSnapshot};

/// Does what another command does, and then evicts the stuck pods of the accounts that list the Secrets. Accounts that listed
/// them before are included, so that a second run finishes an interrupted one.
pub(super) struct RestartStuck<'c> {
    /// The other command.
    pub(super) command: &'c dyn NamespaceCommand,
    /// The Secrets that it attaches.
    pub(super) secrets: Vec<SecretName>,
    /// The hosts for which they have a credential; empty if that is not known.
    pub(super) hosts: Vec<String>,
}

impl NamespaceCommand for RestartStuck<'_> {
    fn objects(&self) -> Vec<ObjectId> {
        self.command.objects()
    }

    fn waiting_objects(&self) -> Arc<[ObjectId]> {
        self.command.waiting_objects()
    }

    fn lists(&self) -> Lists {
        self.command.lists()
    }

    fn sends_requests(&self) -> bool {
        self.command.sends_requests()
    }

    fn dry_run(&self) -> DryRun {
        self.command.dry_run()
    }

    fn timeout(&self) -> Duration {
        self.command.timeout()
    }

    fn work<'a>(&'a self, target: &'a NamespaceTarget, snapshot: TargetSnapshot) -> TargetWork<'a> {
        self.command.work(target, snapshot)
    }

    fn follow_up<'a>(
        &'a self,
        target: &'a NamespaceTarget,
        outcomes: &HashMap<ObjectId, Outcome>,
    ) -> Option<TargetWork<'a>> {
        let accounts = outcomes
            .iter()
            .filter(|(object, outcome)| *object.kind == SERVICE_ACCOUNT && outcome.is_success());
        let context = RestartContext {
            target,
            accounts: accounts
                .filter_map(|(object, _)| object.name.parse().ok())
                .collect(),
            secrets: &self.secrets,
            hosts: &self.hosts,
        };
        if context.accounts.is_empty() {
            return None;
        }
        let discovery: Box<dyn Discovery<'a> + 'a> = Box::new(StuckPodDiscovery::new(context));
        Some(TargetWork {
            target: target.name(),
            resources: Vec::new(),
            discovery: Some(discovery),
        })
    }
}
