//! The part of a run that all its targets share.

use std::sync::Arc;

use tokio::time::Instant;

use super::event::EventSender;
use super::ledger::Ledger;
use super::object::ObjectId;
use super::target::TargetName;
use crate::request::DryRun;
use crate::stop::StopSignal;

/// Knows the commands that do by hand what a run would do. A client dry run prints them.
pub trait EquivalentCommands: Send + Sync {
    /// Returns the command that changes the object, if there is one.
    fn command(&self, target: &TargetName, object: &ObjectId) -> Option<String>;
}

/// The part of a run that all its targets share.
#[derive(Clone)]
pub struct RunContext {
    /// Whether and how to simulate the run.
    pub dry_run: DryRun,
    /// When to stop waiting for objects that do not exist yet.
    pub deadline: Instant,
    /// Whether the run was interrupted.
    pub stop: StopSignal,
    /// The states of all objects of the run.
    pub ledger: Ledger,
    /// The reporter.
    pub events: EventSender,
    /// The commands that lines state, if this is a client dry run of a command that knows them.
    pub commands: Option<Arc<dyn EquivalentCommands>>,
}
