//! Defines a command that works on namespaces.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::{ObjectId, Outcome, TargetWork};
use crate::request::DryRun;
use crate::resources::list_cache::Lists;
use crate::resources::{NamespaceTarget, TargetSnapshot};

/// What a command does in each selected namespace.
pub trait NamespaceCommand: Send + Sync {
    /// Returns the objects of every namespace that are known before it is observed.
    fn objects(&self) -> Vec<ObjectId>;

    /// Returns the objects as which a namespace counts before its work begins.
    fn waiting_objects(&self) -> Arc<[ObjectId]>;

    /// Returns the lists of a cluster that replace the reads of many namespaces.
    fn lists(&self) -> Lists;

    /// Returns whether the command sends any request for a namespace that the user named.
    fn sends_requests(&self) -> bool;

    /// Returns whether and how to simulate the run.
    fn dry_run(&self) -> DryRun;

    /// Returns the time limit, over the whole run, for waiting until objects exist or are deleted.
    fn timeout(&self) -> Duration;

    /// Returns the resources of a namespace. `snapshot` contains what the lists of the cluster showed of it.
    fn work<'a>(&'a self, target: &'a NamespaceTarget, snapshot: TargetSnapshot) -> TargetWork<'a>;

    /// Returns the work on a namespace that depends on how its resources ended; by default there is none.
    fn follow_up<'a>(
        &'a self,
        target: &'a NamespaceTarget,
        outcomes: &HashMap<ObjectId, Outcome>,
    ) -> Option<TargetWork<'a>> {
        let _ = (target, outcomes);
        None
    }
}
