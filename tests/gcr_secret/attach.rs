//! `--attach` and `--serviceaccount`: the Secret is written first, then the ServiceAccounts, whose other entries are kept.

use gcr_test_support::{PolicyRule, wait_until};
use serde_json::json;

use crate::fixture::{Fixture, assert_output, single_error, write_key_files};

#[test]
fn attach_adds_secret_to_default_account() {
    let fixture = Fixture::new("attach");
    let output = fixture.create_via_kubectl().args(["--attach"]).run();
    let done = ["secret/gcr-io created", "serviceaccount/default patched"];
    assert_output(&output, 0, &done, &[]);
    assert_eq!(fixture.pull_secrets("default"), json!([{"name": "gcr-io"}]));

    let account = fixture.get("serviceaccount/default");
    let output = fixture.create_via_kubectl().args(["--attach"]).run();
    let done = [
        "secret/gcr-io unchanged",
        "serviceaccount/default patched (no change)",
    ];
    assert_output(&output, 0, &done, &[]);
    assert_eq!(fixture.get("serviceaccount/default"), account);
}

#[test]
fn existing_pull_secrets_keep_their_order() {
    let fixture = Fixture::new("attach");
    let before = json!([{"name": "docker-hub"}, {}, {"name": "quay"}, {"name": "docker-hub"}]);
    let patch = json!({"imagePullSecrets": before}).to_string();
    fixture.kubectl(["patch", "serviceaccount", "default", "-p", &patch]);
    for _ in 0..2 {
        fixture
            .create_via_kubectl()
            .args(["--attach"])
            .run()
            .success();
        assert_eq!(
            fixture.pull_secrets("default"),
            json!([{"name": "docker-hub"}, {}, {"name": "quay"}, {"name": "docker-hub"}, {"name": "gcr-io"}])
        );
    }
}

#[test]
fn existing_entry_keeps_its_position() {
    let fixture = Fixture::new("attach");
    let patch = r#"{"imagePullSecrets":[{"name":"gcr-io"},{"name":"quay"}]}"#;
    fixture.kubectl(["patch", "serviceaccount", "default", "-p", patch]);
    let output = fixture.create().args(["--attach"]).run();
    let done = [
        "secret/gcr-io created",
        "serviceaccount/default patched (no change)",
    ];
    assert_output(&output, 0, &done, &[]);
}

#[test]
fn account_patch_records_field_manager() {
    let fixture = Fixture::new("attach");
    // Created by a client, because the server records no managed fields for ServiceAccounts of its own controller.
    fixture.create_object(json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "builder", "labels": {"team": "payments"}},
    }));
    let args = ["--serviceaccount", "builder"];
    fixture.create().args(args).run().success();
    let account = fixture.get("serviceaccount/builder");
    let entries = account["metadata"]["managedFields"].as_array().unwrap();
    assert!(
        entries
            .iter()
            .any(|entry| entry["manager"] == "kubectl-gcr-secret"),
        "{account}"
    );
}

#[test]
fn named_accounts_replace_default() {
    let fixture = Fixture::new("attach");
    for name in ["builder", "runner", "third"] {
        fixture.kubectl(["create", "serviceaccount", name]);
    }
    let args = [
        "pull",
        "--serviceaccount",
        "builder,sa/runner",
        "--serviceaccount=serviceaccount/third",
    ];
    let output = fixture.create().args(args).run().success();
    let mut lines: Vec<_> = output.stdout.lines().collect();
    lines[1..].sort_unstable();
    assert_eq!(
        lines,
        [
            "secret/pull created",
            "serviceaccount/builder patched",
            "serviceaccount/runner patched",
            "serviceaccount/third patched",
        ]
    );
    for name in ["builder", "runner", "third"] {
        assert_eq!(fixture.pull_secrets(name), json!([{"name": "pull"}]));
    }
    assert_eq!(fixture.pull_secrets("default"), json!(null));
}

#[test]
fn missing_account_without_timeout_fails_at_once() {
    let fixture = Fixture::new("attach");
    let output = fixture
        .create()
        .args(["--serviceaccount", "default,missing"])
        .run();
    assert_output(
        &output,
        1,
        &["secret/gcr-io created", "serviceaccount/default patched"],
        &[r#"Error from server (NotFound): serviceaccounts "missing" not found"#],
    );
    // Without --timeout, the plugin waits only for `default`.
    assert!(output.elapsed.as_secs() < 5, "{output}");
}

#[test]
fn account_created_within_timeout_is_patched() {
    let fixture = Fixture::new("attach");
    let args = ["--serviceaccount=late", "--timeout=50s", "-v=6"];
    let create = fixture.create().args(args).spawn();
    wait_until("the plugin has read the ServiceAccount", || {
        create.stderr_so_far().contains("serviceaccounts/late 404")
    });
    fixture.kubectl(["create", "serviceaccount", "late"]);
    let output = create.wait().success();
    assert_eq!(
        output.stdout,
        "secret/gcr-io created\nserviceaccount/late patched\n"
    );
}

#[test]
fn default_account_of_new_namespace_is_waited_for() {
    let fixture = Fixture::new("attach");
    for _ in 0..5 {
        let namespace = fixture.cluster.create_namespace_unready("attach");
        let args = [
            "create",
            "--key-file=key.json",
            "--attach",
            "-n",
            &namespace,
        ];
        let output = fixture.session.gcr_secret(args).run();
        let done = ["secret/gcr-io created", "serviceaccount/default patched"];
        assert_output(&output, 0, &done, &[]);
    }
}

#[test]
fn failed_secret_leaves_account_unchanged() {
    let fixture = Fixture::new("attach");
    fixture.create_docker_registry_secret("gcr-io");
    let account = fixture.get("serviceaccount/default");
    let output = fixture.create().args(["--attach"]).run();
    assert_output(
        &output,
        1,
        &[],
        &[
            r#"error: secret "gcr-io" is held by "kubectl-create" (.data..dockerconfigjson)"#,
            "hint: it was made by hand; pass --force-conflicts to take over its fields",
        ],
    );
    assert_eq!(fixture.get("serviceaccount/default"), account);
}

#[test]
fn missing_account_permission_fails_after_secret_with_hint() {
    let fixture = Fixture::new("attach");
    let user = fixture.cluster.user().allow(
        &fixture.namespace,
        &[PolicyRule::new("get,patch,create", "secrets").resource_names("gcr-io")],
    );
    let session = user.session();
    write_key_files(&session);
    let args = [
        "create",
        "--key-file=key.json",
        "--attach",
        "-n",
        &fixture.namespace,
    ];
    let output = session.gcr_secret(args).run();
    let error = format!(
        r#"Error from server (Forbidden): serviceaccounts "default" is forbidden: User "{}" cannot get resource "serviceaccounts" in API group "" in the namespace "{}""#,
        user.name(),
        fixture.namespace
    );
    let hint = r#"hint: grant this Role rule: {"apiGroups":[""],"resources":["serviceaccounts"],"resourceNames":["default"],"verbs":["get","patch"]}"#;
    assert_output(&output, 1, &["secret/gcr-io created"], &[&error, hint]);
}

#[test]
fn invalid_account_name_is_rejected_before_any_write() {
    let fixture = Fixture::new("attach");
    for name in ["Default", "secret/x", "a b"] {
        let output = fixture.create().args(["--serviceaccount", name]).run();
        assert!(
            single_error(&output).contains("invalid ServiceAccount name"),
            "{output}"
        );
    }
    assert_eq!(fixture.find("secret/gcr-io"), None);
}
