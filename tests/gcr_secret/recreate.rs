//! `--recreate`: a Secret of another type, or an immutable one, is deleted and made anew, but nothing of somebody
//! else's is lost.

use std::time::Duration;

use gcr_test_support::keys;
use serde_json::{Value, json};

use crate::setting::{Setting, assert_said};

const LABEL: &str = "app.kubernetes.io/managed-by";
const WRONG_TYPE: &str = r#"error: secret "gcr-io" has another type than kubernetes.io/dockerconfigjson, and a Secret's type cannot be changed"#;
const RECREATE: &str =
    "hint: --recreate deletes it and creates it anew; pods keep running, pulls in between fail";
const BY_FORCE: &str = "hint: --recreate --force-conflicts deletes it all the same";

/// An Opaque Secret with our label, as some other way of making pull secrets leaves it.
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
fn another_type_is_said_and_left_alone() {
    let setting = Setting::new("recreate");
    setting.object(opaque());
    let made = setting.secret();
    let output = setting.create().run();
    assert_said(&output, 1, &[], &[WRONG_TYPE, RECREATE]);
    let output = setting.create().args(["--force-conflicts"]).run();
    assert_said(&output, 1, &[], &[WRONG_TYPE, RECREATE]);
    assert_eq!(setting.secret(), made);
}

#[test]
fn another_type_is_replaced() {
    let setting = Setting::new("recreate");
    setting.object(opaque());
    let before = setting.secret();
    let output = setting.typed().args(["--recreate"]).run();
    assert_said(&output, 0, &["secret/gcr-io replaced"], &[]);
    let after = setting.secret();
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(after["type"], "kubernetes.io/dockerconfigjson");
    assert_eq!(
        setting.config("gcr-io")["auths"]["gcr.io"]["auth"],
        keys::key_auth()
    );
    let again = setting.typed().args(["--recreate"]).run();
    assert_said(&again, 0, &["secret/gcr-io unchanged"], &[]);
    assert_eq!(setting.secret(), after);
}

#[test]
fn an_immutable_one_is_replaced_only_for_other_content() {
    let setting = Setting::new("recreate");
    setting.create().run().success();
    setting.kubectl(["patch", "secret", "gcr-io", "-p", r#"{"immutable":true}"#]);
    let before = setting.secret();
    let output = setting.create().args(["--recreate"]).run();
    assert_said(&output, 0, &["secret/gcr-io unchanged"], &[]);

    let rotated = ["--key-file", "rotated-key.json"];
    let output = setting.bare().args(rotated).run();
    let immutable = r#"error: secret "gcr-io" is immutable: its data cannot be changed"#;
    assert_said(&output, 1, &[], &[immutable, RECREATE]);
    assert_eq!(setting.secret(), before);

    let output = setting.bare().args(rotated).args(["--recreate"]).run();
    assert_said(&output, 0, &["secret/gcr-io replaced"], &[]);
    let after = setting.secret();
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(after.get("immutable"), None);
}

#[test]
fn a_secret_that_is_in_nobodys_way_is_not_deleted() {
    let setting = Setting::new("recreate");
    setting.create().run().success();
    let before = setting.secret();
    let words = ["--key-file", "rotated-key.json", "--recreate"];
    let output = setting.bare().args(words).run();
    assert_said(&output, 0, &["secret/gcr-io configured"], &[]);
    assert_eq!(
        setting.secret()["metadata"]["uid"],
        before["metadata"]["uid"]
    );
    let output = setting
        .bare()
        .args(["--key-file", "key.json", "--recreate", "x"])
        .run();
    assert_said(&output, 0, &["secret/x created"], &[]);
}

#[test]
fn a_secret_without_our_label_wants_force() {
    let setting = Setting::new("recreate");
    setting.object(with("/metadata/labels", json!({"team": "payments"})));
    let before = setting.secret();
    let output = setting.create().args(["--recreate"]).run();
    assert_said(
        &output,
        1,
        &[],
        &[
            r#"error: secret "gcr-io" will not be deleted: it does not carry the label app.kubernetes.io/managed-by: kubectl-gcr-secret"#,
            BY_FORCE,
        ],
    );
    assert_eq!(setting.secret(), before);
    let output = setting
        .create()
        .args(["--recreate", "--force-conflicts"])
        .run();
    assert_said(&output, 0, &["secret/gcr-io replaced"], &[]);
}

#[test]
fn a_secret_that_another_manager_applies_wants_force() {
    let setting = Setting::new("recreate");
    let mut secret = opaque();
    secret["metadata"]["namespace"] = setting.namespace.as_str().into();
    let words = [
        "apply",
        "--server-side",
        "--field-manager",
        "flux",
        "-f",
        "-",
    ];
    let apply = setting.cluster.kubectl(words);
    apply.stdin(secret.to_string()).run().success();
    let before = setting.secret();

    let output = setting.create().args(["--recreate"]).run();
    let error = r#"error: secret "gcr-io" will not be deleted: "flux" applies it"#;
    assert_said(&output, 1, &[], &[error, BY_FORCE]);
    assert_eq!(setting.secret(), before);
    let output = setting
        .create()
        .args(["--recreate", "--force-conflicts"])
        .run();
    assert_said(&output, 0, &["secret/gcr-io replaced"], &[]);
}

#[test]
fn what_holds_other_keys_or_belongs_to_an_owner_is_refused_with_force_too() {
    let setting = Setting::new("recreate");
    setting.kubectl(["create", "configmap", "owner"]);
    let owner = json!([{
        "apiVersion": "v1", "kind": "ConfigMap", "name": "owner",
        "uid": setting.get("configmap/owner")["metadata"]["uid"],
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
        setting.object(secret);
        let before = setting.secret();
        let output = setting
            .create()
            .args(["--recreate", "--force-conflicts"])
            .run();
        let error = format!(r#"error: secret "gcr-io" will not be deleted: {why}"#);
        assert_said(&output, 1, &[], &[&error]);
        assert_eq!(setting.secret(), before);
        setting.kubectl(["delete", "secret", "gcr-io"]);
    }
}

#[test]
fn a_finalizer_is_named_when_the_time_is_up() {
    let setting = Setting::new("recreate");
    setting.object(with("/metadata/finalizers", json!(["example.com/hold"])));
    let output = setting.create().args(["--recreate", "--timeout=1s"]).run();
    let error = r#"error: secret "gcr-io" is still being deleted: it waits for example.com/hold"#;
    assert_said(&output, 1, &[], &[error]);
    assert!(
        (Duration::from_secs(1)..Duration::from_secs(5)).contains(&output.elapsed),
        "{output}"
    );

    // Once it is let go, the same command ends the work.
    let create = setting
        .create()
        .args(["--recreate", "--timeout=30s"])
        .spawn();
    let patch = r#"{"metadata":{"finalizers":null}}"#;
    setting.kubectl(["patch", "secret", "gcr-io", "--type=merge", "-p", patch]);
    let output = create.wait().success();
    assert!(
        ["secret/gcr-io replaced\n", "secret/gcr-io created\n"].contains(&output.stdout.as_str()),
        "{output}"
    );
    assert_eq!(setting.secret()["type"], "kubernetes.io/dockerconfigjson");
}

#[test]
fn a_dry_run_deletes_nothing() {
    let setting = Setting::new("recreate");
    setting.object(opaque());
    let before = setting.secret();
    let output = setting
        .create()
        .args(["--recreate", "--dry-run=server"])
        .run();
    assert_said(
        &output,
        0,
        &["secret/gcr-io replaced (server dry run)"],
        &[],
    );
    let words = ["--recreate", "--dry-run=server", "-o", "json"];
    let output = setting.create().args(words).run().success();
    let shown: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(shown["type"], "kubernetes.io/dockerconfigjson");
    assert_eq!(shown["data"], json!({".dockerconfigjson": "***"}));
    assert_eq!(setting.secret(), before);
}

#[test]
fn a_dry_run_is_refused_where_the_deletion_would_be() {
    let setting = Setting::new("recreate");
    setting.object(with("/data/password", json!("aHVudGVyMg==")));
    let output = setting
        .create()
        .args(["--recreate", "--dry-run=server"])
        .run();
    let error = r#"error: secret "gcr-io" will not be deleted: it holds another key, "password""#;
    assert_said(&output, 1, &[], &[error]);
}
