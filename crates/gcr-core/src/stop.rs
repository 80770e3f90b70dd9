//! Tells every part of a run that the user has interrupted it.

use std::time::Duration;

use tokio::sync::watch;

/// The time for which a write in flight is awaited after an interruption. Less than the 5 seconds of the whole process, so that an
/// unused key can still be deleted.
pub const WRITE_GRACE: Duration = Duration::from_secs(2);

/// Whether the run was interrupted. Clones observe the same run.
#[derive(Debug, Clone)]
pub struct StopSignal(watch::Receiver<bool>);

impl StopSignal {
    /// Returns the signal, and the sender that interrupts the run.
    pub fn channel() -> (watch::Sender<bool>, Self) {
        let (stop, stopped) = watch::channel(false);
        (stop, Self(stopped))
    }

    /// Returns whether the run was interrupted.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the run is interrupted.
    pub async fn stopped(&self) {
        let mut stop = self.0.clone();
        if stop.wait_for(|stopped| *stopped).await.is_err() {
            // The sender was dropped: no interrupt can come.
            std::future::pending::<()>().await;
        }
    }

    /// Sleeps for `pause`. Returns `false` if the run is interrupted during the pause.
    pub async fn sleep(&self, pause: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(pause) => true,
            () = self.stopped() => false,
        }
    }
}
