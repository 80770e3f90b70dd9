//! Renews the access tokens in the pull Secrets of each namespace: `refresh`.

use std::sync::Arc;
use std::time::Duration;

use super::namespace_command::NamespaceCommand;
use crate::engine::{Discovery, ObjectId, TargetWork};
use crate::request::{DesiredRefresh, DryRun, ExecutionOptions};
use crate::resources::list_cache::Lists;
use crate::resources::secret_refresh::{RefreshContext, RefreshDiscovery, TokenIssuer};
use crate::resources::{NamespaceTarget, TargetSnapshot, secret};

/// The renewal in every selected namespace.
pub struct RefreshCommand<I> {
    /// Which tokens to renew.
    pub desired: DesiredRefresh,
    /// How to execute the writes.
    pub execution: ExecutionOptions,
    /// The source of new tokens.
    pub issuer: I,
}

impl<I: TokenIssuer> NamespaceCommand for RefreshCommand<I> {
    fn objects(&self) -> Vec<ObjectId> {
        Vec::new()
    }

    fn waiting_objects(&self) -> Arc<[ObjectId]> {
        match &self.desired.name {
            Some(name) => [secret::id(name)].into(),
            None => [ObjectId::new(&secret::SECRET, "*")].into(),
        }
    }

    fn lists(&self) -> Lists {
        Lists {
            secrets: self.desired.name.iter().cloned().collect(),
            managed_secrets: self.desired.name.is_none(),
            accounts: None,
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
        let cx = RefreshContext {
            target,
            desired: &self.desired,
            execution: &self.execution,
            issuer: &self.issuer,
        };
        let discovery: Box<dyn Discovery<'a> + 'a> = Box::new(RefreshDiscovery::new(cx, snapshot));
        TargetWork {
            target: target.name(),
            resources: Vec::new(),
            discovery: Some(discovery),
        }
    }
}
