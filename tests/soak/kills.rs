//! The tool is killed at any moment: what it had said is so, no account refers to a Secret that is not there, and one
//! more run finishes it.

use std::thread::sleep;
use std::time::Duration;

use gcr_test_support::{ControlPlane, Options, Report, RunningCommand, Signal, Stored};

use crate::many_namespaces::{ManyNamespaces, OBJECTS, wait_for_lines};
use crate::rounds::{min_median_max, print_figures, rounds};

/// Kills a run after a random number of lines and a moment more. What it had said by then.
fn killed(mut run: RunningCommand) -> Report {
    let lines = fastrand::usize(0..OBJECTS);
    wait_for_lines(&mut run, lines);
    sleep(Duration::from_micros(fastrand::u64(0..5000)));
    run.signal(Signal::KILL);
    Report::parse_partial(&run.wait())
}

#[test]
fn whenever_it_is_killed_one_more_run_finishes_it() {
    let plane = ControlPlane::dedicated(Options::new());
    let many_namespaces = ManyNamespaces::new(&plane);
    let rounds = rounds(5, 100);
    let mut written = Vec::new();
    for round in 1..=rounds {
        let claimed = killed(many_namespaces.create().spawn());
        // What was in flight may still be carried out while this looks.
        let stored = Stored::fetch(&plane);
        assert!(stored.dangling_references().is_empty(), "round {round}");
        for object in claimed.lines.keys() {
            assert!(stored.matches_desired(object), "round {round}: {object:?}");
        }
        written.push(many_namespaces.written(&stored));
        many_namespaces.converge(&plane, &claimed, &stored);

        // The same of taking away.
        killed(many_namespaces.detach().spawn());
        many_namespaces.clear(&plane);
        let stored = Stored::fetch(&plane);
        assert_eq!(
            (
                many_namespaces.written(&stored),
                stored.dangling_references().len()
            ),
            (0, 0)
        );
        if round % 10 == 0 {
            print_figures(&format!("{round} kills"));
        }
    }
    let midway = written
        .iter()
        .filter(|it| (1..OBJECTS).contains(*it))
        .count();
    assert!(midway > 0, "no kill came in the middle: {written:?}");
    print_figures(&format!(
        "{rounds} kills, {midway} of them in the middle of the writing; of {OBJECTS} objects were written by then (least / middle / \
         most): {}; no account ever referred to a Secret that was not there; one more run finished it every time",
        min_median_max(written)
    ));
}
