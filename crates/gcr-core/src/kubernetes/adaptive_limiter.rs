//! How many requests may be in flight to one cluster: as many as it answers without shedding or slowing down.
//!
//! Additive increase, multiplicative decrease, as TCP does it (RFC 5681): quickly up to half of what was too much, then
//! one by one; half after a 429 or 503, a quarter less where answers take twice as long as they could, and so much longer
//! that it is felt. Whatever waits for its next try holds no permit.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Places at the start.
const INITIAL_IN_FLIGHT: usize = 16;
/// The most permits: below the 49 seats that all users of a kube-apiserver share by default (API Priority and Fairness,
/// `global-default`).
const MAX_IN_FLIGHT: usize = 32;
/// Slow answers alone never take the number below this.
const MIN_IN_FLIGHT_WHEN_SLOW: usize = 8;
/// Less than this longer is no sign of trouble: so long our own requests wait for each other on a small server, and nobody
/// else feels it.
const MIN_SLOWDOWN: Duration = Duration::from_millis(50);
/// Windows of undisturbed answers before what was too much once is tried again.
const PROBE_WINDOWS: u32 = 16;
/// Answers of a kind in a window before their time says anything.
const MIN_SAMPLES: u32 = 8;

/// What a request costs the server. Times are compared among equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestClass {
    Read,
    /// An apply to what was there.
    Apply,
    Create,
    /// Any other write.
    Patch,
}

/// The permits of one cluster.
#[derive(Debug)]
pub(super) struct AdaptiveLimiter {
    permits: Semaphore,
    state: Mutex<LimiterState>,
}

#[derive(Debug)]
struct LimiterState {
    limit: usize,
    /// Places to take away as they are given back.
    surplus: usize,
    /// More than this was too much once.
    ceiling: usize,
    /// Up to this it goes up quickly.
    threshold: usize,
    decreased: Option<Instant>,
    /// A whole window went well since.
    window_since_overload: bool,
    answers: u32,
    /// Somebody had to wait for a permit.
    saturated: bool,
    times: [Times; 4],
    quiet_windows: u32,
}

/// How long one kind of request takes.
#[derive(Debug, Clone, Copy, Default)]
struct Times {
    answers: u32,
    sum: Duration,
    /// The mean of the best window, which ages.
    best: Option<Duration>,
}

impl Times {
    /// Ends a window; says whether its answers took twice as long as they could, and long enough to be felt.
    fn end_window(&mut self) -> bool {
        if self.answers < MIN_SAMPLES {
            return false;
        }
        let mean = self.sum / self.answers;
        // A server that has become slower for good is a new best after some hundred windows.
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
                answers: 0,
                saturated: false,
                times: [Times::default(); 4],
                quiet_windows: 0,
            }),
        }
    }

    /// A permit in flight, given back when dropped.
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
        // Numbers only: whatever a holder that panicked left behind will do.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn on_response(&self, class: RequestClass, took: Duration) {
        let mut state = self.state();
        state.answers += 1;
        let times = &mut state.times[class as usize];
        times.answers += 1;
        times.sum += took;
        if state.saturated && state.limit < state.threshold && state.answers.is_multiple_of(2) {
            self.raise(&mut state);
        }
        if state.answers as usize >= state.limit.max(INITIAL_IN_FLIGHT) {
            self.end_window(&mut state);
        }
    }

    fn end_window(&self, state: &mut LimiterState) {
        let mut slow = false;
        for times in &mut state.times {
            slow |= times.end_window();
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
        state.answers = 0;
        state.saturated = false;
    }

    fn on_overload(&self, begun: Instant) {
        let mut state = self.state();
        // Those that were in flight together were too many once, not once each.
        if state.decreased.is_some_and(|last| begun <= last) {
            return;
        }
        // A server that sheds whatever comes says nothing of how many it can take: only the first refusal does.
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

/// A permit in flight.
pub(super) struct RequestPermit<'a> {
    permit: Option<SemaphorePermit<'a>>,
    limiter: &'a AdaptiveLimiter,
    begun: Instant,
}

impl RequestPermit<'_> {
    /// The server has answered a request about one object; how long it took for that says how busy it is.
    pub(super) fn on_response(&self, class: RequestClass, took: Duration) {
        self.limiter.on_response(class, took);
    }

    /// The server had too much to do.
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

    /// A server that takes `latency` for each of up to `capacity` requests at once and sheds the rest; every one of
    /// `requests` is sent until it is answered. Returns the highest number in flight and how many were shed.
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
    async fn a_distant_server_gets_the_cap_and_never_more() {
        let limit = Arc::new(AdaptiveLimiter::new());
        let begun = Instant::now();
        let (most, shed) = serve(&limit, 3200, |_| Duration::from_millis(50), usize::MAX).await;
        assert_eq!((most, shed), (MAX_IN_FLIGHT, 0));
        // 100 rounds of 32 are ideal; the way up costs a few.
        assert!(begun.elapsed() < Duration::from_millis(50 * 105));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_sheds_above_sixteen_is_served_near_its_best() {
        let limit = Arc::new(AdaptiveLimiter::new());
        let begun = Instant::now();
        let (_, shed) = serve(&limit, 10_000, |_| Duration::from_millis(5), 16).await;
        let ideal = Duration::from_millis(5 * 10_000 / 16);
        assert!(begun.elapsed() < ideal * 3 / 2, "{:?}", begun.elapsed());
        assert!(shed < 200, "{shed}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_can_do_one_thing_at_a_time_is_asked_for_little() {
        let limit = Arc::new(AdaptiveLimiter::new());
        serve(&limit, 200, |_| Duration::from_millis(5), 2).await;
        assert!(limit.state().limit <= 3, "{:?}", limit.state().limit);
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_take_twice_as_long_lower_the_number_to_a_floor() {
        let limit = Arc::new(AdaptiveLimiter::new());
        serve(&limit, 400, |_| Duration::from_millis(5), usize::MAX).await;
        assert_eq!(limit.state().limit, MAX_IN_FLIGHT);
        serve(&limit, 400, |_| Duration::from_millis(50), usize::MAX).await;
        assert_eq!(limit.state().limit, MAX_IN_FLIGHT, "nobody feels that");
        serve(&limit, 400, |_| Duration::from_millis(60), usize::MAX).await;
        assert!(limit.state().limit < MAX_IN_FLIGHT / 2);
        assert!(limit.state().limit >= MIN_IN_FLIGHT_WHEN_SLOW);
    }

    #[tokio::test(start_paused = true)]
    async fn after_an_outage_it_is_soon_where_it_was() {
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
        // 2048 requests, 32 at a time, are 1.3 s.
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
    async fn dearer_requests_are_no_sign_of_a_busier_server() {
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
    async fn one_burst_of_refusals_counts_once() {
        let limit = AdaptiveLimiter::new();
        let permits = [limit.acquire().await, limit.acquire().await];
        tokio::time::advance(Duration::from_millis(1)).await;
        for permit in &permits {
            permit.on_overload();
        }
        assert_eq!(limit.state().limit, INITIAL_IN_FLIGHT / 2);
    }
}
