//! `--attach` and `--serviceaccount`: the Secret first, then the accounts that are to use it, and nobody else's entry
//! lost.

use gcr_test_support::{PolicyRule, wait_until};
use serde_json::json;

use crate::setting::{Setting, assert_said, give_keys, one_error};

#[test]
fn the_default_account_uses_the_secret_afterwards() {
    let setting = Setting::new("attach");
    let output = setting.typed().args(["--attach"]).run();
    let done = ["secret/gcr-io created", "serviceaccount/default patched"];
    assert_said(&output, 0, &done, &[]);
    assert_eq!(setting.pull_secrets("default"), json!([{"name": "gcr-io"}]));

    let account = setting.get("serviceaccount/default");
    let output = setting.typed().args(["--attach"]).run();
    let done = [
        "secret/gcr-io unchanged",
        "serviceaccount/default patched (no change)",
    ];
    assert_said(&output, 0, &done, &[]);
    assert_eq!(setting.get("serviceaccount/default"), account);
}

#[test]
fn somebody_elses_pull_secret_keeps_its_place() {
    let setting = Setting::new("attach");
    let before = json!([{"name": "docker-hub"}, {}, {"name": "quay"}, {"name": "docker-hub"}]);
    let patch = json!({"imagePullSecrets": before}).to_string();
    setting.kubectl(["patch", "serviceaccount", "default", "-p", &patch]);
    for _ in 0..2 {
        setting.typed().args(["--attach"]).run().success();
        assert_eq!(
            setting.pull_secrets("default"),
            json!([{"name": "docker-hub"}, {}, {"name": "quay"}, {"name": "docker-hub"}, {"name": "gcr-io"}])
        );
    }
}

#[test]
fn an_entry_that_is_there_stays_where_it_is() {
    let setting = Setting::new("attach");
    let patch = r#"{"imagePullSecrets":[{"name":"gcr-io"},{"name":"quay"}]}"#;
    setting.kubectl(["patch", "serviceaccount", "default", "-p", patch]);
    let output = setting.create().args(["--attach"]).run();
    let done = [
        "secret/gcr-io created",
        "serviceaccount/default patched (no change)",
    ];
    assert_said(&output, 0, &done, &[]);
}

#[test]
fn the_account_is_patched_under_this_commands_manager() {
    let setting = Setting::new("attach");
    // One that a client made: the server keeps no managers of what its own controller made.
    setting.object(json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "builder", "labels": {"team": "payments"}},
    }));
    let words = ["--serviceaccount", "builder"];
    setting.create().args(words).run().success();
    let account = setting.get("serviceaccount/builder");
    let entries = account["metadata"]["managedFields"].as_array().unwrap();
    assert!(
        entries
            .iter()
            .any(|entry| entry["manager"] == "kubectl-gcr-secret"),
        "{account}"
    );
}

#[test]
fn accounts_by_name_take_the_place_of_default() {
    let setting = Setting::new("attach");
    for name in ["builder", "runner", "third"] {
        setting.kubectl(["create", "serviceaccount", name]);
    }
    let words = [
        "pull",
        "--serviceaccount",
        "builder,sa/runner",
        "--serviceaccount=serviceaccount/third",
    ];
    let output = setting.create().args(words).run().success();
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
        assert_eq!(setting.pull_secrets(name), json!([{"name": "pull"}]));
    }
    assert_eq!(setting.pull_secrets("default"), json!(null));
}

#[test]
fn an_account_that_is_not_there_fails_at_once() {
    let setting = Setting::new("attach");
    let output = setting
        .create()
        .args(["--serviceaccount", "default,nobody"])
        .run();
    assert_said(
        &output,
        1,
        &["secret/gcr-io created", "serviceaccount/default patched"],
        &[r#"Error from server (NotFound): serviceaccounts "nobody" not found"#],
    );
    // Only where a time is given is another account than `default` waited for.
    assert!(output.elapsed.as_secs() < 5, "{output}");
}

#[test]
fn an_account_that_comes_within_the_time_given_is_waited_for() {
    let setting = Setting::new("attach");
    let words = ["--serviceaccount=late", "--timeout=50s", "-v=6"];
    let create = setting.create().args(words).spawn();
    wait_until("it looked for the account", || {
        create.stderr_so_far().contains("serviceaccounts/late 404")
    });
    setting.kubectl(["create", "serviceaccount", "late"]);
    let output = create.wait().success();
    assert_eq!(
        output.stdout,
        "secret/gcr-io created\nserviceaccount/late patched\n"
    );
}

#[test]
fn default_is_waited_for_in_a_namespace_made_this_moment() {
    let setting = Setting::new("attach");
    for _ in 0..5 {
        let namespace = setting.cluster.create_namespace_unready("attach");
        let words = [
            "create",
            "--key-file=key.json",
            "--attach",
            "-n",
            &namespace,
        ];
        let output = setting.session.gcr_secret(words).run();
        let done = ["secret/gcr-io created", "serviceaccount/default patched"];
        assert_said(&output, 0, &done, &[]);
    }
}

#[test]
fn a_secret_that_fails_leaves_the_account_alone() {
    let setting = Setting::new("attach");
    setting.made_by_hand("gcr-io");
    let account = setting.get("serviceaccount/default");
    let output = setting.create().args(["--attach"]).run();
    assert_said(
        &output,
        1,
        &[],
        &[
            r#"error: secret "gcr-io" is held by "kubectl-create" (.data..dockerconfigjson)"#,
            "hint: it was made by hand; --force-conflicts takes the fields over",
        ],
    );
    assert_eq!(setting.get("serviceaccount/default"), account);
}

#[test]
fn a_missing_right_on_accounts_fails_after_the_secret_and_says_what_is_missing() {
    let setting = Setting::new("attach");
    let user = setting.cluster.user().allow(
        &setting.namespace,
        &[PolicyRule::new("get,patch,create", "secrets").resource_names("gcr-io")],
    );
    let session = user.session();
    give_keys(&session);
    let words = [
        "create",
        "--key-file=key.json",
        "--attach",
        "-n",
        &setting.namespace,
    ];
    let output = session.gcr_secret(words).run();
    let error = format!(
        r#"Error from server (Forbidden): serviceaccounts "default" is forbidden: User "{}" cannot get resource "serviceaccounts" in API group "" in the namespace "{}""#,
        user.name(),
        setting.namespace
    );
    let hint = r#"hint: a Role would do that has the rule {"apiGroups":[""],"resources":["serviceaccounts"],"resourceNames":["default"],"verbs":["get","patch"]}"#;
    assert_said(&output, 1, &["secret/gcr-io created"], &[&error, hint]);
}

#[test]
fn a_bad_account_name_is_refused_before_anything_is_written() {
    let setting = Setting::new("attach");
    for name in ["Default", "secret/x", "a b"] {
        let output = setting.create().args(["--serviceaccount", name]).run();
        assert!(
            one_error(&output).contains("invalid ServiceAccount name"),
            "{output}"
        );
    }
    assert_eq!(setting.find("secret/gcr-io"), None);
}
