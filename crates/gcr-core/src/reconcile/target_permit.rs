//! Who is driven: so many targets at a time, and beside them those that only wait.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A target's turn among those that are driven side by side: given up while it only waits, so that it holds up no other.
#[derive(Debug, Default)]
pub struct TargetPermit(Option<OwnedSemaphorePermit>);

impl TargetPermit {
    /// One of so many turns.
    pub async fn acquire(permits: &Arc<Semaphore>) -> Self {
        // The semaphore is never closed.
        Self(Arc::clone(permits).acquire_owned().await.ok())
    }

    pub(super) fn release(&mut self) {
        self.0 = None;
    }
}
