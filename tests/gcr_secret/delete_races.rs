//! `delete` while other clients write, after lost responses, and after a kill.

use std::time::Duration;

use gcr_test_support::fault_proxy::{Fault, FaultProxy, Rule};
use gcr_test_support::{Signal, wait_until};
use serde_json::json;

use crate::delete::{
    DELETED, LABEL, assert_deleted, attached, delete, delete_in, patch_account, patch_secret,
};
use crate::fixture::{assert_output, write_key_files};

#[test]
fn reference_that_is_added_meanwhile_is_removed() {
    let fixture = attached();
    let proxy = FaultProxy::new(fixture.cluster);
    let rule = proxy.delay(Rule::on("delete", "secrets"), Duration::from_secs(3));
    let session = proxy.session();
    let running = delete_in(&session, &fixture.namespace).spawn();
    wait_until("the deletion waits", || proxy.hits(rule) == 1);
    patch_account(
        &fixture,
        json!([{"name": "a"}, {}, {"name": "gcr-io"}, {"name": "b"}]),
    );
    let warning = "Warning: serviceaccount \"default\" was changed to reference secret \"gcr-io\" while it was deleted; the \
                   reference was removed";
    assert_output(&running.wait(), 0, &DELETED, &[warning]);
    assert_deleted(&fixture);
}

#[test]
fn secret_that_changes_meanwhile_is_checked_again() {
    let fixture = attached();
    let proxy = FaultProxy::new(fixture.cluster);
    let rule = proxy.delay(Rule::on("delete", "secrets").nth(1), Duration::from_secs(3));
    let session = proxy.session();
    let running = delete_in(&session, &fixture.namespace).spawn();
    wait_until("the deletion waits", || proxy.hits(rule) == 1);
    patch_secret(&fixture, &json!({"metadata": {"labels": {LABEL: "Helm"}}}));
    let output = running.wait().exits(1);
    assert!(
        output
            .stderr
            .starts_with(r#"error: secret "gcr-io" will not be deleted: "#),
        "{output}"
    );
    fixture.secret();
    let allowed = delete(&fixture).arg("--allow-unmanaged").run();
    assert_output(&allowed, 0, &["secret/gcr-io deleted"], &[]);
    assert_deleted(&fixture);
}

#[test]
fn deletion_whose_response_is_lost_is_reported_as_deleted() {
    let fixture = attached();
    let proxy = FaultProxy::new(fixture.cluster);
    proxy.inject(Rule::on("delete", "secrets").nth(1), Fault::ResponseLost);
    let output = delete_in(&proxy.session(), &fixture.namespace).run();
    assert_output(&output, 0, &DELETED, &[]);
    assert_deleted(&fixture);
}

#[test]
fn secret_that_a_finalizer_keeps_is_not_deleted() {
    let fixture = attached();
    let finalizers = |list| json!({"metadata": {"finalizers": list}});
    patch_secret(&fixture, &finalizers(json!(["example.com/hold"])));
    let error = r#"error: secret "gcr-io" is still being deleted: waiting for example.com/hold"#;
    let patched = DELETED[0];
    assert_output(&delete(&fixture).run(), 1, &[patched], &[error]);
    let again = delete(&fixture).run();
    assert_output(&again, 1, &[], &[error]);
    patch_secret(&fixture, &finalizers(json!(null)));
    assert_deleted(&fixture);
}

#[test]
fn killed_run_is_finished_by_the_next() {
    for resource in ["serviceaccounts", "secrets"] {
        for fault in [Fault::Hang, Fault::HangAfterCommit] {
            let fixture = attached();
            let proxy = FaultProxy::new(fixture.cluster);
            let verb = if resource == "secrets" {
                "delete"
            } else {
                "patch"
            };
            let rule = proxy.inject(Rule::on(verb, resource), fault);
            let session = proxy.session();
            let mut running = delete_in(&session, &fixture.namespace).spawn();
            wait_until("the write hangs", || proxy.hits(rule) == 1);
            running.signal(Signal::KILL);
            running.wait();
            // The Secret outlives the references to it.
            let names = fixture.pull_secrets("default").to_string();
            assert!(!names.contains("gcr-io") || fixture.find("secret/gcr-io").is_some());
            delete(&fixture).arg("--ignore-not-found").run().success();
            assert_deleted(&fixture);
        }
    }
}

#[test]
fn concurrent_writers_lose_nothing() {
    let fixture = attached();
    let user = |name: &str| {
        let session = fixture.cluster.session();
        write_key_files(&session);
        (session, name.to_owned())
    };
    let namespace = &fixture.namespace;
    std::thread::scope(|scope| {
        for (session, name) in ["w1", "w2", "w3"].map(user) {
            scope.spawn(move || {
                for _ in 0..4 {
                    let attach = ["--secret", &name, "-n", namespace];
                    session.gcr_patch_sa(attach).run().success();
                    let args = ["create", "--key-file=key.json", "-n", namespace];
                    session.gcr_secret(args).run().success();
                }
            });
        }
        let session = fixture.cluster.session();
        scope.spawn(move || {
            for _ in 0..6 {
                delete_in(&session, namespace)
                    .arg("--ignore-not-found")
                    .run()
                    .success();
            }
        });
    });
    delete(&fixture).arg("--ignore-not-found").run().success();
    assert_eq!(fixture.find("secret/gcr-io"), None);
    let list = fixture.pull_secrets("default");
    let mut names: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str())
        .collect();
    names.sort_unstable();
    let expected = [
        None,
        Some("a"),
        Some("b"),
        Some("w1"),
        Some("w2"),
        Some("w3"),
    ];
    assert_eq!(names, expected);
}
