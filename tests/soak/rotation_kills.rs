//! Kills `rotate` at random moments: one further run leaves one enabled key that every Secret carries, and names all others.

use std::thread::sleep;
use std::time::{Duration, Instant};

use gcr_test_support::Signal;
use gcr_test_support::fake_google::Propagation;

use crate::rotations::{EMAIL, Rotations};
use crate::rounds::{print_figures, rounds};

#[test]
fn rotation_after_kill_leaves_one_key_and_names_the_others() {
    let count = rounds(30, 100);
    let rotations = Rotations::new(count);
    rotations.google.set_propagation(Propagation {
        keys: 3,
        ..Propagation::default()
    });
    let started = Instant::now();
    rotations.rotate().run().success();
    let whole = started.elapsed();
    let kills = rounds(8, 100);
    let (mut orphans, mut unfinished) = (0, 0);
    for round in 0..kills {
        rotations.google.reset_requests();
        let mut run = rotations.rotate().spawn();
        sleep(Duration::from_micros(fastrand::u64(
            0..=whole.as_micros() as u64,
        )));
        run.signal(Signal::KILL);
        run.wait();
        // Google and the cluster can still complete requests in flight.
        sleep(Duration::from_millis(50));
        let before = rotations.google.count("keys.create");
        let (carried, _) = rotations.carried();
        unfinished += usize::from(carried.len() > 1 || rotations.enabled().len() > 1);
        let output = rotations.rotate().run().success();
        let (carried, secrets) = rotations.carried();
        assert_eq!(
            (carried.len(), secrets),
            (1, count),
            "round {round}\n{output}"
        );
        let enabled = rotations.enabled();
        assert!(carried.is_subset(&enabled), "round {round}\n{output}");
        for key in enabled.difference(&carried) {
            let command =
                format!("gcloud iam service-accounts keys delete {key} --iam-account={EMAIL}");
            assert!(
                output.stderr.contains(&command),
                "round {round}: {key}\n{output}"
            );
            rotations.google.delete_key(EMAIL, key);
            orphans += 1;
        }
        let created = rotations.google.count("keys.create");
        assert!(created <= before + 1, "round {round}: {created}\n{output}");
        if (round + 1) % 10 == 0 {
            print_figures(&format!(
                "{} of {kills} kills, {unfinished} with two keys in use, {orphans} orphans",
                round + 1
            ));
        }
    }
    print_figures(&format!(
        "{kills} kills, {unfinished} of them with two keys in use; {orphans} orphans, each named with its command; one run left one key every time"
    ));
}
