//! The tool is killed at any moment: what it had said is so, no account refers to a Secret that is not there, and one
//! more run finishes it.

use std::thread::sleep;
use std::time::Duration;

use gcr_test_support::{ControlPlane, Options, Report, Running, Signal, Stored};

use crate::fleet::{Fleet, OBJECTS, after_lines};
use crate::length::{rounds, spread, tell};

/// Kills a run after a random number of lines and a moment more. What it had said by then.
fn killed(mut run: Running) -> Report {
    let lines = fastrand::usize(0..OBJECTS);
    after_lines(&mut run, lines);
    sleep(Duration::from_micros(fastrand::u64(0..5000)));
    run.signal(Signal::KILL);
    Report::cut_off(&run.wait())
}

#[test]
fn whenever_it_is_killed_one_more_run_finishes_it() {
    let plane = ControlPlane::own(Options::new());
    let fleet = Fleet::new(&plane);
    let rounds = rounds(5, 100);
    let mut written = Vec::new();
    for round in 1..=rounds {
        let claimed = killed(fleet.create().spawn());
        // What was in flight may still be carried out while this looks.
        let stored = Stored::look(&plane);
        assert!(stored.dangling().is_empty(), "round {round}");
        for object in claimed.lines.keys() {
            assert!(stored.is_as_asked(object), "round {round}: {object:?}");
        }
        written.push(fleet.written(&stored));
        fleet.converge(&plane, &claimed, &stored);

        // The same of taking away.
        killed(fleet.detach().spawn());
        fleet.clear(&plane);
        let stored = Stored::look(&plane);
        assert_eq!((fleet.written(&stored), stored.dangling().len()), (0, 0));
        if round % 10 == 0 {
            tell(&format!("{round} kills"));
        }
    }
    let midway = written
        .iter()
        .filter(|it| (1..OBJECTS).contains(*it))
        .count();
    assert!(midway > 0, "no kill came in the middle: {written:?}");
    tell(&format!(
        "{rounds} kills, {midway} of them in the middle of the writing; of {OBJECTS} objects were written by then (least / middle / \
         most): {}; no account ever referred to a Secret that was not there; one more run finished it every time",
        spread(written)
    ));
}
