//! A new key is written only after the registry accepts it.

use gcr_test_support::fake_google::{CannedError, Fault, Propagation, Rule};
use gcr_test_support::{Signal, wait_until};
use serde_json::json;

use crate::fixture::{EMAIL, Fixture};

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
fn each_registry_of_the_secrets_must_accept_the_new_key() {
    let fixture = Fixture::new("rotate-registries", 2);
    let (first, second) = ("gcr.io/demo-project", "us.gcr.io/demo-project");
    for (namespace, registry) in fixture.namespaces.iter().zip([first, second]) {
        fixture.create("gcr-io", namespace, ["--registry", registry]);
    }
    fixture.google.add_repository("us", "gcr.io");
    fixture.google.add_repository("us", "us.gcr.io");
    fixture.google.allow_pulls("us", "gcr.io", EMAIL);
    let output = fixture.rotate(["--timeout", "1s"]).run().exits(1);
    assert!(
        output.stderr.contains(&format!("registry/{second}")),
        "{output}"
    );
    fixture.assert_untouched();
    fixture.google.allow_pulls("us", "us.gcr.io", EMAIL);
    let output = fixture.rotate([""; 0]).run().success();
    for registry in [first, second] {
        let line = format!("registry/{registry} verified\n");
        assert!(output.stdout.contains(&line), "{output}");
    }
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
fn deletion_after_a_long_grace_waits_until_google_shows_it() {
    let fixture = Fixture::new("rotate-stale", 1);
    let old = &fixture.old;
    let name = format!("projects/demo-project/serviceAccounts/{EMAIL}/keys/{old}");
    let key = json!({"name": name, "disabled": true}).to_string();
    // Reads before and after each of the two steps: the last one still shows the key.
    let stale = Fault::Respond(CannedError::new(200, "application/json", key));
    let stale = fixture
        .google
        .inject(Rule::on("keys.get").skip(3).first(1), stale);
    let flags = ["--timeout", "3s", "--grace", "4s"];
    fixture.rotate(flags).run().success();
    assert_eq!(fixture.google.hits(stale), 1);
    fixture.assert_rotated();
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
