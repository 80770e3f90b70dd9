//! An unfinished rotation is finished by the next run, without a further key.

use gcr_test_support::fake_google::{CannedError, Fault, Propagation, Rule};
use gcr_test_support::fault_proxy::{self, CannedResponse};
use gcr_test_support::{FaultProxy, Signal};

use crate::fixture::{EMAIL, Fixture, REGISTRY};

#[test]
fn failed_deletion_is_finished_by_the_next_run() {
    let fixture = Fixture::new("rotate-finish", 2);
    let fault = Fault::Respond(CannedError::api(400, "FAILED_PRECONDITION", "not now"));
    fixture.google.inject(Rule::on("keys.delete"), fault);
    fixture.rotate([""; 0]).run().failure();
    let keys = fixture.keys();
    assert!(keys.contains(&(fixture.old.clone(), true)), "{keys:?}");
    let old = fixture.old.clone();
    assert_eq!(fixture.previous(), [old.clone(), old.clone()]);
    fixture.google.clear_faults();
    let output = fixture.rotate([""; 0]).run().success();
    assert_eq!(fixture.google.count("keys.create"), 1, "{output}");
    fixture.assert_rotated();
    assert!(
        output.stdout.contains(&format!("key/{old} deleted\n")),
        "{output}"
    );
    assert!(!output.stdout.contains(" configured"), "{output}");
}

#[test]
fn killed_writes_are_finished_by_the_next_run() {
    let fixture = Fixture::new("rotate-killed", 8);
    let proxy = FaultProxy::new(fixture.cluster);
    let hang = proxy.inject(
        fault_proxy::Rule::on("patch", "secrets").skip(3),
        fault_proxy::Fault::Hang,
    );
    let session = proxy.session();
    let mut run = session
        .gcr_secret(["rotate", "-n", &fixture.scope()])
        .envs(fixture.google.operator_environment())
        .spawn();
    gcr_test_support::wait_until("some Secrets carry the new key", || {
        proxy.hits(hang) > 0 && fixture.carried().iter().any(|key| *key != fixture.old)
    });
    run.signal(Signal::KILL);
    run.wait();
    assert_eq!(fixture.keys().len(), 2);
    fixture.rotate([""; 0]).run().success();
    assert_eq!(fixture.google.count("keys.create"), 1);
    fixture.assert_rotated();
}

#[test]
fn key_of_a_killed_run_that_no_secret_carries_is_named_and_kept() {
    let fixture = Fixture::new("rotate-orphan", 1);
    let (_, file) = fixture.google.add_key("gcr-pull");
    let orphan = crate::fixture::key_id(&file);
    let output = fixture.rotate([""; 0]).run().success();
    let command = format!("gcloud iam service-accounts keys delete {orphan} --iam-account={EMAIL}");
    assert_eq!(output.stderr.matches(&command).count(), 1, "{output}");
    let keys = fixture.keys();
    assert!(keys.contains(&(orphan, false)), "{keys:?}");
    assert_eq!(keys.len(), 2, "{keys:?}");
}

#[test]
fn failed_write_keeps_the_old_key_until_the_next_run() {
    let fixture = Fixture::new("rotate-failed", 3);
    finish_after_failed_write(&fixture);
}

#[test]
fn unfinished_rotation_of_a_key_in_base64_is_finished_without_a_further_key() {
    let fixture = Fixture::new("rotate-failed-base64", 3);
    let flags = ["--registry", REGISTRY, "--auth=json-key-base64"];
    fixture.create("gcr-io", &fixture.scope(), flags);
    finish_after_failed_write(&fixture);
}

/// Lets the write of one Secret fail, and finishes the rotation by a second run.
fn finish_after_failed_write(fixture: &Fixture<'_>) {
    let proxy = FaultProxy::new(fixture.cluster);
    let broken = &fixture.namespaces[1];
    proxy.inject(
        fault_proxy::Rule::on("patch", "secrets").namespace(broken),
        fault_proxy::Fault::Replace(CannedResponse::status(403, "Forbidden", "denied")),
    );
    let output = proxy
        .session()
        .gcr_secret(["rotate", "-n", &fixture.scope()])
        .envs(fixture.google.operator_environment())
        .run()
        .exits(1);
    assert!(
        output.stderr.contains(&format!(
            "secret/gcr-io -n {broken} was not written (failed)"
        )),
        "{output}"
    );
    let keys = fixture.keys();
    assert!(keys.iter().all(|(_, disabled)| !disabled), "{keys:?}");
    fixture.rotate([""; 0]).run().success();
    assert_eq!(fixture.google.count("keys.create"), 1);
    fixture.assert_rotated();
}

#[test]
fn key_that_no_write_accepted_is_deleted_again() {
    let fixture = Fixture::new("rotate-none-written", 2);
    let user = fixture
        .cluster
        .user()
        .allow_cluster_wide(&[gcr_test_support::PolicyRule::new("list", "secrets")]);
    let output = user
        .session()
        .gcr_secret(["rotate", "-n", &fixture.scope()])
        .envs(fixture.google.operator_environment())
        .run()
        .exits(1);
    fixture.assert_untouched();
    assert!(output.stdout.contains(" deleted\n"), "{output}");
}

#[test]
fn bounded_number_of_secrets_names_the_previous_key_of_an_unfinished_rotation() {
    let fixture = Fixture::new("rotate-marked", 120);
    // The run dies after the last write.
    let fault = Fault::Respond(CannedError::api(400, "FAILED_PRECONDITION", "not now"));
    fixture.google.inject(Rule::on("keys.disable"), fault);
    fixture.rotate([""; 0]).run().exits(1);
    fixture.google.clear_faults();
    let annotations = |name: &str| -> Vec<String> {
        let secrets = fixture.cluster.list("secrets").into_iter();
        let secrets = secrets.filter(|it| {
            let namespace = it["metadata"]["namespace"].as_str().unwrap_or_default();
            fixture.namespaces.iter().any(|known| known == namespace)
        });
        let name = format!("kubectl-gcr-secret/{name}");
        let values = secrets.map(|it| it["metadata"]["annotations"][&name].clone());
        values
            .filter_map(|it| it.as_str().map(str::to_owned))
            .collect()
    };
    let new = annotations("key-id");
    assert!(new.len() == 120 && !new.contains(&fixture.old), "{new:?}");
    assert_eq!(
        annotations("previous-key-id"),
        vec![fixture.old.clone(); 100]
    );
    fixture.rotate([""; 0]).run().success();
    assert_eq!(fixture.google.count("keys.create"), 1);
    assert_eq!(annotations("key-id"), vec![fixture.key(); 120]);
    assert_eq!(annotations("previous-key-id"), [""; 0]);
}

#[test]
fn failed_read_of_the_new_key_creates_no_further_key() {
    let fixture = Fixture::new("rotate-unread-key", 2);
    let broken = &fixture.namespaces[1];
    let proxy = FaultProxy::new(fixture.cluster);
    let session = proxy.session();
    let rotate = || {
        session
            .gcr_secret(["rotate", "-n", &fixture.scope()])
            .envs(fixture.google.operator_environment())
            .run()
            .exits(1)
    };
    let denied = CannedResponse::status(403, "Forbidden", "denied");
    let rule = fault_proxy::Rule::on("patch", "secrets").namespace(broken);
    proxy.inject(rule, fault_proxy::Fault::Replace(denied));
    rotate();
    proxy.clear_faults();
    let odd = CannedResponse::status(400, "BadRequest", "not now");
    let rule = fault_proxy::Rule::on("get", "secrets").namespace(&fixture.namespaces[0]);
    proxy.inject(rule, fault_proxy::Fault::Replace(odd));
    let output = rotate();
    assert!(
        output.stderr.contains("cannot be read from the Secrets"),
        "{output}"
    );
    assert_eq!(fixture.google.count("keys.create"), 1);
    fixture.rotate([""; 0]).run().success();
    assert_eq!(fixture.google.count("keys.create"), 1);
    fixture.assert_rotated();
}

#[test]
fn deletion_of_an_unused_key_with_an_unclear_answer_is_unknown() {
    let fixture = Fixture::new("rotate-unclear", 1);
    fixture.google.set_propagation(Propagation {
        keys: 1_000_000,
        ..Propagation::default()
    });
    let unclear = Fault::Respond(CannedError::captive_portal());
    fixture.google.inject(Rule::on("keys.delete"), unclear);
    let output = fixture.rotate(["--timeout", "1s"]).run().exits(1);
    assert!(
        output.stderr.contains(", and it may not be deleted: ")
            && output
                .stderr
                .contains("hint: delete the unused key: gcloud")
            && output
                .stderr
                .contains(": it is unknown whether it was written: "),
        "{output}"
    );
}
