//! How many requests are in flight, and whether there is room for one more.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts who is inside.
#[derive(Default)]
pub(super) struct InFlightLimit {
    count: AtomicUsize,
    capacity: Option<usize>,
}

/// One inside, until it is dropped.
pub(super) struct InFlightPermit<'a> {
    limit: &'a InFlightLimit,
    /// How many are inside, this one among them.
    pub(super) count: usize,
}

impl InFlightLimit {
    pub(super) fn new(capacity: Option<usize>) -> Self {
        Self {
            count: AtomicUsize::new(0),
            capacity,
        }
    }

    /// One more, where there is room.
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
    fn who_finds_no_room_takes_none() {
        let limit = InFlightLimit::new(Some(2));
        let (one, two) = (limit.try_acquire(), limit.try_acquire());
        assert!(one.is_some() && two.is_some());
        assert!(limit.try_acquire().is_none());
        drop(one);
        assert_eq!(limit.try_acquire().map(|permit| permit.count), Some(2));
    }
}
