//! Runs file operations outside the runtime's only thread.
//!
//! A file may live on a slow network file system. The runtime has one thread, so that a blocking call there would stop the
//! work on every cluster.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long a cancelled [`finish_blocking`] waits for its operation.
const FINISH_TIMEOUT: Duration = Duration::from_secs(2);

/// The runtime ended during a file operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the run ended during a file operation")]
pub(super) struct Interrupted;

/// Runs `operation` on a blocking thread and returns its result.
///
/// # Errors
/// The operation's own error.
pub(super) async fn run_blocking<T: Send + 'static, E: From<Interrupted> + Send + 'static>(
    operation: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    tokio::task::spawn_blocking(operation)
        .await
        .unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Interrupted.into()),
        })
}

/// Runs `operation` like [`run_blocking`]. If the returned future is dropped before the operation has finished, the drop
/// waits for it, for at most [`FINISH_TIMEOUT`]: the process may exit right after that and would cut the operation off.
///
/// # Errors
/// The operation's own error.
pub(super) async fn finish_blocking<T: Send + 'static, E: From<Interrupted> + Send + 'static>(
    operation: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let (finished, wait) = channel::<()>();
    let _wait = WaitOnDrop(wait);
    run_blocking(move || {
        let _finished = finished;
        operation()
    })
    .await
}

struct WaitOnDrop(Receiver<()>);

impl Drop for WaitOnDrop {
    fn drop(&mut self) {
        // Returns as soon as the operation has dropped its end of the channel.
        let _ = self.0.recv_timeout(FINISH_TIMEOUT);
    }
}

#[cfg(test)]
mod tests;
