//! The part of a run that all its targets share.

use tokio::time::Instant;

use super::event::EventSender;
use super::ledger::Ledger;
use crate::request::DryRun;
use crate::stop::StopSignal;

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
}
