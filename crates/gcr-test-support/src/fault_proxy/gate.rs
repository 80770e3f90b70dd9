//! How many requests are in flight, and whether there is room for one more.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts who is inside.
#[derive(Default)]
pub(super) struct Gate {
    inside: AtomicUsize,
    capacity: Option<usize>,
}

/// One inside, until it is dropped.
pub(super) struct Inside<'a> {
    gate: &'a Gate,
    /// How many are inside, this one among them.
    pub(super) count: usize,
}

impl Gate {
    pub(super) fn new(capacity: Option<usize>) -> Self {
        Self {
            inside: AtomicUsize::new(0),
            capacity,
        }
    }

    /// One more, where there is room.
    pub(super) fn enter(&self) -> Option<Inside<'_>> {
        let count = self.inside.fetch_add(1, Ordering::Relaxed) + 1;
        let inside = Inside { gate: self, count };
        self.capacity
            .is_none_or(|capacity| count <= capacity)
            .then_some(inside)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.gate.inside.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_no_room_takes_none() {
        let gate = Gate::new(Some(2));
        let (one, two) = (gate.enter(), gate.enter());
        assert!(one.is_some() && two.is_some());
        assert!(gate.enter().is_none());
        drop(one);
        assert_eq!(gate.enter().map(|inside| inside.count), Some(2));
    }
}
