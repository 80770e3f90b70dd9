//! Tests racing writers with injected faults and other clients: no change is lost, and every reported outcome is
//! correct.

use std::time::Duration;

use futures_util::future::join_all;
use proptest::prelude::*;

use super::rules;
use super::scenario::{InitialState, Scenario, scenario};
use super::server::{InjectedFault, Server, ServerFault};
use super::writer::{self, Job};
use crate::engine::Outcome;

/// Longer than any late request takes.
const SETTLE_TIME: Duration = Duration::from_secs(600);

fn play(scenario: &Scenario) -> Vec<String> {
    fastrand::seed(scenario.seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(race(scenario))
}

async fn race(scenario: &Scenario) -> Vec<String> {
    let server = Server::new(scenario.stores());
    for (index, (_, injected_faults)) in scenario.jobs.iter().enumerate() {
        server.inject(index, injected_faults);
    }
    let namespaces = scenario.namespaces();
    let runs = scenario.jobs.iter().enumerate();
    let runs = runs.map(|(index, (job, _))| writer::run(&server, index, job, namespaces));
    let (runs, ()) = tokio::join!(join_all(runs), scenario.write_externally(&server));
    tokio::time::sleep(SETTLE_TIME).await;
    let mut wrong = violations(&server);
    for (index, ((job, _), run)) in scenario.jobs.iter().zip(&runs).enumerate() {
        let world = server.world();
        for store in &world.stores {
            let reported = &run[store.namespace];
            let errors = rules::check_outcomes(store, &world.sent, index, job, reported);
            let namespace = store.namespace;
            wrong.extend(
                errors
                    .iter()
                    .map(|error| format!("writer {index}, {namespace}: {error}")),
            );
        }
    }
    wrong.extend(check_reruns(scenario, &server).await);
    wrong
}

/// Returns the violations of the rules for writes.
fn violations(server: &Server) -> Vec<String> {
    let world = server.world();
    let violations = world.stores.iter().flat_map(|store| &store.violations);
    violations.cloned().collect()
}

/// Checks that a second run reaches the desired state and a third writes nothing, also with the first run's faults.
async fn check_reruns(scenario: &Scenario, server: &Server) -> Vec<String> {
    let mut wrong = Vec::new();
    let namespaces = scenario.namespaces();
    let stored = || -> Vec<_> {
        let world = server.world();
        let stores = world.stores.iter();
        stores.map(|store| store.objects.clone()).collect()
    };
    for (index, (job, injected_faults)) in scenario.jobs.iter().enumerate() {
        server.inject(index, &[]);
        let second = writer::run(server, index, job, namespaces).await;
        let (objects, requests) = (stored(), server.world().sent.len());
        let third = writer::run(server, index, job, namespaces).await;
        for (namespace, reported) in &second {
            wrong.extend(reported.problems.iter().cloned());
            if reported
                .outcomes
                .values()
                .any(|outcome| !outcome.is_success())
            {
                let outcomes = &reported.outcomes;
                wrong.push(format!(
                    "writer {index}, {namespace}: the second run reports {outcomes:?}"
                ));
            }
        }
        if job.dry_run {
            continue;
        }
        wrong.extend(missing_credentials(server, index, job));
        if stored() != objects {
            wrong.push(format!("writer {index}: the third run writes"));
        }
        for (namespace, reported) in &third {
            let all = reported
                .outcomes
                .values()
                .all(|outcome| *outcome == Outcome::Unchanged);
            if !all || reported.outcomes.len() != second[namespace].outcomes.len() {
                let outcomes = &reported.outcomes;
                wrong.push(format!(
                    "writer {index}, {namespace}: the third run reports {outcomes:?}"
                ));
            }
        }
        let patches = server.world().sent.split_off(requests);
        if patches
            .iter()
            .any(|sent| sent.object.starts_with("serviceaccount/"))
        {
            wrong.push(format!("writer {index}: the third run patches an account"));
        }
        // With the read and the dry run forbidden, the reply to the apply is all that the plugin knows: `configured`.
        let is_forbidden = |it: &&InjectedFault| matches!(it.fault, ServerFault::Forbidden);
        let hides_change = injected_faults.iter().filter(is_forbidden).count() > 1;
        server.inject(index, &without_external_writes(injected_faults));
        let faulty = writer::run(server, index, job, namespaces).await;
        tokio::time::sleep(SETTLE_TIME).await;
        for (namespace, reported) in &faulty {
            let claims = |(name, outcome): (&String, &Outcome)| {
                let is_unknown_secret = hides_change && name.starts_with("secret/");
                outcome.is_success() && *outcome != Outcome::Unchanged && !is_unknown_secret
            };
            if reported.outcomes.iter().any(claims) {
                let outcomes = &reported.outcomes;
                wrong.push(format!(
                    "writer {index}, {namespace}: a faulty run with nothing to do reports {outcomes:?}"
                ));
            }
        }
        if stored() != objects {
            wrong.push(format!(
                "writer {index}: a faulty run with nothing to do writes"
            ));
        }
    }
    wrong.extend(violations(server));
    wrong
}

/// Checks that the Secret of a writer holds its credential in every namespace.
fn missing_credentials(server: &Server, index: usize, job: &Job) -> Vec<String> {
    let Some(secret) = &job.secret else {
        return Vec::new();
    };
    let key = format!("secret/{}", secret.name);
    let world = server.world();
    let stores = world.stores.iter();
    let wrong = stores.filter(|store| {
        let stored = store.objects.get(&key);
        !stored.is_some_and(|stored| rules::has_credential(stored, job))
    });
    wrong
        .map(|store| {
            format!(
                "writer {index}, {}: {key} lacks its credential",
                store.namespace
            )
        })
        .collect()
}

/// Returns the faults without the writes of other clients.
fn without_external_writes(injected_faults: &[InjectedFault]) -> Vec<InjectedFault> {
    let own = |injected_fault: &InjectedFault| match injected_fault.fault {
        ServerFault::Conflict | ServerFault::Restored => InjectedFault {
            fault: ServerFault::None,
            ..*injected_fault
        },
        _ => *injected_fault,
    };
    injected_faults.iter().map(own).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn races_lose_no_change_and_report_correct_outcomes(scenario in scenario()) {
        let wrong = play(&scenario);
        prop_assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn slow_access_review_does_not_delay_other_accounts() {
    let job = Job {
        attaches: vec!["ours-0".to_owned()],
        accounts: vec!["builder", "default"],
        ..Job::default()
    };
    // Reads of the second account are forbidden, and its access review times out. Meanwhile the first account's write
    // waits for its retry.
    let faults = [
        ServerFault::None,
        ServerFault::Forbidden,
        ServerFault::None,
        ServerFault::Late(0),
        ServerFault::Forbidden,
        ServerFault::Throttled(0),
        ServerFault::Forbidden,
    ];
    let injected_faults = faults.map(|fault| InjectedFault {
        before: 0,
        after: 0,
        fault,
    });
    let scenario = Scenario {
        initial_states: vec![InitialState::default()],
        jobs: vec![(job, injected_faults.to_vec())],
        external_writes: Vec::new(),
        seed: 0,
    };
    let wrong = play(&scenario);
    assert!(wrong.is_empty(), "{wrong:#?}");
}
