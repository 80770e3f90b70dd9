//! How long and how often a request is tried: CLI.md's *Patience*.
//!
//! Only numbers and their arithmetic; [`super::exchange`] does the waiting.

use std::time::Duration;

use http::StatusCode;

/// Tries of one request, the first one included.
pub const TRIES: u32 = 5;
/// No try begins later than this after the first.
pub const LAST_TRY_BEGINS: Duration = Duration::from_secs(30);
/// How long waits that the server asks for with 429 may go on in all.
pub const SHED_LIMIT: Duration = Duration::from_secs(120);
/// A cluster that has answered nothing for so long is given up.
pub const SILENCE: Duration = Duration::from_secs(30);
/// The time limit of one try unless `--request-timeout` says otherwise: a second more than the 34 s after which a
/// kube-apiserver itself gives up on a write (apiserver `endpoints/handlers/rest.go`).
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(35);

/// Whether an answer may be followed by another try: too many requests, or a server's or proxy's own trouble.
/// Every request of ours can be repeated: reads, applies, patches and deletions bound to a version or uid.
pub fn may_pass(code: StatusCode) -> bool {
    matches!(code.as_u16(), 429 | 500 | 502 | 503 | 504)
}

/// Whether a refused write may have been carried out all the same: a gateway lost its answer, or the server went on
/// after its time was up (`Timeout`, apiserver `endpoints/handlers/patch.go`).
pub fn may_be_carried_out(code: StatusCode) -> bool {
    matches!(code.as_u16(), 502 | 504)
}

/// The pause before try number `next` (2 and up): a quarter of a second, then 1, 3, 8 s, each ± 25 %. Together they
/// outlast the restart of an API server.
pub fn pause(next: u32) -> Duration {
    let seconds = match next {
        ..=2 => 0.25,
        3 => 1.0,
        4 => 3.0,
        _ => 8.0,
    };
    jittered(Duration::from_secs_f64(seconds))
}

/// The pause after a 429: what the server asked for (a second, where it asked for nothing) and up to a quarter more,
/// so that those who were refused together do not come back together.
pub fn shed_pause(retry_after: Option<Duration>) -> Duration {
    retry_after
        .unwrap_or(Duration::from_secs(1))
        .mul_f64(1.0 + 0.25 * fastrand::f64())
}

/// The pause before an object that somebody else changed is read again, after `conflicts` in a row: 10 ms doubling to
/// 1 s, of which a random part is waited (full jitter).
pub fn conflict_pause(conflicts: u32) -> Duration {
    Duration::from_millis(10 << conflicts.min(7))
        .min(Duration::from_secs(1))
        .mul_f64(fastrand::f64())
}

fn jittered(duration: Duration) -> Duration {
    duration.mul_f64(0.75 + 0.5 * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_asked_again_no_sooner_than_it_said_and_not_much_later() {
        for _ in 0..200 {
            let pause = shed_pause(Some(Duration::from_secs(4)));
            assert!((4.0..=5.0).contains(&pause.as_secs_f64()), "{pause:?}");
        }
    }

    #[test]
    fn all_pauses_together_end_before_the_last_try_must_begin() {
        let longest: f64 = [0.25, 1.0, 3.0, 8.0]
            .iter()
            .map(|seconds| seconds * 1.25)
            .sum();
        assert!(longest < LAST_TRY_BEGINS.as_secs_f64());
        let waited: f64 = (2..=TRIES).map(|next| pause(next).as_secs_f64()).sum();
        assert!(waited <= longest, "{waited}");
    }

    #[test]
    fn conflicts_wait_a_second_at_most() {
        assert!((0..64).all(|conflicts| conflict_pause(conflicts) <= Duration::from_secs(1)));
    }
}
