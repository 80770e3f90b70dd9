//! A new key is written only after the registry accepts it.

use gcr_test_support::fake_google::Propagation;
use gcr_test_support::{Signal, wait_until};

use crate::fixture::Fixture;

#[test]
fn proof_waits_until_the_new_key_is_accepted() {
    let fixture = Fixture::new("rotate-propagation", 1);
    fixture.google.set_propagation(Propagation {
        keys: 5,
        ..Propagation::default()
    });
    fixture.rotate([""; 0]).run().success();
    fixture.assert_rotated();
}

#[test]
fn proof_that_never_succeeds_deletes_the_new_key_and_writes_nothing() {
    let fixture = Fixture::new("rotate-unproven", 1);
    fixture.google.set_propagation(Propagation {
        keys: 1_000_000,
        ..Propagation::default()
    });
    let output = fixture.rotate(["--timeout", "1s"]).run().exits(1);
    assert!(!output.stderr.contains("--verify"), "{output}");
    assert_eq!(fixture.google.count("keys.create"), 1, "{output}");
    fixture.assert_untouched();
}

#[test]
fn interrupted_proof_deletes_the_new_key() {
    let fixture = Fixture::new("rotate-interrupt", 1);
    fixture.google.set_propagation(Propagation {
        keys: 1_000_000,
        ..Propagation::default()
    });
    let mut run = fixture.rotate([""; 0]).spawn();
    wait_until("a key exists", || fixture.keys().len() == 2);
    run.signal(Signal::INT);
    run.wait().exits(130);
    fixture.assert_untouched();
}
