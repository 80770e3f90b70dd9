//! Google's changes take effect late, and the command waits for them.

use gcr_test_support::fake_google::Propagation;

use crate::fixture::Fixture;

#[test]
fn every_change_may_become_visible_late() {
    let fixture = Fixture::new("setup-late");
    fixture.google.add_repository("europe-west1", "images");
    fixture.google.set_operation_polls(Some(1));
    fixture.google.set_propagation(Propagation {
        accounts: 3,
        keys: 3,
        bindings: 3,
        services: 3,
    });
    fixture.setup([""; 0]).run().success();
    fixture.assert_complete();
}

#[test]
fn key_that_no_registry_accepts_in_time_is_deleted() {
    let fixture = Fixture::prepared("setup-never");
    fixture.google.set_propagation(Propagation {
        bindings: 100_000,
        ..Propagation::default()
    });
    let output = fixture.setup(["--timeout", "2s"]).run().failure();
    assert!(
        output
            .stderr
            .contains("error: registry/europe-west1-docker.pkg.dev/demo-project/images: ")
            && output.stderr.contains("--verify=false skips the proof"),
        "{output}"
    );
    assert_eq!(fixture.keys(), [""; 0], "{output}");
    assert!(fixture.secret().is_none());
    // The next run finishes.
    fixture.setup(["--verify=false"]).run().success();
    fixture.assert_complete();
}

#[test]
fn waiting_is_explained() {
    let fixture = Fixture::prepared("setup-waiting");
    fixture.google.set_propagation(Propagation {
        bindings: 100_000,
        ..Propagation::default()
    });
    let output = fixture.setup(["--timeout", "5s"]).run().failure();
    assert!(
        output
            .stderr
            .contains("waiting for 3 s until Google's changes are effective, for at most "),
        "{output}"
    );
}

#[test]
fn operation_that_never_ends_is_given_up() {
    let fixture = Fixture::new("setup-endless");
    fixture.google.add_repository("europe-west1", "images");
    fixture.google.set_operation_polls(None);
    let output = fixture.setup(["--timeout", "1s"]).run().failure();
    assert!(output.stderr.contains("not finished after "), "{output}");
    fixture.google.set_operation_polls(Some(0));
    fixture.setup([""; 0]).run().success();
    fixture.assert_complete();
}
