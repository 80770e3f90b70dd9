//! Limits the number of requests in flight to one cluster, and adapts the limit to the cluster's load.
//!
//! Additive increase, multiplicative decrease, as in TCP (RFC 5681). The limit grows quickly to half of the limit that
//! was too high, then one by one. A 429 or 503 halves it. It drops by a quarter when latency has doubled *and* risen by
//! 50 ms; smaller rises are usually our own queueing. A request that waits for its next attempt holds no permit.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Initial limit.
const INITIAL_IN_FLIGHT: usize = 16;
/// Maximum limit: below the 49 seats of a kube-apiserver that all users share by default (API Priority and Fairness,
/// `global-default`).
const MAX_IN_FLIGHT: usize = 32;
/// Slow responses alone never lower the limit below this.
const MIN_IN_FLIGHT_WHEN_SLOW: usize = 8;
/// A smaller rise of latency is ignored: on a small server, our own requests queue that long without harm to other
/// clients.
const MIN_SLOWDOWN: Duration = Duration::from_millis(50);
/// Number of windows without overload before the ceiling rises again.
const PROBE_WINDOWS: u32 = 16;
/// Minimum number of responses of a class per window for their latency to count.
const MIN_SAMPLES: u32 = 8;

/// The cost of a request for the server. Latencies are compared within a class only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestClass {
    Read,
    /// An apply to an existing object.
    Apply,
    Create,
    /// Any other write.
    Patch,
}

/// The permits for one cluster.
#[derive(Debug)]
pub(super) struct AdaptiveLimiter {
    permits: Semaphore,
    state: Mutex<LimiterState>,
}

#[derive(Debug)]
struct LimiterState {
    limit: usize,
    /// Permits to remove when they are released.
    surplus: usize,
    /// Above this the server was overloaded.
    ceiling: usize,
    /// Up to this the limit grows quickly.
    threshold: usize,
    /// When the limit last dropped.
    decreased: Option<Instant>,
    /// A window without overload has passed since the last overload.
    window_since_overload: bool,
    /// Responses in the current window.
    responses: u32,
    /// A request had to wait for a permit in the current window.
    saturated: bool,
    latencies: [Latency; 4],
    quiet_windows: u32,
}

/// The latency of one class of requests.
#[derive(Debug, Clone, Copy, Default)]
struct Latency {
    /// Responses in the current window.
    responses: u32,
    /// Sum of their latencies.
    sum: Duration,
    /// The mean of the best window, raised by 1 % per window.
    best: Option<Duration>,
}

impl Latency {
    /// Ends a window. Returns whether its mean latency is twice the best one and at least [`MIN_SLOWDOWN`] above it.
    fn end_window(&mut self) -> bool {
        if self.responses < MIN_SAMPLES {
            return false;
        }
        let mean = self.sum / self.responses;
        // After about a hundred windows, a permanently slower server is the new best.
        let best = self.best.map_or(mean, |best| best.mul_f64(1.01).min(mean));
        *self = Self {
            best: Some(best),
            ..Self::default()
        };
        mean > (best * 2).max(best + MIN_SLOWDOWN)
    }
}

impl AdaptiveLimiter {
    pub(super) fn new() -> Self {
        Self {
            permits: Semaphore::new(INITIAL_IN_FLIGHT),
            state: Mutex::new(LimiterState {
                limit: INITIAL_IN_FLIGHT,
                surplus: 0,
                ceiling: MAX_IN_FLIGHT,
                threshold: MAX_IN_FLIGHT,
                decreased: None,
                window_since_overload: true,
                responses: 0,
                saturated: false,
                latencies: [Latency::default(); 4],
                quiet_windows: 0,
            }),
        }
    }

    /// Waits for a permit. Dropping the permit releases it.
    pub(super) async fn acquire(&self) -> RequestPermit<'_> {
        if self.permits.available_permits() == 0 {
            self.state().saturated = true;
        }
        // The semaphore is never closed.
        let permit = self.permits.acquire().await.ok();
        RequestPermit {
            permit,
            limiter: self,
            begun: Instant::now(),
        }
    }

    fn state(&self) -> MutexGuard<'_, LimiterState> {
        // The state is numbers only, so that it stays usable after a holder panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn on_response(&self, class: RequestClass, took: Duration) {
        let mut state = self.state();
        state.responses += 1;
        let latency = &mut state.latencies[class as usize];
        latency.responses += 1;
        latency.sum += took;
        if state.saturated && state.limit < state.threshold && state.responses.is_multiple_of(2) {
            self.raise(&mut state);
        }
        if state.responses as usize >= state.limit.max(INITIAL_IN_FLIGHT) {
            self.end_window(&mut state);
        }
    }

    fn end_window(&self, state: &mut LimiterState) {
        let mut slow = false;
        for latency in &mut state.latencies {
            slow |= latency.end_window();
        }
        state.window_since_overload = true;
        if slow && state.limit > MIN_IN_FLIGHT_WHEN_SLOW {
            self.lower(state, (state.limit * 3 / 4).max(MIN_IN_FLIGHT_WHEN_SLOW));
            state.threshold = state.limit;
        } else if state.saturated {
            state.quiet_windows += 1;
            if state.limit < state.ceiling {
                self.raise(state);
            } else if state.quiet_windows >= PROBE_WINDOWS {
                state.quiet_windows = 0;
                state.ceiling = (state.ceiling + 1).min(MAX_IN_FLIGHT);
            }
        }
        state.responses = 0;
        state.saturated = false;
    }

    fn on_overload(&self, begun: Instant) {
        let mut state = self.state();
        // Requests that were in flight together count as one overload.
        if state.decreased.is_some_and(|last| begun <= last) {
            return;
        }
        // Only an overload after a window of responses indicates the capacity: a server may also reject everything.
        if state.window_since_overload {
            state.ceiling = state.limit.saturating_sub(1).max(1);
            state.threshold = state.ceiling / 2;
            state.window_since_overload = false;
        }
        let half = (state.limit / 2).max(1);
        self.lower(&mut state, half);
    }

    fn raise(&self, state: &mut LimiterState) {
        if state.limit < state.ceiling {
            state.limit += 1;
            if state.surplus > 0 {
                state.surplus -= 1;
            } else {
                self.permits.add_permits(1);
            }
        }
    }

    fn lower(&self, state: &mut LimiterState, limit: usize) {
        state.surplus += state.limit - limit;
        state.limit = limit;
        state.decreased = Some(Instant::now());
        state.quiet_windows = 0;
    }
}

/// A permit for one request.
pub(super) struct RequestPermit<'a> {
    permit: Option<SemaphorePermit<'a>>,
    limiter: &'a AdaptiveLimiter,
    begun: Instant,
}

impl RequestPermit<'_> {
    /// Records the response to a request for one object and its latency.
    pub(super) fn on_response(&self, class: RequestClass, took: Duration) {
        self.limiter.on_response(class, took);
    }

    /// Records that the server was overloaded: 429 or 503.
    pub(super) fn on_overload(&self) {
        self.limiter.on_overload(self.begun);
    }
}

impl Drop for RequestPermit<'_> {
    fn drop(&mut self) {
        let mut state = self.limiter.state();
        if state.surplus > 0
            && let Some(permit) = self.permit.take()
        {
            state.surplus -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Sends `requests` to a server that needs `latency` for each of up to `capacity` concurrent requests and rejects
    /// the rest, which are retried. Returns the maximum number in flight and the number of rejections.
    async fn serve(
        limiter: &Arc<AdaptiveLimiter>,
        requests: usize,
        latency: impl Fn(usize) -> Duration + Copy + Send + Sync + 'static,
        capacity: usize,
    ) -> (usize, usize) {
        let in_flight = Arc::new(Mutex::new((0_usize, 0_usize, 0_usize)));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..requests {
            let (limit, in_flight) = (Arc::clone(limiter), Arc::clone(&in_flight));
            tasks.spawn(async move {
                loop {
                    let permit = limit.acquire().await;
                    let now = {
                        let mut numbers = in_flight.lock().unwrap();
                        numbers.0 += 1;
                        numbers.1 = numbers.1.max(numbers.0);
                        numbers.0
                    };
                    if now <= capacity {
                        tokio::time::sleep(latency(now)).await;
                        in_flight.lock().unwrap().0 -= 1;
                        permit.on_response(RequestClass::Create, latency(now));
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    {
                        let mut numbers = in_flight.lock().unwrap();
                        numbers.0 -= 1;
                        numbers.2 += 1;
                    }
                    permit.on_overload();
                    drop(permit);
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            });
        }
        while tasks.join_next().await.is_some() {}
        let numbers = *in_flight.lock().unwrap();
        (numbers.1, numbers.2)
    }

    #[tokio::test(start_paused = true)]
    async fn distant_server_gets_maximum_limit() {
        let limit = Arc::new(AdaptiveLimiter::new());
        let begun = Instant::now();
        let (most, rejected) = serve(&limit, 3200, |_| Duration::from_millis(50), usize::MAX).await;
        assert_eq!((most, rejected), (MAX_IN_FLIGHT, 0));
        // 100 rounds of 32 are ideal; raising the limit costs a few.
        assert!(begun.elapsed() < Duration::from_millis(50 * 105));
    }

    #[tokio::test(start_paused = true)]
    async fn server_with_capacity_of_sixteen_is_used_near_its_best() {
        let limit = Arc::new(AdaptiveLimiter::new());
        let begun = Instant::now();
        let (_, rejected) = serve(&limit, 10_000, |_| Duration::from_millis(5), 16).await;
        let ideal = Duration::from_millis(5 * 10_000 / 16);
        assert!(begun.elapsed() < ideal * 3 / 2, "{:?}", begun.elapsed());
        assert!(rejected < 200, "{rejected}");
    }

    #[tokio::test(start_paused = true)]
    async fn server_with_tiny_capacity_gets_low_limit() {
        let limit = Arc::new(AdaptiveLimiter::new());
        serve(&limit, 200, |_| Duration::from_millis(5), 2).await;
        assert!(limit.state().limit <= 3, "{:?}", limit.state().limit);
    }

    #[tokio::test(start_paused = true)]
    async fn doubled_latency_lowers_limit_to_a_floor() {
        let limit = Arc::new(AdaptiveLimiter::new());
        serve(&limit, 400, |_| Duration::from_millis(5), usize::MAX).await;
        assert_eq!(limit.state().limit, MAX_IN_FLIGHT);
        serve(&limit, 400, |_| Duration::from_millis(50), usize::MAX).await;
        assert_eq!(
            limit.state().limit,
            MAX_IN_FLIGHT,
            "a rise below MIN_SLOWDOWN is ignored"
        );
        serve(&limit, 400, |_| Duration::from_millis(60), usize::MAX).await;
        assert!(limit.state().limit < MAX_IN_FLIGHT / 2);
        assert!(limit.state().limit >= MIN_IN_FLIGHT_WHEN_SLOW);
    }

    #[tokio::test(start_paused = true)]
    async fn limit_recovers_quickly_after_outage() {
        let limit = Arc::new(AdaptiveLimiter::new());
        let begun = Instant::now();
        let up = move || begun.elapsed() > Duration::from_secs(2);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..64 {
            let limit = Arc::clone(&limit);
            tasks.spawn(async move {
                for _ in 0..32 {
                    loop {
                        let permit = limit.acquire().await;
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        if up() {
                            permit.on_response(RequestClass::Patch, Duration::from_millis(20));
                            break;
                        }
                        permit.on_overload();
                        drop(permit);
                        tokio::time::sleep(Duration::from_millis(500)).await;
                    }
                }
            });
        }
        while tasks.join_next().await.is_some() {}
        // 2048 requests, 32 at a time, need 1.3 s.
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{:?}",
            begun.elapsed()
        );
        assert!(
            limit.state().limit > MAX_IN_FLIGHT / 2,
            "{}",
            limit.state().limit
        );
    }

    #[tokio::test(start_paused = true)]
    async fn slower_request_class_does_not_lower_limit() {
        let limit = AdaptiveLimiter::new();
        for (class, took) in [
            (RequestClass::Apply, 2),
            (RequestClass::Create, 10),
            (RequestClass::Patch, 5),
        ] {
            for _ in 0..400 {
                limit.on_response(class, Duration::from_millis(took));
            }
        }
        assert!(
            limit.state().limit >= INITIAL_IN_FLIGHT,
            "{}",
            limit.state().limit
        );
    }

    #[tokio::test(start_paused = true)]
    async fn burst_of_rejections_lowers_limit_once() {
        let limit = AdaptiveLimiter::new();
        let permits = [limit.acquire().await, limit.acquire().await];
        tokio::time::advance(Duration::from_millis(1)).await;
        for permit in &permits {
            permit.on_overload();
        }
        assert_eq!(limit.state().limit, INITIAL_IN_FLIGHT / 2);
    }
}
