//! Reconciles targets, whatever they contain: a namespace of a cluster, a project, or a file.
//!
//! ```text
//! Target ─▶ observe (all open resources) ─▶ decide (pure) ─▶ execute (in the order of their dependencies) ─▶ Outcome
//!              ▲                                                      │
//!              └───────────── conflict, not ready ────────────────────┘
//! ```
//!
//! A [`Resource`] is one object that a run brings to its desired state. A [`Query`] only reads, and returns rows. Both
//! send [`Event`]s to the reporter and keep the [`Ledger`] true. Knows neither Kubernetes nor Google.

pub mod event;
pub mod ledger;
pub mod object;
pub mod object_error;
mod open_resource;
pub mod query;
pub mod reconcile;
pub mod resource;
mod run_context;
mod send_futures;
pub mod target;
mod target_permit;
mod target_report;
mod target_work;
#[cfg(test)]
mod tests;

pub use event::{Cell, Event, EventSender, ObjectResult, Row};
pub use ledger::{Ledger, WriteTracker, Writes};
pub use object::{Change, ObjectId, ObjectKind, Outcome};
pub use object_error::{Hint, ObjectError};
pub use open_resource::OpenResource;
pub use query::Query;
pub use reconcile::reconcile;
pub use resource::{Context, Decision, Finished, Resource, Round, State, StepResult};
pub use run_context::{EquivalentCommands, RunContext};
pub use target::{TargetName, TargetScope};
pub use target_permit::TargetPermit;
pub use target_work::{Discovered, Discovery, TargetWork};
