//! Tests single runs on the model's clock: waiting, retrying, and giving up, with outcome and duration.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::scenario::account;
use super::server::{InjectedFault, Server, ServerFault};
use super::store::Store;
use super::writer::{self, Job, SecretJob};
use crate::engine::Outcome;
use crate::resources::secret::{CONFIGURED, CREATED};
use crate::resources::service_account::PATCHED;

const TEAM: &str = "team";
const DEFAULT: &str = "serviceaccount/default";

/// The result of one run: reported outcomes, duration in seconds, and number of writes sent.
struct RunResult {
    reported: writer::Reported,
    seconds: f64,
    writes: usize,
}

impl RunResult {
    fn outcome(&self, object: &str) -> Outcome {
        self.reported.outcomes[object]
    }
}

/// Runs `job` on a server that creates `default` after `created_after` seconds, if at all.
fn run(job: &Job, created_after: Option<u64>, faults: &[ServerFault]) -> RunResult {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut store = Store::new(TEAM);
        store.intents = vec![job.intent()];
        let server = Server::new(vec![store]);
        let injected_faults: Vec<InjectedFault> = faults
            .iter()
            .map(|&fault| InjectedFault {
                before: 1,
                after: 1,
                fault,
            })
            .collect();
        server.inject(0, &injected_faults);
        let creating_server = server.clone();
        tokio::spawn(async move {
            if let Some(seconds) = created_after {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                creating_server.world().store(TEAM).commit(
                    None,
                    DEFAULT,
                    account("default", &[json!({})]),
                );
            }
        });
        tokio::task::yield_now().await;
        let begun = Instant::now();
        let mut run = writer::run(&server, 0, job, &[TEAM]).await;
        let seconds = begun.elapsed().as_secs_f64();
        let reported = run.remove(TEAM).unwrap();
        let world = server.world();
        assert_eq!(reported.problems, [""; 0]);
        assert_eq!(world.stores[0].violations, [""; 0]);
        RunResult {
            reported,
            seconds,
            writes: world.sent.len(),
        }
    })
}

fn attach(account: &'static str) -> Job {
    Job {
        attaches: vec!["ours-0".to_owned()],
        accounts: vec![account],
        ..Job::default()
    }
}

fn create() -> Job {
    Job {
        secret: Some(SecretJob {
            name: "ours-0".to_owned(),
            host: "gcr.io".to_owned(),
            merge: false,
        }),
        ..attach("default")
    }
}

#[test]
fn account_with_endless_conflicts_fails() {
    let result = run(&attach("default"), Some(0), &[ServerFault::Conflict; 60]);
    assert_eq!(result.outcome(DEFAULT), Outcome::Failed);
    assert_eq!(result.writes, 17);
    assert!(result.seconds < 17.0, "{}", result.seconds);
    let result = run(&attach("default"), Some(0), &[ServerFault::Conflict; 20]);
    assert_eq!(result.outcome(DEFAULT), PATCHED);
}

#[test]
fn run_waits_for_default_account_only() {
    let result = run(&attach("default"), Some(3), &[]);
    assert_eq!(result.outcome(DEFAULT), PATCHED);
    assert!((3.0..3.5).contains(&result.seconds), "{}", result.seconds);
    let result = run(&attach("default"), None, &[]);
    assert_eq!(result.outcome(DEFAULT), Outcome::Failed);
    assert!((10.0..10.5).contains(&result.seconds), "{}", result.seconds);
    let result = run(&attach("builder"), None, &[]);
    assert_eq!(result.outcome("serviceaccount/builder"), Outcome::Failed);
    assert!(result.seconds < 0.5, "{}", result.seconds);
    let detach = Job {
        attaches: Vec::new(),
        detaches: vec!["ours-0".to_owned()],
        ..attach("default")
    };
    let result = run(&detach, None, &[]);
    assert_eq!(result.outcome(DEFAULT), Outcome::Failed);
    assert!(result.seconds < 0.5, "{}", result.seconds);
}

#[test]
fn throttled_requests_wait_for_retry_after_up_to_two_minutes() {
    let result = run(&attach("default"), Some(0), &[ServerFault::Throttled(7); 3]);
    assert_eq!(result.outcome(DEFAULT), PATCHED);
    assert!((21.0..27.0).contains(&result.seconds), "{}", result.seconds);
    let result = run(
        &attach("default"),
        Some(0),
        &[ServerFault::Throttled(20); 30],
    );
    assert_eq!(result.outcome(DEFAULT), Outcome::Failed);
    assert!(
        (90.0..121.0).contains(&result.seconds),
        "{}",
        result.seconds
    );
}

#[test]
fn requests_are_attempted_five_times() {
    let result = run(
        &attach("default"),
        Some(0),
        &[ServerFault::Rejected(500); 4],
    );
    assert_eq!(result.outcome(DEFAULT), PATCHED);
    let result = run(
        &attach("default"),
        Some(0),
        &[ServerFault::Rejected(500); 5],
    );
    assert_eq!(result.outcome(DEFAULT), Outcome::Failed);
    assert!((9.0..16.0).contains(&result.seconds), "{}", result.seconds);
}

#[test]
fn server_never_reached_is_not_retried() {
    let result = run(&create(), Some(0), &[ServerFault::NotConnected]);
    assert_eq!(
        (result.writes, result.outcome(DEFAULT)),
        (0, Outcome::NotStarted)
    );
    assert!(result.seconds < 0.1, "{}", result.seconds);
    let later = [
        ServerFault::None,
        ServerFault::NotConnected,
        ServerFault::NotConnected,
    ];
    let result = run(&attach("default"), Some(0), &later);
    assert_eq!(result.outcome(DEFAULT), PATCHED);
}

#[test]
fn connection_broken_before_first_reply_is_retried() {
    for fault in [ServerFault::ResetBefore, ServerFault::ReplyLost] {
        let result = run(&attach("default"), Some(0), &[fault, fault]);
        assert_eq!(result.outcome(DEFAULT), PATCHED);
    }
}

#[test]
fn unresponsive_server_is_given_up_after_thirty_seconds() {
    let mut faults = vec![ServerFault::None];
    faults.extend([ServerFault::Hang; 20]);
    let result = run(&create(), Some(0), &faults);
    assert!((25.0..40.0).contains(&result.seconds), "{}", result.seconds);
    assert!(!result.outcome(DEFAULT).is_success());
}

#[test]
fn secret_created_by_unconfirmed_attempt_is_reported_as_created() {
    // The run first reads the account, the Secret's metadata and the namespace, in any order.
    for reads in 0..4 {
        let mut faults = vec![ServerFault::None; reads];
        faults.push(ServerFault::ReplyLost);
        let result = run(&create(), Some(0), &faults);
        if reads > 0 {
            assert_eq!(
                result.outcome("secret/ours-0"),
                CREATED,
                "after {reads} reads"
            );
            assert_eq!(result.outcome(DEFAULT), PATCHED, "after {reads} reads");
        }
    }
}

#[test]
fn secret_that_may_not_be_read_is_reported_as_created_after_an_unconfirmed_attempt() {
    let job = Job {
        attaches: Vec::new(),
        accounts: Vec::new(),
        ..create()
    };
    let mut created = 0;
    for (before, between) in (0..4).flat_map(|before| (0..3).map(move |it| (before, it))) {
        let mut faults = vec![ServerFault::None; before];
        faults.push(ServerFault::Forbidden);
        faults.extend(vec![ServerFault::None; between]);
        faults.extend([ServerFault::Forbidden, ServerFault::ReplyLost]);
        let outcome = run(&job, Some(0), &faults).outcome("secret/ours-0");
        assert_ne!(outcome, CONFIGURED, "{before}, {between}");
        created += usize::from(outcome == CREATED);
    }
    assert!(created > 0);
}

#[test]
fn account_restored_during_the_run_keeps_its_entries() {
    let result = run(&attach("default"), Some(0), &[ServerFault::Restored; 6]);
    assert_eq!(result.outcome(DEFAULT), PATCHED);
}
