//! `--recreate`: a Secret with another type or an immutable Secret is deleted and created again, unless that would lose data of
//! other owners.

use std::time::Duration;

use gcr_test_support::fault_proxy::{FaultProxy, Rule};
use gcr_test_support::{keys, wait_until};
use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output, write_key_files};

const LABEL: &str = "app.kubernetes.io/managed-by";
const WRONG_TYPE: &str = r#"error: secret "gcr-io" has another type than kubernetes.io/dockerconfigjson, and a Secret's type cannot be changed"#;
const RECREATE: &str = "hint: pass --recreate to delete it and create a new one; running pods continue, image pulls in between fail";
const BY_FORCE: &str = "hint: pass --force-conflicts with --recreate to delete it anyway";

/// Returns an Opaque Secret with the plugin's label, as another tool could create a pull Secret.
fn opaque() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "gcr-io", "labels": {LABEL: "kubectl-gcr-secret"}},
        "data": {".dockerconfigjson": "e30="},
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut secret = opaque();
    let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
    if let Some(parent) = secret.pointer_mut(parent) {
        parent[name] = value;
    }
    secret
}

#[test]
fn other_type_without_recreate_fails() {
    let fixture = Fixture::new("recreate");
    fixture.create_object(opaque());
    let made = fixture.secret();
    let output = fixture.create().run();
    assert_output(&output, 1, &[], &[WRONG_TYPE, RECREATE]);
    let output = fixture.create().args(["--force-conflicts"]).run();
    assert_output(&output, 1, &[], &[WRONG_TYPE, RECREATE]);
    assert_eq!(fixture.secret(), made);
}

#[test]
fn other_type_is_replaced() {
    let fixture = Fixture::new("recreate");
    fixture.create_object(opaque());
    let before = fixture.secret();
    let output = fixture.create_via_kubectl().args(["--recreate"]).run();
    assert_output(&output, 0, &["secret/gcr-io replaced"], &[]);
    let after = fixture.secret();
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(after["type"], "kubernetes.io/dockerconfigjson");
    assert_eq!(
        fixture.docker_config("gcr-io")["auths"]["gcr.io"]["auth"],
        keys::key_auth()
    );
    let again = fixture.create_via_kubectl().args(["--recreate"]).run();
    assert_output(&again, 0, &["secret/gcr-io unchanged"], &[]);
    assert_eq!(fixture.secret(), after);
}

#[test]
fn immutable_secret_is_replaced_only_for_new_content() {
    let fixture = Fixture::new("recreate");
    fixture.create().run().success();
    fixture.kubectl(["patch", "secret", "gcr-io", "-p", r#"{"immutable":true}"#]);
    let before = fixture.secret();
    let output = fixture.create().args(["--recreate"]).run();
    assert_output(&output, 0, &["secret/gcr-io unchanged"], &[]);

    let rotated = ["--key-file", "rotated-key.json"];
    let output = fixture.create_without_key().args(rotated).run();
    let immutable = r#"error: secret "gcr-io" is immutable: its data cannot be changed"#;
    assert_output(&output, 1, &[], &[immutable, RECREATE]);
    assert_eq!(fixture.secret(), before);

    let output = fixture
        .create_without_key()
        .args(rotated)
        .args(["--recreate"])
        .run();
    assert_output(&output, 0, &["secret/gcr-io replaced"], &[]);
    let after = fixture.secret();
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(after.get("immutable"), None);
}

#[test]
fn updatable_secret_is_not_deleted() {
    let fixture = Fixture::new("recreate");
    fixture.create().run().success();
    let before = fixture.secret();
    let args = ["--key-file", "rotated-key.json", "--recreate"];
    let output = fixture.create_without_key().args(args).run();
    assert_output(&output, 0, &["secret/gcr-io configured"], &[]);
    assert_eq!(
        fixture.secret()["metadata"]["uid"],
        before["metadata"]["uid"]
    );
    let output = fixture
        .create_without_key()
        .args(["--key-file", "key.json", "--recreate", "x"])
        .run();
    assert_output(&output, 0, &["secret/x created"], &[]);
}

#[test]
fn secret_without_label_requires_force() {
    let fixture = Fixture::new("recreate");
    fixture.create_object(with("/metadata/labels", json!({"team": "payments"})));
    let before = fixture.secret();
    let output = fixture.create().args(["--recreate"]).run();
    assert_output(
        &output,
        1,
        &[],
        &[
            r#"error: secret "gcr-io" will not be deleted: it does not carry the label app.kubernetes.io/managed-by: kubectl-gcr-secret"#,
            BY_FORCE,
        ],
    );
    assert_eq!(fixture.secret(), before);
    let output = fixture
        .create()
        .args(["--recreate", "--force-conflicts"])
        .run();
    assert_output(&output, 0, &["secret/gcr-io replaced"], &[]);
}

#[test]
fn secret_of_other_applier_requires_force() {
    let fixture = Fixture::new("recreate");
    let mut secret = opaque();
    secret["metadata"]["namespace"] = fixture.namespace.as_str().into();
    let args = [
        "apply",
        "--server-side",
        "--field-manager",
        "flux",
        "-f",
        "-",
    ];
    let apply = fixture.cluster.kubectl(args);
    apply.stdin(secret.to_string()).run().success();
    let before = fixture.secret();

    let output = fixture.create().args(["--recreate"]).run();
    let error = r#"error: secret "gcr-io" will not be deleted: "flux" applies it"#;
    assert_output(&output, 1, &[], &[error, BY_FORCE]);
    assert_eq!(fixture.secret(), before);
    let output = fixture
        .create()
        .args(["--recreate", "--force-conflicts"])
        .run();
    assert_output(&output, 0, &["secret/gcr-io replaced"], &[]);
}

#[test]
fn secret_with_other_keys_or_owner_is_never_deleted() {
    let fixture = Fixture::new("recreate");
    fixture.kubectl(["create", "configmap", "owner"]);
    let owner = json!([{
        "apiVersion": "v1", "kind": "ConfigMap", "name": "owner",
        "uid": fixture.get("configmap/owner")["metadata"]["uid"],
    }]);
    for (secret, why) in [
        (
            with("/data/password", json!("aHVudGVyMg==")),
            r#"it holds another key, "password""#,
        ),
        (
            with("/metadata/ownerReferences", owner),
            "it belongs to ConfigMap/owner",
        ),
    ] {
        fixture.create_object(secret);
        let before = fixture.secret();
        let output = fixture
            .create()
            .args(["--recreate", "--force-conflicts"])
            .run();
        let error = format!(r#"error: secret "gcr-io" will not be deleted: {why}"#);
        assert_output(&output, 1, &[], &[&error]);
        assert_eq!(fixture.secret(), before);
        fixture.kubectl(["delete", "secret", "gcr-io"]);
    }
}

#[test]
fn finalizer_is_named_after_timeout() {
    let fixture = Fixture::new("recreate");
    fixture.create_object(with("/metadata/finalizers", json!(["example.com/hold"])));
    let output = fixture.create().args(["--recreate", "--timeout=1s"]).run();
    let error = r#"error: secret "gcr-io" is still being deleted: waiting for example.com/hold"#;
    assert_output(&output, 1, &[], &[error]);
    assert!(
        (Duration::from_secs(1)..Duration::from_secs(5)).contains(&output.elapsed),
        "{output}"
    );

    // After the finalizer is removed, the same command completes.
    let create = fixture
        .create()
        .args(["--recreate", "--timeout=30s"])
        .spawn();
    let patch = r#"{"metadata":{"finalizers":null}}"#;
    fixture.kubectl(["patch", "secret", "gcr-io", "--type=merge", "-p", patch]);
    let output = create.wait().success();
    assert!(
        ["secret/gcr-io replaced\n", "secret/gcr-io created\n"].contains(&output.stdout.as_str()),
        "{output}"
    );
    assert_eq!(fixture.secret()["type"], "kubernetes.io/dockerconfigjson");
}

#[test]
fn timeout_begins_with_the_deletion() {
    let fixture = Fixture::new("recreate");
    fixture.create_object(with("/metadata/finalizers", json!(["example.com/hold"])));
    let proxy = FaultProxy::new(fixture.cluster);
    proxy.delay(Rule::on("delete", "secrets"), Duration::from_secs(6));
    let session = proxy.session();
    write_key_files(&session);
    let args = [
        "create",
        "--key-file=key.json",
        "--recreate",
        "--timeout=5s",
    ];
    let create = session.gcr_secret(args);
    let create = create.args(["-n", &fixture.namespace]).spawn();
    wait_until("the Secret is being deleted", || {
        fixture.secret()["metadata"]["deletionTimestamp"].is_string()
    });
    let patch = r#"{"metadata":{"finalizers":null}}"#;
    fixture.kubectl(["patch", "secret", "gcr-io", "--type=merge", "-p", patch]);
    assert_output(&create.wait(), 0, &["secret/gcr-io replaced"], &[]);
}

#[test]
fn recreate_in_dry_run_deletes_nothing() {
    let fixture = Fixture::new("recreate");
    fixture.create_object(opaque());
    let before = fixture.secret();
    let output = fixture
        .create()
        .args(["--recreate", "--dry-run=server"])
        .run();
    assert_output(
        &output,
        0,
        &["secret/gcr-io replaced (server dry run)"],
        &[],
    );
    let args = ["--recreate", "--dry-run=server", "-o", "json"];
    let output = fixture.create().args(args).run().success();
    let shown: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(shown["type"], "kubernetes.io/dockerconfigjson");
    assert_eq!(shown["data"], json!({".dockerconfigjson": "***"}));
    assert_eq!(fixture.secret(), before);
}

#[test]
fn recreate_in_dry_run_reports_rejected_deletion() {
    let fixture = Fixture::new("recreate");
    fixture.create_object(with("/data/password", json!("aHVudGVyMg==")));
    let output = fixture
        .create()
        .args(["--recreate", "--dry-run=server"])
        .run();
    let error = r#"error: secret "gcr-io" will not be deleted: it holds another key, "password""#;
    assert_output(&output, 1, &[], &[error]);
}
