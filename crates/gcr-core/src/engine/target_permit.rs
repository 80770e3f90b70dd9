//! Limits how many targets are reconciled at a time. Targets that only wait do not count.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Permission to reconcile a target. [`reconcile`](super::reconcile()) releases it before it waits for an object, so that a
/// waiting target does not delay others.
#[derive(Debug, Default)]
pub struct TargetPermit(Option<OwnedSemaphorePermit>);

impl TargetPermit {
    /// Waits for a permit.
    pub async fn acquire(permits: &Arc<Semaphore>) -> Self {
        // The semaphore is never closed.
        Self(Arc::clone(permits).acquire_owned().await.ok())
    }

    /// Releases the permit. Later calls do nothing.
    pub(super) fn release(&mut self) {
        self.0 = None;
    }
}
