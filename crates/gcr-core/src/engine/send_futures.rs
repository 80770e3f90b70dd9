//! Checks at compile time that the futures of the engine are `Send`.
//!
//! A controller on a multi-threaded runtime moves tasks between threads and must be able to use the same functions. A lock
//! guard or an `Rc` held across an `.await` is a compile error here.

use super::query::{Query, query};
use super::reconcile::reconcile;
use super::run_context::RunContext;
use super::target::TargetName;
use super::target_permit::TargetPermit;
use super::target_work::TargetWork;

/// Never called; only compiled.
fn _futures_are_send(work: TargetWork<'_>, target: TargetName, rows: &dyn Query, run: &RunContext) {
    fn send<T: Send>(_: T) {}

    send(reconcile(work, TargetPermit::default(), run));
    send(query(target, rows, run));
}
