//! Writers race, answers are lost, others write too: nothing of anybody's is lost, and every word told is true.

use std::time::Duration;

use futures_util::future::join_all;
use proptest::prelude::*;

use super::rules;
use super::scenario::{Scenario, scenario};
use super::server::{Fare, Server, Trouble};
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
    let server = Server::new(scenario.store());
    for (index, (_, fares)) in scenario.jobs.iter().enumerate() {
        server.fare(index, fares);
    }
    let runs = join_all(
        scenario
            .jobs
            .iter()
            .enumerate()
            .map(|(index, (job, _))| writer::run(&server, index, job)),
    );
    let (told, ()) = tokio::join!(runs, scenario.act(&server));
    tokio::time::sleep(AFTERWARDS).await;
    let mut wrong = server.world().store.broken.clone();
    for (index, ((job, _), told)) in scenario.jobs.iter().zip(&told).enumerate() {
        let said = rules::at_end(&server.world(), index, job, told);
        wrong.extend(said.into_iter().map(|it| format!("writer {index}: {it}")));
    }
    wrong.extend(again(scenario, &server).await);
    wrong
}

/// Whatever came of a run, running it again brings what was asked, and once more writes nothing.
async fn again(scenario: &Scenario, server: &Server) -> Vec<String> {
    let mut wrong = Vec::new();
    for (index, (job, _)) in scenario.jobs.iter().enumerate() {
        server.fare(index, &[]);
        let second = writer::run(server, index, job).await;
        let (objects, requests) = {
            let world = server.world();
            (world.store.objects.clone(), world.sent.len())
        };
        let third = writer::run(server, index, job).await;
        let world = server.world();
        if second.ends.values().any(|outcome| !outcome.is_as_asked()) {
            wrong.push(format!(
                "writer {index}: run again it tells {:?}",
                second.ends
            ));
        }
        if job.dry_run {
            continue;
        }
        if world.store.objects != objects {
            wrong.push(format!("writer {index}: once more it writes"));
        }
        if third
            .ends
            .values()
            .any(|outcome| *outcome != Outcome::Unchanged)
        {
            wrong.push(format!(
                "writer {index}: once more it tells {:?}",
                third.ends
            ));
        }
        let patches = &world.sent[requests..];
        if patches
            .iter()
            .any(|sent| sent.object.starts_with("serviceaccount/"))
        {
            wrong.push(format!("writer {index}: once more it patches an account"));
        }
        wrong.extend(world.store.broken.iter().cloned());
    }
    wrong
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
    let troubles = [
        Trouble::Nothing,
        Trouble::Forbidden,
        Trouble::Nothing,
        Trouble::Late(0),
        Trouble::Forbidden,
        Trouble::Shed(0),
        Trouble::Forbidden,
    ];
    let fares = troubles.map(|trouble| Fare {
        before: 0,
        after: 0,
        trouble,
    });
    let scenario = Scenario {
        lists: vec![Vec::new(), Vec::new()],
        late: false,
        jobs: vec![(job, fares.to_vec())],
        acts: Vec::new(),
        seed: 0,
    };
    let wrong = play(&scenario);
    assert!(wrong.is_empty(), "{wrong:#?}");
}
