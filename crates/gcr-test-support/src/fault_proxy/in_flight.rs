//! Counts requests in flight and limits their number.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counter of requests in flight with an optional limit.
#[derive(Default)]
pub(super) struct InFlightLimit {
    count: AtomicUsize,
    capacity: Option<usize>,
}

/// A request in flight, until it is dropped.
pub(super) struct InFlightPermit<'a> {
    limit: &'a InFlightLimit,
    /// Number of requests in flight, including this one.
    pub(super) count: usize,
}

impl InFlightLimit {
    pub(super) fn new(capacity: Option<usize>) -> Self {
        Self {
            count: AtomicUsize::new(0),
            capacity,
        }
    }

    /// Counts one more request; `None` if the limit is reached.
    pub(super) fn try_acquire(&self) -> Option<InFlightPermit<'_>> {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let permit = InFlightPermit { limit: self, count };
        self.capacity
            .is_none_or(|capacity| count <= capacity)
            .then_some(permit)
    }
}

impl Drop for InFlightPermit<'_> {
    fn drop(&mut self) {
        self.limit.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn try_acquire_above_capacity_returns_none() {
        let limit = InFlightLimit::new(Some(2));
        let (one, two) = (limit.try_acquire(), limit.try_acquire());
        assert!(one.is_some() && two.is_some());
        assert!(limit.try_acquire().is_none());
        drop(one);
        assert_eq!(limit.try_acquire().map(|permit| permit.count), Some(2));
    }
}
