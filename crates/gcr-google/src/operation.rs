//! Waits for long-running operations (AIP-151).

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::api_client::{ApiCall, ApiClient};
use crate::api_error::ApiError;
use crate::call_error::CallError;
use crate::endpoints::Api;
use crate::error::{GoogleError, GoogleErrorKind};
use crate::names::segment;

/// The pause before the second poll; there is none before the first. It doubles, so that an operation of some seconds takes
/// few polls.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between two polls.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// A long-running operation.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Operation {
    #[serde(default)]
    name: String,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    error: Option<Value>,
    #[serde(default)]
    response: Option<Value>,
}

impl ApiClient {
    /// Polls an operation until it ends, and returns its result.
    ///
    /// # Errors
    /// Fails with the operation's error, with that of a poll, and if the operation has not ended `timeout` after `started`.
    pub(crate) async fn wait(
        &self,
        api: Api,
        action: &str,
        mut operation: Operation,
        started: Instant,
        timeout: Duration,
    ) -> Result<Value, GoogleError> {
        let mut pause = Duration::ZERO;
        loop {
            if let Some(error) = &operation.error {
                let error = ApiError::of_operation(error, self.http().redactor());
                return Err(GoogleError::new(action, CallError::from(error)));
            }
            if operation.done {
                return Ok(operation.response.unwrap_or_default());
            }
            // Sampled before the poll, so that the last poll happens after the deadline is known to be near.
            let left = timeout.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Err(GoogleError::new(action, GoogleErrorKind::Deadline(timeout)));
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).clamp(FIRST_PAUSE, MAX_PAUSE);
            let path = operation_path(&operation.name).ok_or_else(|| {
                GoogleError::new(
                    action,
                    GoogleErrorKind::Incomplete("the name of the operation"),
                )
            })?;
            operation = self.call(ApiCall::get(action, api, path)).await?;
        }
    }
}

/// Returns the path of an operation; `None` for a name that is empty or would change the path.
fn operation_path(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('/').collect();
    let is_valid = parts.iter().all(|part| !matches!(*part, "" | "." | ".."));
    let encoded: Vec<String> = parts.into_iter().map(segment).collect();
    is_valid.then(|| format!("v1/{}", encoded.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operation_path_keeps_segments_and_refuses_traversal() {
        assert_eq!(
            operation_path("operations/acf.p1-x_y").as_deref(),
            Some("v1/operations/acf.p1-x_y")
        );
        assert_eq!(
            operation_path("operations/a?b").as_deref(),
            Some("v1/operations/a%3Fb")
        );
        for name in ["", "operations/", "operations/../x", "/x"] {
            assert_eq!(operation_path(name), None, "{name}");
        }
    }
}
