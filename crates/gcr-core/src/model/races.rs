//! Writers race, answers are lost, others write too: nothing of anybody's is lost, and every word told is true.

use std::time::Duration;

use futures_util::future::join_all;
use proptest::prelude::*;

use super::rules;
use super::scenario::{Scenario, Start, scenario};
use super::server::{InjectedFault, Server, ServerFault};
use super::writer::{self, Job};
use crate::ledger::Outcome;

/// Longer than any request can be late.
const AFTERWARDS: Duration = Duration::from_secs(600);

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
        server.injected_fault(index, injected_faults);
    }
    let namespaces = scenario.namespaces();
    let runs = scenario.jobs.iter().enumerate();
    let runs = runs.map(|(index, (job, _))| writer::run(&server, index, job, namespaces));
    let (runs, ()) = tokio::join!(join_all(runs), scenario.act(&server));
    tokio::time::sleep(AFTERWARDS).await;
    let mut wrong = broken(&server);
    for (index, ((job, _), run)) in scenario.jobs.iter().zip(&runs).enumerate() {
        let world = server.world();
        for store in &world.stores {
            let told = &run[store.namespace];
            let said = rules::at_end(store, &world.sent, index, job, told);
            let place = store.namespace;
            wrong.extend(
                said.iter()
                    .map(|it| format!("writer {index}, {place}: {it}")),
            );
        }
    }
    wrong.extend(again(scenario, &server).await);
    wrong
}

/// What was wrong with a write as it was made.
fn broken(server: &Server) -> Vec<String> {
    let world = server.world();
    let broken = world.stores.iter().flat_map(|store| &store.broken);
    broken.cloned().collect()
}

/// Whatever came of a run, running it again brings what was asked, and once more writes nothing, also where the same goes
/// wrong as at first.
async fn again(scenario: &Scenario, server: &Server) -> Vec<String> {
    let mut wrong = Vec::new();
    let namespaces = scenario.namespaces();
    let stored = || -> Vec<_> {
        let world = server.world();
        let stores = world.stores.iter();
        stores.map(|store| store.objects.clone()).collect()
    };
    for (index, (job, injected_faults)) in scenario.jobs.iter().enumerate() {
        server.injected_fault(index, &[]);
        let second = writer::run(server, index, job, namespaces).await;
        let (objects, requests) = (stored(), server.world().sent.len());
        let third = writer::run(server, index, job, namespaces).await;
        for (namespace, told) in &second {
            wrong.extend(told.amiss.iter().cloned());
            if told.ends.values().any(|outcome| !outcome.is_success()) {
                let ends = &told.ends;
                wrong.push(format!(
                    "writer {index}, {namespace}: run again it tells {ends:?}"
                ));
            }
        }
        if job.dry_run {
            continue;
        }
        if stored() != objects {
            wrong.push(format!("writer {index}: once more it writes"));
        }
        for (namespace, told) in &third {
            let all = told
                .ends
                .values()
                .all(|outcome| *outcome == Outcome::Unchanged);
            if !all || told.ends.len() != second[namespace].ends.len() {
                let ends = &told.ends;
                wrong.push(format!(
                    "writer {index}, {namespace}: once more it tells {ends:?}"
                ));
            }
        }
        let patches = server.world().sent.split_off(requests);
        if patches
            .iter()
            .any(|sent| sent.object.starts_with("serviceaccount/"))
        {
            wrong.push(format!("writer {index}: once more it patches an account"));
        }
        server.injected_fault(index, &without_others(injected_faults));
        let faulty = writer::run(server, index, job, namespaces).await;
        tokio::time::sleep(AFTERWARDS).await;
        for (namespace, told) in &faulty {
            let claims = |outcome: &Outcome| outcome.is_success() && *outcome != Outcome::Unchanged;
            if told.ends.values().any(claims) {
                let ends = &told.ends;
                wrong.push(format!(
                    "writer {index}, {namespace}: with nothing to do it tells {ends:?}"
                ));
            }
        }
        if stored() != objects {
            wrong.push(format!("writer {index}: with nothing to do it writes"));
        }
    }
    wrong.extend(broken(server));
    wrong
}

/// The same, but that nobody else changes anything.
fn without_others(injected_faults: &[InjectedFault]) -> Vec<InjectedFault> {
    let own = |injected_fault: &InjectedFault| match injected_fault.fault {
        ServerFault::Conflict | ServerFault::Restored => InjectedFault {
            fault: ServerFault::Nothing,
            ..*injected_fault
        },
        _ => *injected_fault,
    };
    injected_faults.iter().map(own).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_every_word_is_true(scenario in scenario()) {
        let wrong = play(&scenario);
        prop_assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn a_question_about_one_account_does_not_hold_up_another() {
    let job = Job {
        attaches: vec!["ours-0".to_owned()],
        accounts: vec!["builder", "default"],
        ..Job::default()
    };
    // The second account may not be read, and whether the right is there is answered too late. Meanwhile the first
    // account's write waits for its second try.
    let faults = [
        ServerFault::Nothing,
        ServerFault::Forbidden,
        ServerFault::Nothing,
        ServerFault::Late(0),
        ServerFault::Forbidden,
        ServerFault::Shed(0),
        ServerFault::Forbidden,
    ];
    let injected_faults = faults.map(|fault| InjectedFault {
        before: 0,
        after: 0,
        fault,
    });
    let scenario = Scenario {
        places: vec![Start::default()],
        jobs: vec![(job, injected_faults.to_vec())],
        acts: Vec::new(),
        seed: 0,
    };
    let wrong = play(&scenario);
    assert!(wrong.is_empty(), "{wrong:#?}");
}
