//! `delete`: the order of its writes, its guards, and the permissions it needs.

use gcr_test_support::fault_proxy::{CannedResponse, FaultProxy, Rule};
use gcr_test_support::{Invocation, PolicyRule, Session};
use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output, resource_version};

pub(crate) const DELETED: [&str; 2] = ["serviceaccount/default patched", "secret/gcr-io deleted"];
pub(crate) const LABEL: &str = "app.kubernetes.io/managed-by";

pub(crate) fn delete_in(session: &Session, namespace: &str) -> Invocation {
    session.gcr_secret(["delete", "gcr-io", "-n", namespace])
}

pub(crate) fn delete(fixture: &Fixture) -> Invocation {
    delete_in(&fixture.session, &fixture.namespace)
}

/// Returns a namespace whose account `default` references the Secret `gcr-io` between others.
pub(crate) fn attached() -> Fixture {
    let fixture = Fixture::new("delete");
    patch_account(&fixture, json!([{"name": "a"}, {}]));
    fixture.create().arg("--attach").run().success();
    let list = json!([{"name": "a"}, {}, {"name": "gcr-io"}, {"name": "b"}]);
    patch_account(&fixture, list);
    fixture
}

pub(crate) fn patch_account(fixture: &Fixture, list: Value) {
    let patch = json!({"imagePullSecrets": list}).to_string();
    fixture.kubectl([
        "patch",
        "serviceaccount",
        "default",
        "--type=merge",
        "-p",
        &patch,
    ]);
}

pub(crate) fn patch_secret(fixture: &Fixture, patch: &Value) {
    let patch = patch.to_string();
    fixture.kubectl(["patch", "secret", "gcr-io", "--type=merge", "-p", &patch]);
}

/// Asserts that neither the Secret nor a reference to it is left, and that all other entries are.
#[track_caller]
pub(crate) fn assert_deleted(fixture: &Fixture) {
    assert_eq!(fixture.find("secret/gcr-io"), None);
    let others = json!([{"name": "a"}, {}, {"name": "b"}]);
    assert_eq!(fixture.pull_secrets("default"), others);
}

#[test]
fn references_are_removed_and_the_secret_is_deleted() {
    let fixture = attached();
    let args = [
        "gcr-secret",
        "delete",
        "secret/gcr-io",
        "-n",
        &fixture.namespace,
    ];
    assert_output(&fixture.session.kubectl(args).run(), 0, &DELETED, &[]);
    assert_deleted(&fixture);
    let again = delete(&fixture).run();
    assert_output(&again, 1, &[], &["error: secret/gcr-io not found"]);
    let again = delete(&fixture).arg("--ignore-not-found").run();
    assert_output(&again, 0, &["secret/gcr-io not found"], &[]);
}

#[test]
fn secret_is_kept_if_a_reference_cannot_be_removed() {
    let fixture = attached();
    let proxy = FaultProxy::new(fixture.cluster);
    let refused = CannedResponse::status(422, "Invalid", "no");
    proxy.answer(Rule::on("patch", "serviceaccounts"), refused);
    let output = delete_in(&proxy.session(), &fixture.namespace)
        .run()
        .exits(1);
    assert_eq!(output.stdout, "");
    assert!(!output.stderr.contains("secret/gcr-io"), "{output}");
    assert_eq!(proxy.traffic().request_count("delete", "secrets"), 0);
    fixture.secret();
}

#[test]
fn dry_runs_change_nothing() {
    let fixture = attached();
    let versions = || {
        let objects = [fixture.secret(), fixture.get("serviceaccount/default")];
        objects.map(|object| resource_version(&object).to_owned())
    };
    let before = versions();
    for (strategy, suffix) in [("client", "(dry run)"), ("server", "(server dry run)")] {
        let output = delete(&fixture).arg(format!("--dry-run={strategy}")).run();
        let lines = DELETED.map(|line| format!("{line} {suffix}"));
        assert_output(&output, 0, &[&lines[0], &lines[1]], &[]);
        assert_eq!(versions(), before);
    }
    let objects = delete(&fixture)
        .args(["--dry-run=client", "-o", "json"])
        .run();
    let objects: Value = serde_json::from_str(&objects.success().stdout).unwrap();
    assert_eq!(objects["items"][0]["metadata"]["name"], "gcr-io");
    assert_eq!(objects["items"][0]["data"], Value::Null);
}

#[test]
fn guards_refuse_before_the_first_reference_is_touched() {
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u"}]);
    let unlabelled = json!({"metadata": {"labels": {LABEL: null}}});
    for (change, reason, flag) in [
        (
            unlabelled,
            format!("it does not carry the label {LABEL}: kubectl-gcr-secret"),
            Some("--allow-unmanaged"),
        ),
        (
            json!({"metadata": {"ownerReferences": owner}}),
            "it belongs to ConfigMap/o".to_owned(),
            None,
        ),
        (
            Value::Null,
            r#""other" applies it"#.to_owned(),
            Some("--force-conflicts"),
        ),
    ] {
        let fixture = attached();
        if change.is_null() {
            let manifest = json!({"apiVersion": "v1", "kind": "Secret", "metadata":
                {"name": "gcr-io", "annotations": {"a": "b"}}, "type": "kubernetes.io/dockerconfigjson"});
            let args = [
                "apply",
                "--server-side",
                "--field-manager=other",
                "-f",
                "-",
                "-n",
            ];
            let apply = fixture.cluster.kubectl(args).arg(&fixture.namespace);
            apply.stdin(manifest.to_string()).run().success();
        } else {
            patch_secret(&fixture, &change);
        }
        let account = fixture.get("serviceaccount/default");
        let flags = ["--allow-unmanaged", "--force-conflicts"];
        let other: Vec<_> = flags.into_iter().filter(|it| Some(*it) != flag).collect();
        for args in [&[][..], &other] {
            let output = delete(&fixture).args(args).run();
            let error = format!(r#"error: secret "gcr-io" will not be deleted: {reason}"#);
            let hint = flag.map(|flag| format!("hint: pass {flag} to delete it anyway"));
            let lines: Vec<_> = [Some(error), hint].into_iter().flatten().collect();
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            assert_output(&output, 1, &[], &lines);
            assert_eq!(fixture.get("serviceaccount/default"), account);
            fixture.secret();
        }
        if let Some(flag) = flag {
            assert_output(&delete(&fixture).arg(flag).run(), 0, &DELETED, &[]);
            assert_deleted(&fixture);
        }
    }
}

#[test]
fn references_are_kept_on_request() {
    let fixture = attached();
    let output = delete(&fixture).arg("--keep-references").run();
    assert_output(&output, 0, &["secret/gcr-io deleted"], &[]);
    assert_eq!(
        fixture.pull_secrets("default")[2],
        json!({"name": "gcr-io"})
    );
    // A reference to a Secret that does not exist is removed too.
    let again = delete(&fixture).run();
    let not_found = "error: secret/gcr-io not found";
    assert_output(&again, 1, &["serviceaccount/default patched"], &[not_found]);
    assert_deleted(&fixture);
}

#[test]
fn pods_that_reference_the_secret_are_counted() {
    let fixture = attached();
    fixture.create_pod("a", &["gcr-io"]);
    fixture.create_pod("b", &["other"]);
    let one =
        r#"Warning: 1 pod still references secret "gcr-io" and can no longer pull images with it"#;
    let trial = delete(&fixture).arg("--dry-run=server").run().success();
    assert_eq!(trial.stderr, format!("{one}\n"));
    fixture.create_pod("c", &["b", "gcr-io"]);
    let two =
        r#"Warning: 2 pods still reference secret "gcr-io" and can no longer pull images with it"#;
    assert_output(&delete(&fixture).run(), 0, &DELETED, &[two]);
}

#[test]
fn namespaces_without_the_secret_are_no_error_unless_they_are_named() {
    let fixture = attached();
    let (first, other) = (
        &fixture.namespace,
        fixture.cluster.create_namespace("delete"),
    );
    for namespace in [first, &other] {
        let label = format!("deleted={first}");
        fixture
            .cluster
            .kubectl(["label", "namespace", namespace, &label])
            .run()
            .success();
    }
    let named = format!("{first},{other}");
    let output = fixture
        .session
        .gcr_secret(["delete", "gcr-io", "-n", &named])
        .run();
    let lines = DELETED.map(|line| format!("{line} -n {first}"));
    let not_found = format!("error: secret/gcr-io not found -n {other}");
    let counts = "1 deleted, 1 patched, 1 failed, 0 unknown, 0 not started";
    let stderr = [not_found.as_str(), counts];
    assert_output(&output, 1, &[&lines[0], &lines[1]], &stderr);

    fixture.create().arg("--attach").run().success();
    let selector = format!("deleted={first}");
    let args = ["delete", "gcr-io", "--namespace-selector", &selector];
    let output = fixture.session.gcr_secret(args).run();
    let counts = "1 deleted, 1 patched, 0 failed, 0 unknown, 0 not started";
    assert_output(&output, 0, &[&lines[0], &lines[1]], &[counts]);
    assert_deleted(&fixture);
    let output = fixture.session.gcr_secret(args).run();
    let counts = "0 failed, 0 unknown, 0 not started";
    assert_output(&output, 0, &[], &["No resources found", counts]);
}

#[test]
fn many_namespaces_are_deleted_through_lists() {
    let fixture = Fixture::new("delete");
    let names = fixture.cluster.create_namespaces("delete", 60);
    let with_secret = names[..55].join(",");
    let args = [
        "create",
        "--key-file=key.json",
        "--attach",
        "-n",
        &with_secret,
    ];
    fixture.session.gcr_secret(args).run().success();
    let args = [
        "delete",
        "gcr-io",
        "--ignore-not-found",
        "-n",
        &names.join(","),
    ];
    let output = fixture.session.gcr_secret(args).run().success();
    let counts = "55 deleted, 5 not found, 55 patched, 0 failed, 0 unknown, 0 not started\n";
    assert_eq!(output.stderr, counts);
    for namespace in [&names[0], &names[54]] {
        assert_eq!(fixture.cluster.get_opt("secret/gcr-io", namespace), None);
    }
}

#[test]
fn exact_role_is_sufficient_and_each_rule_is_needed() {
    let rules = || {
        [
            PolicyRule::new("get,delete", "secrets").resource_names("gcr-io"),
            PolicyRule::new("list,patch", "serviceaccounts"),
            PolicyRule::new("list", "pods"),
        ]
    };
    for missing in [None, Some(0), Some(1), Some(2)] {
        let fixture = attached();
        let granted = rules().into_iter().enumerate();
        let granted = granted.filter(|(index, _)| Some(*index) != missing);
        let granted: Vec<_> = granted.map(|(_, rule)| rule).collect();
        let user = fixture.cluster.user().allow(&fixture.namespace, &granted);
        let output = delete_in(&user.session(), &fixture.namespace).run();
        let hint = match missing {
            None => {
                assert_output(&output, 0, &DELETED, &[]);
                continue;
            }
            Some(0) => {
                r#"{"apiGroups":[""],"resources":["secrets"],"resourceNames":["gcr-io"],"verbs":["get","delete"]}"#
            }
            Some(1) => {
                r#"{"apiGroups":[""],"resources":["serviceaccounts"],"verbs":["list","patch"]}"#
            }
            Some(_) => {
                let start = r#"Warning: the pods that reference secret "gcr-io" cannot be counted: Error from server (Forbidden): "#;
                assert!(output.stderr.starts_with(start), "{output}");
                assert_deleted(&fixture);
                continue;
            }
        };
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
        let hint = format!("hint: grant this Role rule: {hint}\n");
        assert!(output.stderr.ends_with(&hint), "{output}");
        fixture.secret();
    }
}

#[test]
fn name_is_required() {
    let session = Session::without_cluster();
    let plugin = session.kubectl(["gcr-secret", "delete"]).run();
    let kubectl_output = session
        .kubectl(["create", "secret", "docker-registry"])
        .run();
    let expected = kubectl_output
        .stderr
        .replace("create secret docker-registry", "gcr-secret delete");
    assert_eq!((plugin.code, plugin.stderr), (Some(1), expected));
}
