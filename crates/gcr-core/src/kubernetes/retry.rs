//! Decides how often and after which pauses a request is retried.
//!
//! Computes durations only; [`super::api_request`] waits. Every request of the plugins is safe to repeat: reads,
//! applies, and patches and deletions with a resourceVersion or uid as precondition.

use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use super::api_error::ApiError;

/// Maximum time from the first attempt to the beginning of the last, without waits after 429.
pub const MAX_ELAPSED: Duration = Duration::from_secs(30);
/// Maximum sum of a request's waits after 429.
pub const MAX_THROTTLE_WAIT: Duration = Duration::from_secs(120);
/// Minimum wait after 429, even if the server sends `Retry-After: 0`.
pub const MIN_THROTTLE_WAIT: Duration = Duration::from_millis(100);
/// A cluster that has sent no response for this long is marked unavailable.
pub const UNRESPONSIVE_TIMEOUT: Duration = Duration::from_secs(30);

/// Returns whether a response with this status is transient: too many requests, or an error of the server or a proxy.
pub fn is_retryable(code: StatusCode) -> bool {
    matches!(code.as_u16(), 429 | 500 | 502 | 503 | 504)
}

/// Returns whether the write may have been applied despite this error: a gateway lost the server's response (5xx
/// without a Status), the server continued after its timeout (`Timeout`, apiserver `endpoints/handlers/patch.go`), or
/// etcd did not respond in time (`ServerTimeout`, apiserver `storage/errors`). The server gives no reason if it does not
/// know the error, as for `etcdserver: request timed out` (apiserver `endpoints/handlers/responsewriters/status.go`).
pub fn may_have_applied(api_error: &ApiError) -> bool {
    let is_unclear = matches!(api_error.reason.as_str(), "" | "Timeout" | "ServerTimeout");
    api_error.code.is_server_error() && (!api_error.has_status_body || is_unclear)
}

/// The attempts of one request: computes the pause before each retry, or ends the retries.
#[derive(Debug)]
pub struct RetryPolicy {
    first: Instant,
    errors: u32,
    throttled: Duration,
}

impl RetryPolicy {
    /// Begins the first attempt now.
    pub fn begin() -> Self {
        Self {
            first: Instant::now(),
            errors: 0,
            throttled: Duration::ZERO,
        }
    }

    /// Returns the pause after a 429, or `None` to give up: `retry_after` (default one second) plus up to 25 %, so that
    /// requests rejected together are not retried together. Such an attempt does not count.
    pub fn after_throttle(&mut self, retry_after: Option<Duration>) -> Option<Duration> {
        let pause = retry_after
            .unwrap_or(Duration::from_secs(1))
            .clamp(MIN_THROTTLE_WAIT, MAX_THROTTLE_WAIT)
            .mul_f64(1.0 + 0.25 * fastrand::f64());
        self.throttled += pause;
        (self.throttled <= MAX_THROTTLE_WAIT).then_some(pause)
    }

    /// Returns the pause after a timeout while the server has never responded, or `None` after three attempts.
    pub fn after_first_timeout(&mut self) -> Option<Duration> {
        let pause = self.after_error(None);
        pause.filter(|_| self.errors < FIRST_TIMEOUTS)
    }

    /// Returns the pause after any other transient error, or `None` to give up: 0.25, 1, 3 and 8 s, each ± 25 %, or
    /// `retry_after` if it is longer. Together they outlast the restart of an API server.
    pub fn after_error(&mut self, retry_after: Option<Duration>) -> Option<Duration> {
        self.errors += 1;
        let seconds = *PAUSES.get(self.errors as usize - 1)?;
        let pause = Duration::from_secs_f64(seconds).mul_f64(0.75 + 0.5 * fastrand::f64());
        let pause = pause
            .max(retry_after.unwrap_or_default())
            .min(MAX_THROTTLE_WAIT);
        let elapsed = self.first.elapsed().saturating_sub(self.throttled);
        (elapsed + pause <= MAX_ELAPSED).then_some(pause)
    }
}

/// Maximum number of attempts that may time out while the server has never responded. Lower than the usual five: the address
/// may be wrong, and the user waits.
const FIRST_TIMEOUTS: u32 = 3;

/// The pauses between the five attempts of a request, in seconds.
const PAUSES: [f64; 4] = [0.25, 1.0, 3.0, 8.0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_error_without_reason_may_have_applied() {
        let may_apply = |code: u16, body: &str| {
            let code = StatusCode::from_u16(code).unwrap();
            let error = ApiError::read(code, None, body.as_bytes(), "patch secrets gcr-io");
            may_have_applied(&error)
        };
        let timeout = r#"{"kind":"Status","code":500,"message":"etcdserver: request timed out"}"#;
        assert!(may_apply(500, timeout));
        assert!(may_apply(502, "<html>"));
        assert!(may_apply(504, r#"{"kind":"Status","reason":"Timeout"}"#));
        assert!(!may_apply(
            500,
            r#"{"kind":"Status","reason":"InternalError"}"#
        ));
        assert!(!may_apply(403, r#"{"kind":"Status"}"#));
    }

    #[test]
    fn throttle_pause_is_retry_after_plus_at_most_a_quarter() {
        for _ in 0..200 {
            let pause = RetryPolicy::begin().after_throttle(Some(Duration::from_secs(4)));
            assert!(
                (4.0..=5.0).contains(&pause.unwrap().as_secs_f64()),
                "{pause:?}"
            );
        }
    }

    #[test]
    fn throttling_is_retried_for_two_minutes_and_uses_no_attempts() {
        let mut policy = RetryPolicy::begin();
        let pauses: Vec<_> =
            std::iter::from_fn(|| policy.after_throttle(Some(Duration::from_secs(10)))).collect();
        assert!((9..=12).contains(&pauses.len()), "{pauses:?}");
        assert_eq!(std::iter::from_fn(|| policy.after_error(None)).count(), 4);
    }

    #[test]
    fn retry_after_of_zero_or_forever_is_clamped() {
        for retry_after in [0, 18_446_744_073_709_551_615] {
            let retry_after = Some(Duration::from_secs(retry_after));
            let mut policy = RetryPolicy::begin();
            let count = std::iter::from_fn(|| policy.after_throttle(retry_after)).count();
            assert!(count <= 1200, "{count}");
            assert!(RetryPolicy::begin().after_error(retry_after) <= Some(MAX_ELAPSED));
        }
    }

    #[test]
    fn errors_are_retried_four_times_within_the_limit() {
        let mut policy = RetryPolicy::begin();
        let pauses: Vec<_> = std::iter::from_fn(|| policy.after_error(None)).collect();
        assert_eq!(pauses.len(), 4);
        assert!(pauses.iter().sum::<Duration>() < MAX_ELAPSED, "{pauses:?}");
        assert_eq!(
            RetryPolicy::begin().after_error(Some(Duration::from_secs(31))),
            None
        );
    }

    #[test]
    fn timeouts_before_any_response_end_after_three_attempts() {
        let mut policy = RetryPolicy::begin();
        let pauses = std::iter::from_fn(|| policy.after_first_timeout());
        assert_eq!(pauses.count(), 2);
    }
}
