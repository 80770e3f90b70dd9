//! Polls for a condition with a time limit that suits slow machines.

use std::thread;
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(60);
const INTERVAL: Duration = Duration::from_millis(1);

/// Waits until `condition` returns true.
///
/// # Panics
/// The condition is still false after a minute.
#[track_caller]
pub fn wait_until(description: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(
            started.elapsed() < TIMEOUT,
            "timed out after {TIMEOUT:?} waiting until {description}"
        );
        thread::sleep(INTERVAL);
    }
}
