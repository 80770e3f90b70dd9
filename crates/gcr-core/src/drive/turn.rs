//! Who is driven: so many targets at a time, and beside them those that only wait.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A target's turn among those that are driven side by side: given up while it only waits, so that it holds up no other.
#[derive(Debug, Default)]
pub struct Turn(Option<OwnedSemaphorePermit>);

impl Turn {
    /// One of so many turns.
    pub async fn of(turns: &Arc<Semaphore>) -> Self {
        // The semaphore is never closed.
        Self(Arc::clone(turns).acquire_owned().await.ok())
    }

    pub(super) fn give_up(&mut self) {
        self.0 = None;
    }
}
