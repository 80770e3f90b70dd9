//! Runs calls to Google so that an interruption ends them in time.

use std::sync::Arc;
use std::time::Duration;

use gcr_core::engine::{Context, Finished, Outcome, StepResult, WriteTracker};
use gcr_core::stop::WRITE_GRACE;
use tokio::time::Instant;

use super::resource_error::ResourceError;
use crate::error::GoogleError;

/// Awaits a read; an interruption cancels it.
pub(super) async fn read<T>(
    cx: &Context,
    call: impl Future<Output = Result<T, GoogleError>>,
) -> Result<T, ResourceError> {
    check(cx, async { Ok(call.await?) }).await
}

/// Awaits a check, which only reads; an interruption cancels it.
pub(super) async fn check<T>(
    cx: &Context,
    check: impl Future<Output = Result<T, ResourceError>>,
) -> Result<T, ResourceError> {
    tokio::select! {
        biased;
        () = cx.stop.stopped() => Err(ResourceError::Interrupted),
        result = check => result,
    }
}

/// Awaits a write; after an interruption, for at most [`WRITE_GRACE`]. Returns `None` if no response arrived by then.
pub(super) async fn write<T>(
    cx: &Context,
    tracker: &Arc<WriteTracker>,
    call: impl Future<Output = T>,
) -> Option<T> {
    tracker.mark_sent();
    let result = tokio::select! {
        biased;
        result = call => Some(result),
        () = async {
            cx.stop.stopped().await;
            tokio::time::sleep(WRITE_GRACE).await;
        } => None,
    };
    if result.is_some() {
        tracker.mark_answered();
    }
    result
}

/// Returns the result of a write that failed: unknown if Google may have carried it out.
pub(super) fn failed<U>(error: GoogleError) -> StepResult<ResourceError, U> {
    let outcome = if error.may_have_applied() {
        Outcome::Unknown
    } else {
        Outcome::Failed
    };
    StepResult::Finished(Finished::failure(outcome, ResourceError::Google(error)))
}

/// Returns the result of a write without a response at the interruption.
pub(super) fn interrupted<U>() -> StepResult<ResourceError, U> {
    let text = "interrupted before Google responded".to_owned();
    let error = ResourceError::state(text, "run the command again".to_owned());
    StepResult::Finished(Finished::failure(Outcome::Unknown, error))
}

/// Returns a success.
pub(super) fn done<U>(outcome: Outcome) -> StepResult<ResourceError, U> {
    StepResult::Finished(Finished::success(outcome, None))
}

/// Returns the time that is left for waiting.
pub(super) fn time_left(cx: &Context) -> Duration {
    cx.deadline.saturating_duration_since(Instant::now())
}
