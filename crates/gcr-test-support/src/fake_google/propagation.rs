//! Models Google's eventual consistency without clocks: a new object becomes visible after a number of requests that
//! would have used it.

/// Number of requests for which each kind of change is not yet visible; 0 makes it visible at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Propagation {
    /// Requests that do not find a new service account.
    pub accounts: u32,
    /// Uses of a new key that the token endpoint and the registries refuse.
    pub keys: u32,
    /// Permission checks that a new binding does not satisfy yet. Policies themselves are read back at once.
    pub bindings: u32,
    /// Calls of a newly enabled API that still get `SERVICE_DISABLED`, after its operation is done.
    pub services: u32,
}

/// Remaining number of requests that do not see an object.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Delay(u32);

impl Delay {
    pub(super) fn new(requests: u32) -> Self {
        Self(requests)
    }

    /// Counts a request that would use the object, and returns whether it sees it.
    pub(super) fn is_over(&mut self) -> bool {
        let over = self.0 == 0;
        self.0 = self.0.saturating_sub(1);
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delay_of_two_is_over_at_third_request() {
        let mut delay = Delay::new(2);
        assert_eq!(
            [(); 4].map(|()| delay.is_over()),
            [false, false, true, true]
        );
    }
}
