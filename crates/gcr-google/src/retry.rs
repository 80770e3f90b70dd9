//! Repeats failed requests by Google's rule.
//!
//! The pause before repetition n is `min(2^n + random(0 to 1 s), 32 s)`, until the attempts or the deadline are used up
//! (Google's "IAM retry strategy"). Repeated are 500, 502, 503 and 504, lost connections, and 429 if the response names the
//! pause (`google.rpc.RetryInfo`). 404 is repeated only where the caller says that the resource has just been created. 409 is
//! never repeated here, because the whole read-modify-write must be. A request that is at most once is never repeated.

use std::time::Duration;

use tokio::time::Instant;

use crate::api_error::Reason;
use crate::call_error::CallError;

/// Whether a request may be sent again without looking at the server's state first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Safety {
    /// Sending it twice has the effect of sending it once.
    Idempotent,
    /// The server applies it only to the state that the client has read (an etag), so a repetition is refused or harmless.
    Preconditioned,
    /// Each sending may have an effect, such as a further key.
    AtMostOnce,
}

/// The limits of repetition.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// The number of attempts. gcloud makes five.
    pub attempts: u32,
    /// The time from the first attempt after which none is started.
    pub deadline: Duration,
}

/// The longest pause between two attempts.
const MAX_PAUSE: Duration = Duration::from_secs(32);

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            deadline: Duration::from_secs(300),
        }
    }
}

/// The properties of a request that decide whether to repeat it.
#[derive(Clone, Copy, Debug)]
pub struct Repeatable {
    /// The safety class.
    pub safety: Safety,
    /// Whether the resource was created moments ago, so that 404 (and 403 that may mean 404) is not final.
    pub after_create: bool,
}

impl RetryPolicy {
    /// Runs `attempt` until it succeeds, its error is final, or the limits are reached.
    ///
    /// # Errors
    /// Returns the last error.
    pub async fn run<T, Attempt>(
        &self,
        repeatable: Repeatable,
        mut attempt: impl FnMut() -> Attempt,
    ) -> Result<T, CallError>
    where
        Attempt: Future<Output = Result<T, CallError>>,
    {
        let started = Instant::now();
        for number in 0.. {
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Some(pause) = self.pause(repeatable, number, &error) else {
                return Err(error);
            };
            if started.elapsed() + pause > self.deadline {
                return Err(error);
            }
            tracing::debug!("retrying in {} milliseconds: {error}", pause.as_millis());
            tokio::time::sleep(pause).await;
        }
        unreachable!("the loop has no other end")
    }

    /// Returns the pause before the next attempt; `None` if the error is final. `number` counts the failed attempts
    /// before this one.
    fn pause(&self, repeatable: Repeatable, number: u32, error: &CallError) -> Option<Duration> {
        if repeatable.safety == Safety::AtMostOnce {
            return None;
        }
        // Propagation takes minutes, so only the deadline ends it.
        if repeatable.after_create && is_not_yet_visible(error) {
            return Some(backoff(number.min(3)));
        }
        if number + 1 >= self.attempts {
            return None;
        }
        match error {
            // A host that cannot be reached stays so for longer than a user waits.
            CallError::Http(http) => (http.is_transient() && number < 2).then(|| backoff(number)),
            CallError::Api(api) => match api.status().as_u16() {
                500 | 502 | 503 | 504 => Some(backoff(number)),
                429 => api.retry_delay(),
                _ => None,
            },
            CallError::InvalidResponse { .. } => None,
        }
    }
}

/// Returns whether the error may only mean that a new resource is not visible yet. Google responds 404, or 403 with the
/// words "or it may not exist".
fn is_not_yet_visible(error: &CallError) -> bool {
    match error {
        CallError::Api(api) => match api.reason() {
            Reason::NotFound | Reason::MemberNotFound => true,
            Reason::PermissionDenied { .. } => api.message().contains("may not exist"),
            _ => false,
        },
        _ => false,
    }
}

/// Returns `min(2^number + random(0 to 1 s), 32 s)`.
#[must_use]
pub fn backoff(number: u32) -> Duration {
    let base = Duration::from_secs(1 << number.min(5));
    let jitter = Duration::from_millis(fastrand::u64(0..1000));
    (base + jitter).min(MAX_PAUSE)
}

#[cfg(test)]
mod tests;
