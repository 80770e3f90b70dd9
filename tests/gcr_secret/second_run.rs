//! A second run sends no write where the Secret provably has its content, and an apply wherever another client has changed
//! it in any way.

use gcr_test_support::fault_proxy::FaultProxy;
use gcr_test_support::{Output, Session, keys};
use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output, write_key_files};

/// A Secret that the first run has written, and a proxy that counts the requests of later runs.
struct SecondRun {
    fixture: Fixture,
    proxy: FaultProxy,
    session: Session,
}

impl SecondRun {
    fn new() -> Self {
        let fixture = Fixture::new("second-run");
        fixture.create().run().success();
        let proxy = FaultProxy::new(fixture.cluster);
        let session = proxy.session();
        write_key_files(&session);
        Self {
            fixture,
            proxy,
            session,
        }
    }

    fn kubectl(&self, args: &[&str]) {
        self.fixture.kubectl(args);
    }

    /// Replaces the Secret by the output of `change`, with `kubectl replace`.
    fn replace(&self, change: impl FnOnce(&mut Value)) {
        let mut secret = self.fixture.secret();
        change(&mut secret);
        secret["metadata"]["resourceVersion"].take();
        let file = self
            .fixture
            .session
            .file("secret.json", secret.to_string(), 0o600);
        self.kubectl(&["replace", "-f", &file.to_string_lossy()]);
    }

    fn run(&self, args: &[&str]) -> Output {
        self.proxy.reset_counters();
        self.session
            .gcr_secret(["create", "--key-file", "key.json", "-n"])
            .arg(&self.fixture.namespace)
            .args(args)
            .run()
    }

    /// Asserts that a run sends an apply, and that the Secret then has its content, or that the run reports a conflict.
    #[track_caller]
    fn assert_applies(&self, change: &str) {
        let output = self.run(&[]);
        assert_eq!(self.proxy.traffic().write_count(), 1, "{change}: {output}");
        if output.code != Some(0) {
            assert!(output.stderr.contains("is held by"), "{change}: {output}");
            self.run(&["--force-conflicts"]).success();
            assert_eq!(self.proxy.traffic().write_count(), 1, "{change}");
        }
        let auth = &self.fixture.docker_config("gcr-io")["auths"]["gcr.io"]["auth"];
        assert_eq!(*auth, keys::key_auth(), "{change}");
        // The next run is quiet again.
        assert_output(&self.run(&[]), 0, &["secret/gcr-io unchanged"], &[]);
    }
}

/// The data of another credential, in base64 as in a manifest.
const OTHER_DATA: &str = "eyJhdXRocyI6eyJnY3IuaW8iOnsiYXV0aCI6ImRYTmxjanB3WVhOeiJ9fX0=";

fn data_patch() -> String {
    json!({"data": {".dockerconfigjson": OTHER_DATA}}).to_string()
}

#[test]
fn run_with_nothing_to_do_sends_one_read_and_no_write() {
    let second = SecondRun::new();
    let before = second.fixture.secret();
    let output = second.run(&[]);
    assert_output(&output, 0, &["secret/gcr-io unchanged"], &[]);
    let traffic = second.proxy.traffic();
    assert_eq!(traffic.write_count(), 0, "{traffic:?}");
    assert_eq!(traffic.total_requests(), 1, "{traffic:?}");
    assert_eq!(second.fixture.secret(), before);
    let output = second.run(&["--dry-run=server"]);
    let line = "secret/gcr-io unchanged (server dry run)";
    assert_output(&output, 0, &[line], &[]);
}

#[test]
fn other_labels_and_annotations_of_other_clients_cause_no_write() {
    let second = SecondRun::new();
    second.kubectl(&["label", "secret/gcr-io", "team=a"]);
    second.kubectl(&["annotate", "secret/gcr-io", "team=a"]);
    assert_output(&second.run(&[]), 0, &["secret/gcr-io unchanged"], &[]);
    assert_eq!(second.proxy.traffic().write_count(), 0);
}

#[test]
fn other_key_or_registry_is_applied() {
    let second = SecondRun::new();
    let output = second.run(&["--registry", "eu.gcr.io,gcr.io"]);
    assert_output(&output, 0, &["secret/gcr-io configured"], &[]);
    assert_output(
        &second.run(&[
            "--auth",
            "json-key-base64",
            "--registry",
            "eu.gcr.io,gcr.io",
        ]),
        0,
        &["secret/gcr-io configured"],
        &[],
    );
}

#[test]
fn data_patched_by_another_client_is_applied_again() {
    let second = SecondRun::new();
    second.kubectl(&["patch", "secret/gcr-io", "-p", &data_patch()]);
    second.assert_applies("patch");
}

#[test]
fn data_patched_under_our_manager_name_is_applied_again() {
    let second = SecondRun::new();
    let manager = "--field-manager=kubectl-gcr-secret";
    second.kubectl(&["patch", "secret/gcr-io", manager, "-p", &data_patch()]);
    second.assert_applies("patch under our name");
}

#[test]
fn data_replaced_by_an_update_is_applied_again() {
    let second = SecondRun::new();
    second.replace(|secret| secret["data"][".dockerconfigjson"] = json!(OTHER_DATA));
    second.assert_applies("replace");
}

#[test]
fn data_taken_over_by_another_apply_is_applied_again() {
    let second = SecondRun::new();
    let manifest = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "gcr-io"},
        "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": OTHER_DATA}});
    let file = second
        .fixture
        .session
        .file("theirs.json", manifest.to_string(), 0o600);
    let file = file.to_string_lossy();
    let args = [
        "apply",
        "--server-side",
        "--field-manager=theirs",
        "--force-conflicts",
        "-f",
    ];
    second.kubectl(&[&args[..], &[&file]].concat());
    second.assert_applies("apply with force");
}

#[test]
fn data_shared_with_another_apply_is_applied_again() {
    let second = SecondRun::new();
    let secret = second.fixture.secret();
    let manifest = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "gcr-io"},
        "type": "kubernetes.io/dockerconfigjson", "data": secret["data"]});
    let file = second
        .fixture
        .session
        .file("theirs.json", manifest.to_string(), 0o600);
    let args = ["apply", "--server-side", "--field-manager=theirs", "-f"];
    second.kubectl(&[&args[..], &[&file.to_string_lossy()]].concat());
    let output = second.run(&[]);
    assert_output(&output, 0, &["secret/gcr-io unchanged"], &[]);
    assert_eq!(second.proxy.traffic().write_count(), 1);
}

#[test]
fn apply_under_our_manager_name_without_digest_is_applied_again() {
    let second = SecondRun::new();
    let manifest = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "gcr-io"},
        "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": OTHER_DATA}});
    let file = second
        .fixture
        .session
        .file("ours.json", manifest.to_string(), 0o600);
    let args = [
        "apply",
        "--server-side",
        "--field-manager=kubectl-gcr-secret",
        "-f",
    ];
    second.kubectl(&[&args[..], &[&file.to_string_lossy()]].concat());
    second.assert_applies("apply under our name");
}

#[test]
fn cleared_managed_fields_prove_nothing() {
    let second = SecondRun::new();
    let clear = json!({"metadata": {"managedFields": [{}]}}).to_string();
    second.kubectl(&["patch", "secret/gcr-io", "--type=merge", "-p", &clear]);
    second.assert_applies("cleared managedFields");
}

#[test]
fn managed_fields_edited_by_hand_prove_nothing_about_lost_fields() {
    let second = SecondRun::new();
    second.replace(|secret| {
        secret["data"][".dockerconfigjson"] = json!(OTHER_DATA);
        let entries = secret["metadata"]["managedFields"].as_array_mut();
        for entry in entries.into_iter().flatten() {
            entry["fieldsV1"]["f:data"].take();
        }
    });
    second.assert_applies("edited managedFields");
}

#[test]
fn secret_of_an_older_version_without_digest_is_applied_once() {
    let second = SecondRun::new();
    let digest = "kubectl-gcr-secret/content-digest-";
    second.kubectl(&["annotate", "secret/gcr-io", digest]);
    let output = second.run(&[]);
    assert_output(&output, 0, &["secret/gcr-io configured"], &[]);
    assert_eq!(second.proxy.traffic().write_count(), 1);
    assert_output(&second.run(&[]), 0, &["secret/gcr-io unchanged"], &[]);
    assert_eq!(second.proxy.traffic().write_count(), 0);
}

#[test]
fn restored_backup_with_old_data_is_applied_again() {
    let second = SecondRun::new();
    let backup = second.fixture.secret();
    let rotated = second
        .session
        .gcr_secret(["create", "--key-file", "rotated-key.json", "-n"]);
    rotated.arg(&second.fixture.namespace).run().success();
    second.kubectl(&["delete", "secret/gcr-io"]);
    let mut restored = backup.clone();
    for field in ["uid", "resourceVersion", "creationTimestamp"] {
        restored["metadata"][field].take();
    }
    let file = second
        .fixture
        .session
        .file("backup.json", restored.to_string(), 0o600);
    second.kubectl(&["create", "-f", &file.to_string_lossy()]);
    // The backup has the content of key.json, so that the run with that key either proves it or applies it.
    second.run(&[]).success();
    let auth = &second.fixture.docker_config("gcr-io")["auths"]["gcr.io"]["auth"];
    assert_eq!(*auth, keys::key_auth());
    let rotated = second
        .session
        .gcr_secret(["create", "--key-file", "rotated-key.json", "-n"]);
    let output = rotated
        .arg(&second.fixture.namespace)
        .arg("--force-conflicts")
        .run();
    assert_output(&output, 0, &["secret/gcr-io configured"], &[]);
}

#[test]
fn merged_secret_has_no_digest_and_is_applied_again() {
    let second = SecondRun::new();
    second.kubectl(&["delete", "secret/gcr-io"]);
    let server = "--docker-server=quay.io";
    let args = ["create", "secret", "docker-registry", "gcr-io", server];
    let credential = ["--docker-username=user", "--docker-password=weak"];
    second.kubectl(&[&args[..], &credential[..]].concat());
    second.run(&["--merge", "--force-conflicts"]).success();
    let annotations = second.fixture.secret()["metadata"]["annotations"].clone();
    assert!(
        annotations
            .get("kubectl-gcr-secret/content-digest")
            .is_none(),
        "{annotations}"
    );
    second.run(&["--merge", "--force-conflicts"]).success();
    assert_eq!(second.proxy.traffic().write_count(), 1);
}
