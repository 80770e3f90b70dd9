//! Kills the plugin at random moments and asserts that its printed results are true, that no account refers to a
//! missing Secret, and that another run completes the work.

use std::thread::sleep;
use std::time::Duration;

use gcr_test_support::{ControlPlane, Options, Report, RunningCommand, Signal, Stored};

use crate::many_namespaces::{ManyNamespaces, OBJECTS, wait_for_lines};
use crate::rounds::{min_median_max, print_figures, rounds};

/// Kills a run after a random number of lines and a short random delay. Returns the results printed until then.
fn kill_at_random_moment(mut run: RunningCommand) -> Report {
    let lines = fastrand::usize(0..OBJECTS);
    wait_for_lines(&mut run, lines);
    sleep(Duration::from_micros(fastrand::u64(0..5000)));
    run.signal(Signal::KILL);
    Report::parse_partial(&run.wait())
}

#[test]
fn run_after_kill_completes_the_work() {
    let plane = ControlPlane::dedicated(Options::new());
    let many_namespaces = ManyNamespaces::new(&plane);
    let rounds = rounds(5, 100);
    let mut written_counts = Vec::new();
    for round in 1..=rounds {
        let reported = kill_at_random_moment(many_namespaces.create().spawn());
        // The server can still complete requests in flight while this reads the objects.
        let stored = Stored::fetch(&plane);
        assert!(stored.dangling_references().is_empty(), "round {round}");
        for object in reported.lines.keys() {
            assert!(stored.matches_desired(object), "round {round}: {object:?}");
        }
        written_counts.push(many_namespaces.count_written(&stored));
        many_namespaces.assert_rerun_converges(&plane, &reported, &stored);

        // The same for removal.
        kill_at_random_moment(many_namespaces.detach().spawn());
        many_namespaces.delete_written_objects(&plane);
        let stored = Stored::fetch(&plane);
        assert_eq!(
            (
                many_namespaces.count_written(&stored),
                stored.dangling_references().len()
            ),
            (0, 0)
        );
        if round % 10 == 0 {
            print_figures(&format!("{round} kills"));
        }
    }
    let partial = written_counts
        .iter()
        .filter(|it| (1..OBJECTS).contains(*it))
        .count();
    assert!(
        partial > 0,
        "no kill interrupted the writes: {written_counts:?}"
    );
    print_figures(&format!(
        "{rounds} kills, {partial} of them during the writes; of {OBJECTS} objects written until the kill (min / median / max): {}; \
         no account ever referred to a missing Secret; another run completed the work every time",
        min_median_max(written_counts)
    ));
}
