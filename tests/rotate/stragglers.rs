//! Secrets that still carry the old key keep it enabled.

use std::time::Duration;

use gcr_test_support::fake_google::{CannedError, Fault, Rule};
use gcr_test_support::{PolicyRule, wait_until};

use crate::fixture::{Fixture, REGISTRY, carried_key};

#[test]
fn straggler_outside_of_the_scope_keeps_the_old_key_enabled() {
    let fixture = Fixture::new("rotate-straggler", 3);
    let selected = &fixture.namespaces[0];
    let others = [&fixture.namespaces[1], &fixture.namespaces[2]];
    let output = fixture.rotate_in(selected, [""; 0]).run().exits(1);
    let old = &fixture.old;
    // Each one is named.
    let named = others.map(|other| format!("secret/gcr-io -n {other} carries it"));
    assert!(
        output.stderr.contains(&format!(
            "error: key {old} stays enabled: {}",
            named.join("; ")
        )),
        "{output}"
    );
    assert!(output.stderr.contains("--force-disable"), "{output}");
    let keys = fixture.keys();
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(keys.iter().all(|(_, disabled)| !disabled), "{keys:?}");
    // Once the other namespace is selected too, the rotation is finished with the same key.
    fixture.rotate([""; 0]).run().success();
    assert_eq!(fixture.google.count("keys.create"), 1);
    fixture.assert_rotated();
}

#[test]
fn straggler_with_another_name_is_named() {
    let fixture = Fixture::new("rotate-other-name", 1);
    let namespace = &fixture.namespaces[0];
    fixture.create("copy", namespace, ["--registry", crate::fixture::REGISTRY]);
    let output = fixture.rotate(["gcr-io"]).run().exits(1);
    let old = &fixture.old;
    assert!(
        output.stderr.contains(&format!(
            "error: key {old} stays enabled: secret/copy -n {namespace} carries it"
        )),
        "{output}"
    );
    assert!(fixture.keys().contains(&(old.clone(), false)));
    // A run over all names finishes it.
    fixture.rotate([""; 0]).run().success();
    fixture.assert_rotated();
}

#[test]
fn force_disable_ends_the_key_although_a_straggler_carries_it() {
    let fixture = Fixture::new("rotate-force", 2);
    let (selected, other) = (&fixture.namespaces[0], &fixture.namespaces[1]);
    let output = fixture
        .rotate_in(selected, ["--force-disable"])
        .run()
        .success();
    assert!(
        output.stderr.contains(&format!(
            "Warning: secret/gcr-io -n {other} carries it (--force-disable)"
        )),
        "{output}"
    );
    let key = fixture.key();
    assert_ne!(key, fixture.old);
    assert_eq!(fixture.carried(), [key, fixture.old.clone()]);
}

#[test]
fn secret_that_appears_while_the_new_key_cannot_be_read_is_named_and_kept() {
    let fixture = Fixture::new("rotate-late", 1);
    let namespace = &fixture.namespaces[0];
    let refused = Fault::Respond(CannedError::api(400, "FAILED_PRECONDITION", "not now"));
    fixture.google.inject(Rule::on("keys.disable"), refused);
    fixture.rotate([""; 0]).run().exits(1);
    fixture.google.clear_faults();
    // All Secrets carry the new key. The next run finishes the rotation, but may not read the key.
    let user = fixture
        .cluster
        .user()
        .allow(namespace, &[PolicyRule::new("patch,create", "secrets")])
        .allow_cluster_wide(&[PolicyRule::new("list", "secrets")]);
    let session = user.session();
    let delay = Fault::Delay(Duration::from_secs(3));
    let slow = fixture.google.inject(Rule::on("keys.list").first(1), delay);
    let run = session
        .gcr_secret(["rotate", "-n", namespace])
        .envs(fixture.google.operator_environment())
        .spawn();
    wait_until("the run has searched the Secrets", || {
        fixture.google.hits(slow) > 0
    });
    fixture.create("late", namespace, ["--registry", REGISTRY]);
    let output = run.wait().exits(1);
    let old = &fixture.old;
    assert!(
        output.stderr.contains(&format!(
            "error: key {old} stays enabled: secret/late -n {namespace} carries it"
        )),
        "{output}"
    );
    let late = fixture.cluster.get("secret/late", namespace);
    assert_eq!(carried_key(&late), *old);
    assert!(fixture.keys().contains(&(old.clone(), false)));
    fixture.rotate([""; 0]).run().success();
    assert_eq!(fixture.google.count("keys.create"), 1);
    fixture.assert_rotated();
}

#[test]
fn without_scope_check_other_namespaces_are_not_searched() {
    let fixture = Fixture::new("rotate-no-check", 2);
    let selected = &fixture.namespaces[0];
    fixture
        .rotate_in(selected, ["--scope-check=false"])
        .run()
        .success();
    let key = fixture.key();
    assert_eq!(fixture.carried(), [key, fixture.old.clone()]);
}
