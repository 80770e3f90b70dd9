//! Runs a query: a command that reads, and streams rows to the report.

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

use super::event::{Event, ObjectResult, Row};
use super::object::{ObjectId, Outcome};
use super::object_error::ObjectError;
use super::run_context::RunContext;
use super::target::TargetName;
use crate::stop::WRITE_GRACE;

/// A read of one target that yields rows.
pub trait Query: Send + Sync {
    /// Returns the object as which the target counts. Its outcome states whether the query read everything.
    fn id(&self) -> ObjectId;

    /// Returns the rows in the order in which they are printed, page by page: the rows of a page are printed together, as
    /// soon as they are known. An error ends no other page: it makes the command fail.
    fn pages(&self) -> BoxStream<'_, Result<Vec<Row>, ObjectError>>;
}

/// The outcome of a query that read everything. Summaries do not mention it.
pub const READ: Outcome = Outcome::Unchanged;

/// Runs `query` against `target` and sends its rows to the reporter as they come. Ends early if the run is interrupted; the
/// target then counts as not started. A page with a write in flight is awaited first: `doctor --restart` evicts pods.
pub async fn query(target: TargetName, query: &dyn Query, run: &RunContext) {
    let object = query.id();
    run.ledger.begin(&target, [object.clone()], None);
    let mut pages = query.pages();
    let mut failure = None;
    loop {
        let page = tokio::select! {
            biased;
            () = run.stop.stopped() => {
                if !run.ledger.has_write_in_flight() {
                    return;
                }
                tokio::time::timeout(WRITE_GRACE, pages.next()).await.ok()
            }
            page = pages.next() => Some(page),
        };
        let Some(page) = page else { return };
        match page {
            None => break,
            Some(Ok(rows)) if rows.is_empty() => {}
            Some(Ok(rows)) => run.events.send(Event::Rows(rows)).await,
            Some(Err(error)) => {
                if let Some(earlier) = failure.replace(error) {
                    send_error(run, &target, earlier).await;
                }
            }
        }
    }
    let (outcome, error) = match failure {
        None => (READ, None),
        Some(error) if error.not_started => (Outcome::NotStarted, Some(error)),
        Some(error) => (Outcome::Failed, Some(error)),
    };
    run.ledger.record_outcome(&target, &object, outcome);
    let reserved = run.events.reserve().await;
    run.ledger.close(&target, &object, outcome);
    reserved.send(ObjectResult {
        target,
        object,
        outcome,
        error,
        manifest: None,
        command: None,
    });
}

async fn send_error(run: &RunContext, target: &TargetName, error: ObjectError) {
    let context = target.context.clone();
    let line = error.text;
    run.events.send(Event::Error { line, context }).await;
    if let Some(hint) = error.hint {
        run.events.send(Event::Hint(hint)).await;
    }
}
