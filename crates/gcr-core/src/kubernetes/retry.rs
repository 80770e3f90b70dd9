//! How long and how often a request is tried: CLI.md's *Patience*.
//!
//! Only numbers and their arithmetic; [`super::exchange`] does the waiting. Every request of ours can be repeated:
//! reads, applies, and patches and deletions bound to a version or uid.

use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use super::ApiError;

/// No try begins later than this after the first.
pub const LAST_TRY_BEGINS: Duration = Duration::from_secs(30);
/// How long waits that the server asks for with 429 may go on in all.
pub const SHED_LIMIT: Duration = Duration::from_secs(120);
/// The shortest wait after a 429, whatever the server asks for.
pub const SHED_FLOOR: Duration = Duration::from_millis(100);
/// A cluster that has answered nothing for so long is given up.
pub const UNRESPONSIVE_TIMEOUT: Duration = Duration::from_secs(30);

/// Whether an answer may be followed by another try: too many requests, or a server's or proxy's own trouble.
pub fn is_retryable(code: StatusCode) -> bool {
    matches!(code.as_u16(), 429 | 500 | 502 | 503 | 504)
}

/// Whether a refused write may have been carried out all the same: a gateway lost the server's answer (5xx without a
/// Status), or the server went on after its time was up (`Timeout`, apiserver `endpoints/handlers/patch.go`) or did not
/// hear from etcd (`ServerTimeout`, apiserver `storage/errors`).
pub fn may_have_applied(api_error: &ApiError) -> bool {
    let timed_out = matches!(api_error.reason.as_str(), "Timeout" | "ServerTimeout");
    api_error.code.is_server_error() && (!api_error.has_status_body || timed_out)
}

/// The tries of one request: says how long to wait for the next, and when there is none.
#[derive(Debug)]
pub struct RetryPolicy {
    first: Instant,
    made: u32,
    shed: Duration,
}

impl RetryPolicy {
    /// The first try begins now.
    pub fn begin() -> Self {
        Self {
            first: Instant::now(),
            made: 0,
            shed: Duration::ZERO,
        }
    }

    /// After a 429: what the server asked for (a second, where it asked for nothing) and up to a quarter more, so that
    /// those who were refused together do not come back together. Such a try does not count.
    pub fn after_throttle(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let pause = asked
            .unwrap_or(Duration::from_secs(1))
            .clamp(SHED_FLOOR, SHED_LIMIT)
            .mul_f64(1.0 + 0.25 * fastrand::f64());
        self.shed += pause;
        (self.shed <= SHED_LIMIT).then_some(pause)
    }

    /// After any other trouble: a quarter of a second, then 1, 3, 8 s, each ± 25 %, or what the server asked for if
    /// that is longer. Together they outlast the restart of an API server.
    pub fn after_error(&mut self, asked: Option<Duration>) -> Option<Duration> {
        self.made += 1;
        let seconds = *PAUSES.get(self.made as usize - 1)?;
        let pause = Duration::from_secs_f64(seconds).mul_f64(0.75 + 0.5 * fastrand::f64());
        let pause = pause.max(asked.unwrap_or_default()).min(SHED_LIMIT);
        let elapsed = self.first.elapsed().saturating_sub(self.shed);
        (elapsed + pause <= LAST_TRY_BEGINS).then_some(pause)
    }
}

/// The pauses between the five tries of a request, in seconds.
const PAUSES: [f64; 4] = [0.25, 1.0, 3.0, 8.0];

/// The pause before an object that somebody else changed is read again, after `conflicts` in a row: 10 ms doubling to
/// 1 s, of which a random part is waited (full jitter).
pub fn conflict_pause(conflicts: u32) -> Duration {
    Duration::from_millis(10 << conflicts.min(7))
        .min(Duration::from_secs(1))
        .mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_asked_again_no_sooner_than_it_said_and_not_much_later() {
        for _ in 0..200 {
            let pause = RetryPolicy::begin().after_throttle(Some(Duration::from_secs(4)));
            assert!(
                (4.0..=5.0).contains(&pause.unwrap().as_secs_f64()),
                "{pause:?}"
            );
        }
    }

    #[test]
    fn shedding_is_borne_for_two_minutes_and_costs_no_tries() {
        let mut tries = RetryPolicy::begin();
        let borne: Vec<_> =
            std::iter::from_fn(|| tries.after_throttle(Some(Duration::from_secs(10)))).collect();
        assert!((9..=12).contains(&borne.len()), "{borne:?}");
        assert_eq!(std::iter::from_fn(|| tries.after_error(None)).count(), 4);
    }

    #[test]
    fn a_server_that_asks_for_no_wait_or_for_ever_is_not_obeyed() {
        for asked in [0, 18_446_744_073_709_551_615] {
            let asked = Some(Duration::from_secs(asked));
            let mut tries = RetryPolicy::begin();
            let borne = std::iter::from_fn(|| tries.after_throttle(asked)).count();
            assert!(borne <= 1200, "{borne}");
            assert!(RetryPolicy::begin().after_error(asked) <= Some(LAST_TRY_BEGINS));
        }
    }

    #[test]
    fn there_are_five_tries_and_the_last_begins_in_time() {
        let mut tries = RetryPolicy::begin();
        let pauses: Vec<_> = std::iter::from_fn(|| tries.after_error(None)).collect();
        assert_eq!(pauses.len(), 4);
        assert!(
            pauses.iter().sum::<Duration>() < LAST_TRY_BEGINS,
            "{pauses:?}"
        );
        assert_eq!(
            RetryPolicy::begin().after_error(Some(Duration::from_secs(31))),
            None
        );
    }

    #[test]
    fn conflicts_wait_a_second_at_most() {
        assert!((0..64).all(|conflicts| conflict_pause(conflicts) <= Duration::from_secs(1)));
    }
}
