//! Prints a problem that belongs to no single object.

use gcr_core::engine::{Event, RunContext};

use crate::google_args::Failure;

/// Prints a problem that belongs to no single object.
pub(super) async fn fail(run: &RunContext, failure: Failure) {
    let line = format!("error: {}", failure.text);
    let context = None;
    run.events.send(Event::Error { line, context }).await;
    if let Some(hint) = failure.hint {
        run.events.send(Event::Hint(hint)).await;
    }
}
