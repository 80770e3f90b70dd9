//! How single runs end, and when: each kind of waiting, trying again and giving up, by the model's clock.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::scenario::account;
use super::server::{InjectedFault, Server, ServerFault};
use super::store::Store;
use super::writer::{self, Job, SecretJob};
use crate::ledger::Outcome;

const TEAM: &str = "team";
const DEFAULT: &str = "serviceaccount/default";

/// One run, its ends, how long it took, and how many writes it sent.
struct Ended {
    told: writer::Reported,
    took: f64,
    writes: usize,
}

impl Ended {
    fn of(&self, object: &str) -> Outcome {
        self.told.ends[object]
    }
}

/// Runs `job` where `default` comes after `appears` seconds, if at all.
fn run(job: &Job, appears: Option<u64>, faults: &[ServerFault]) -> Ended {
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
        server.injected_fault(0, &injected_faults);
        let there = server.clone();
        tokio::spawn(async move {
            if let Some(seconds) = appears {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                there
                    .world()
                    .store(TEAM)
                    .commit(None, DEFAULT, account("default", &[json!({})]));
            }
        });
        tokio::task::yield_now().await;
        let begun = Instant::now();
        let mut run = writer::run(&server, 0, job, &[TEAM]).await;
        let took = begun.elapsed().as_secs_f64();
        let told = run.remove(TEAM).unwrap();
        let world = server.world();
        assert_eq!(told.amiss, [""; 0]);
        assert_eq!(world.stores[0].broken, [""; 0]);
        Ended {
            told,
            took,
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
fn an_account_that_others_always_change_first_is_failed_in_the_end() {
    let ended = run(&attach("default"), Some(0), &[ServerFault::Conflict; 60]);
    assert_eq!(ended.of(DEFAULT), Outcome::Failed);
    assert_eq!(ended.writes, 17);
    assert!(ended.took < 17.0, "{}", ended.took);
    let ended = run(&attach("default"), Some(0), &[ServerFault::Conflict; 20]);
    assert_eq!(ended.of(DEFAULT), Outcome::Patched);
}

#[test]
fn default_is_waited_for_and_no_other() {
    let ended = run(&attach("default"), Some(3), &[]);
    assert_eq!(ended.of(DEFAULT), Outcome::Patched);
    assert!((3.0..3.5).contains(&ended.took), "{}", ended.took);
    let ended = run(&attach("default"), None, &[]);
    assert_eq!(ended.of(DEFAULT), Outcome::Failed);
    assert!((10.0..10.5).contains(&ended.took), "{}", ended.took);
    let ended = run(&attach("builder"), None, &[]);
    assert_eq!(ended.of("serviceaccount/builder"), Outcome::Failed);
    assert!(ended.took < 0.5, "{}", ended.took);
    let detach = Job {
        attaches: Vec::new(),
        detaches: vec!["ours-0".to_owned()],
        ..attach("default")
    };
    let ended = run(&detach, None, &[]);
    assert_eq!(ended.of(DEFAULT), Outcome::Failed);
    assert!(ended.took < 0.5, "{}", ended.took);
}

#[test]
fn a_busy_server_is_given_the_time_it_asks_for_and_two_minutes_in_all() {
    let ended = run(&attach("default"), Some(0), &[ServerFault::Shed(7); 3]);
    assert_eq!(ended.of(DEFAULT), Outcome::Patched);
    assert!((21.0..27.0).contains(&ended.took), "{}", ended.took);
    let ended = run(&attach("default"), Some(0), &[ServerFault::Shed(20); 30]);
    assert_eq!(ended.of(DEFAULT), Outcome::Failed);
    assert!((90.0..121.0).contains(&ended.took), "{}", ended.took);
}

#[test]
fn there_are_five_tries() {
    let ended = run(&attach("default"), Some(0), &[ServerFault::Refused(500); 4]);
    assert_eq!(ended.of(DEFAULT), Outcome::Patched);
    let ended = run(&attach("default"), Some(0), &[ServerFault::Refused(500); 5]);
    assert_eq!(ended.of(DEFAULT), Outcome::Failed);
    assert!((9.0..16.0).contains(&ended.took), "{}", ended.took);
}

#[test]
fn server_never_reached_is_not_retried() {
    let ended = run(&create(), Some(0), &[ServerFault::NotConnected]);
    assert_eq!((ended.writes, ended.of(DEFAULT)), (0, Outcome::NotStarted));
    assert!(ended.took < 0.1, "{}", ended.took);
    let later = [
        ServerFault::Nothing,
        ServerFault::NotConnected,
        ServerFault::NotConnected,
    ];
    let ended = run(&attach("default"), Some(0), &later);
    assert_eq!(ended.of(DEFAULT), Outcome::Patched);
}

#[test]
fn connection_broken_before_first_reply_is_retried() {
    for fault in [ServerFault::ResetBefore, ServerFault::ReplyLost] {
        let ended = run(&attach("default"), Some(0), &[fault, fault]);
        assert_eq!(ended.of(DEFAULT), Outcome::Patched);
    }
}

#[test]
fn a_server_that_falls_silent_is_given_up_after_half_a_minute() {
    let mut faults = vec![ServerFault::Nothing];
    faults.extend([ServerFault::Hang; 20]);
    let ended = run(&create(), Some(0), &faults);
    assert!((25.0..40.0).contains(&ended.took), "{}", ended.took);
    assert!(!ended.of(DEFAULT).is_success());
}

#[test]
fn a_secret_made_by_a_try_whose_answer_was_lost_is_created() {
    // The account, the Secret's metadata and the namespace are read first, in some order.
    for reads in 0..4 {
        let mut faults = vec![ServerFault::Nothing; reads];
        faults.push(ServerFault::ReplyLost);
        let ended = run(&create(), Some(0), &faults);
        if reads > 0 {
            assert_eq!(
                ended.of("secret/ours-0"),
                Outcome::Created,
                "after {reads} reads"
            );
            assert_eq!(ended.of(DEFAULT), Outcome::Patched, "after {reads} reads");
        }
    }
}

#[test]
fn an_account_that_another_has_taken_the_place_of_keeps_what_is_its_own() {
    let ended = run(&attach("default"), Some(0), &[ServerFault::Restored; 6]);
    assert_eq!(ended.of(DEFAULT), Outcome::Patched);
}
