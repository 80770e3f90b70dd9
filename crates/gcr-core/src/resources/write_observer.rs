//! Connects the ledger to the transport: an object is in flight from the moment its request leaves.

use crate::engine::WriteTracker;
use crate::kubernetes::api_request::WriteObserver;

impl WriteObserver for WriteTracker {
    fn mark_sent(&self) {
        WriteTracker::mark_sent(self);
    }
}
