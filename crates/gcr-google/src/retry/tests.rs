//! Tests the rule with tokio's paused clock.

use std::cell::Cell;

use gcr_core::domain::redactor::Redactor;
use http::StatusCode;

use super::*;
use crate::api_error::ApiError;

fn api(status: u16, body: &str) -> CallError {
    let status = StatusCode::from_u16(status).unwrap();
    ApiError::parse(status, body.as_bytes(), &Redactor::default()).into()
}

/// Runs an attempt that always fails, and returns the number of attempts.
async fn attempts(safety: Safety, after_create: bool, status: u16, body: &str) -> u32 {
    let count = Cell::new(0);
    let repeatable = Repeatable {
        safety,
        after_create,
    };
    let result: Result<(), _> = RetryPolicy::default()
        .run(repeatable, || {
            count.set(count.get() + 1);
            std::future::ready(Err(api(status, body)))
        })
        .await;
    assert!(result.is_err());
    count.get()
}

const DELAY: &str = r#"{"error":{"code":429,"message":"q","status":"RESOURCE_EXHAUSTED","details":[{"@type":"x.RetryInfo","retryDelay":"2s"}]}}"#;
const LONG_DELAY: &str = r#"{"error":{"code":429,"message":"q","status":"RESOURCE_EXHAUSTED","details":[{"@type":"x.RetryInfo","retryDelay":"301s"}]}}"#;

#[tokio::test(start_paused = true)]
async fn server_errors_are_repeated_five_times_in_all() {
    for status in [500, 502, 503, 504] {
        assert_eq!(attempts(Safety::Idempotent, false, status, "").await, 5);
        assert_eq!(attempts(Safety::Preconditioned, false, status, "").await, 5);
    }
}

#[tokio::test(start_paused = true)]
async fn at_most_once_is_never_repeated() {
    for status in [404, 429, 500, 503] {
        assert_eq!(attempts(Safety::AtMostOnce, true, status, DELAY).await, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn final_errors_are_not_repeated() {
    for status in [400, 401, 403, 404, 409, 501] {
        assert_eq!(
            attempts(Safety::Idempotent, false, status, "").await,
            1,
            "{status}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_is_repeated_only_with_retry_info() {
    assert_eq!(attempts(Safety::Idempotent, false, 429, "").await, 1);
    assert_eq!(attempts(Safety::Idempotent, false, 429, DELAY).await, 5);
    // A pause beyond the deadline is not waited for.
    assert_eq!(
        attempts(Safety::Idempotent, false, 429, LONG_DELAY).await,
        1
    );
}

#[tokio::test(start_paused = true)]
async fn missing_resource_after_create_is_repeated_until_the_deadline() {
    let started = Instant::now();
    assert!(attempts(Safety::Idempotent, true, 404, "").await > 10);
    assert!(started.elapsed() > Duration::from_secs(280));
    assert!(started.elapsed() <= Duration::from_secs(300));
    let hidden = r#"{"error":{"code":403,"message":"Permission 'iam.serviceAccounts.get' denied on resource (or it may not exist).","status":"PERMISSION_DENIED"}}"#;
    assert!(attempts(Safety::Idempotent, true, 403, hidden).await > 10);
    assert_eq!(attempts(Safety::Idempotent, true, 403, "").await, 1);
}

#[test]
fn backoff_doubles_up_to_its_maximum() {
    for (number, least) in [(0, 1), (1, 2), (4, 16), (5, 32), (31, 32)] {
        let pause = backoff(number);
        assert!(pause >= Duration::from_secs(least), "{number}: {pause:?}");
        assert!(pause <= MAX_PAUSE, "{number}: {pause:?}");
    }
}
