//! Ctrl-C and kill at any moment leave a state that the next run finishes, and no key without a line that names it.

use std::time::{Duration, Instant};

use gcr_test_support::fake_google::{Fault, Propagation, Rule};
use gcr_test_support::{RunningCommand, Signal, wait_until};

use crate::fixture::{EMAIL, Fixture};

/// Waits until the fake has received a request of this method.
#[track_caller]
fn wait_for(fixture: &Fixture, method: &str) {
    wait_until(method, || fixture.google.count(method) > 0);
}

fn signal(mut run: RunningCommand, signal: Signal) -> gcr_test_support::Output {
    run.signal(signal);
    run.wait()
}

#[test]
fn interrupted_proof_deletes_the_key() {
    for (kind, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let fixture = Fixture::prepared("setup-interrupt");
        fixture.google.set_propagation(Propagation {
            bindings: 100_000,
            ..Propagation::default()
        });
        let run = fixture.setup([""; 0]).spawn();
        wait_for(&fixture, "keys.create");
        std::thread::sleep(Duration::from_millis(300));
        let started = Instant::now();
        let output = signal(run, kind).exits(code);
        assert!(started.elapsed() < Duration::from_secs(5), "{output}");
        assert_eq!(fixture.keys(), [""; 0], "{output}");
        assert!(output.stdout.trim_end().ends_with(" deleted"), "{output}");
        assert!(fixture.secret().is_none());
        fixture.google.set_propagation(Propagation::default());
        fixture.setup(["--verify=false"]).run().success();
        fixture.assert_complete();
    }
}

#[test]
fn interrupted_check_of_permissions_ends_at_once() {
    for (prepare, method) in [
        (
            Fixture::new as fn(&str) -> Fixture,
            "projects.testIamPermissions",
        ),
        (Fixture::prepared, "repositories.testIamPermissions"),
        (Fixture::prepared, "serviceAccounts.testIamPermissions"),
    ] {
        let fixture = prepare("setup-interrupt-check");
        fixture.google.add_key("gcr-pull");
        fixture.google.inject(Rule::on(method), Fault::Hang);
        let run = fixture.setup([""; 0]).spawn();
        wait_for(&fixture, method);
        let started = Instant::now();
        let output = signal(run, Signal::INT).exits(130);
        assert!(
            started.elapsed() < Duration::from_secs(2),
            "{method}\n{output}"
        );
        assert_eq!(fixture.keys().len(), 1, "{output}");
        assert!(fixture.secret().is_none());
    }
}

#[test]
fn deletion_that_hangs_names_the_key_within_five_seconds() {
    let fixture = Fixture::prepared("setup-interrupt-hang");
    fixture.google.set_propagation(Propagation {
        bindings: 100_000,
        ..Propagation::default()
    });
    fixture.google.inject(Rule::on("keys.delete"), Fault::Hang);
    let run = fixture.setup([""; 0]).spawn();
    wait_for(&fixture, "keys.create");
    std::thread::sleep(Duration::from_millis(300));
    let started = Instant::now();
    let output = signal(run, Signal::INT).exits(130);
    assert!(started.elapsed() < Duration::from_secs(7), "{output}");
    let key = fixture.key();
    assert!(
        output.stderr.contains(&format!(
            "gcloud iam service-accounts keys delete {key} --iam-account={EMAIL}"
        )),
        "{output}"
    );
}

#[test]
fn interrupted_creation_says_how_to_look_for_the_key() {
    let fixture = Fixture::prepared("setup-interrupt-create");
    fixture.google.inject(Rule::on("keys.create"), Fault::Hang);
    let run = fixture.setup([""; 0]).spawn();
    wait_for(&fixture, "keys.create");
    let output = signal(run, Signal::INT).exits(130);
    assert!(
        output
            .stderr
            .contains("it is unknown whether it was written")
            && output.stderr.contains(&format!(
                "gcloud iam service-accounts keys list --iam-account={EMAIL}"
            )),
        "{output}"
    );
}

#[test]
fn second_signal_names_the_key_at_once() {
    let fixture = Fixture::prepared("setup-interrupt-twice");
    fixture.google.set_propagation(Propagation {
        bindings: 100_000,
        ..Propagation::default()
    });
    fixture.google.inject(Rule::on("keys.delete"), Fault::Hang);
    let mut run = fixture.setup([""; 0]).spawn();
    wait_for(&fixture, "keys.create");
    std::thread::sleep(Duration::from_millis(300));
    // The kernel can merge two signals that arrive together, so the test sends more.
    for _ in 0..10 {
        run.signal(Signal::INT);
        std::thread::sleep(Duration::from_millis(50));
    }
    let output = run.wait().exits(130);
    let key = fixture.key();
    assert!(
        output.stderr.contains(&key) && output.stderr.contains("keys delete"),
        "{output}"
    );
}

#[test]
fn killed_runs_are_finished_by_the_next() {
    let fixture = Fixture::new("setup-kill");
    fixture.google.add_repository("europe-west1", "images");
    let mut pauses = (0..8).map(|round| Duration::from_millis(40 + 45 * round));
    for pause in pauses.by_ref() {
        let run = fixture.setup([""; 0]).spawn();
        std::thread::sleep(pause);
        signal(run, Signal::KILL);
    }
    let output = fixture.setup([""; 0]).run().success();
    let stored = fixture.stored_key();
    let keys = fixture.keys();
    assert!(keys.contains(stored.as_ref().unwrap()), "{keys:?}");
    for key in keys.iter().filter(|key| Some(*key) != stored.as_ref()) {
        assert!(output.stderr.contains(key), "{key} is not named\n{output}");
    }
    assert_eq!(fixture.pull_secrets()[0]["name"], "gcr-io");
    let output = fixture.setup([""; 0]).run().success();
    assert!(
        output.stdout.contains("secret/gcr-io unchanged\n"),
        "{output}"
    );
    assert_eq!(fixture.keys(), keys);
}
