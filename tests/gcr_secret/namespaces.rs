//! `-n` with several namespaces: a line for each, an exact count, and one failure that stops no other.

use gcr_test_support::PolicyRule;
use serde_json::json;

use crate::setting::{Setting, assert_said, give_keys, one_error};

#[test]
fn each_namespace_has_its_line_and_all_are_counted() {
    let setting = Setting::new("namespaces");
    let [a, b] = [
        &setting.namespace,
        &setting.cluster.create_namespace("namespaces"),
    ];
    let list = format!("{a},{b}");
    let output = setting
        .session
        .kubectl([
            "gcr-secret",
            "create",
            "--key-file=key.json",
            "--attach",
            "-n",
            &list,
        ])
        .run();
    assert_lines(
        &output.stdout,
        &[
            format!("secret/gcr-io created -n {a}"),
            format!("secret/gcr-io created -n {b}"),
            format!("serviceaccount/default patched -n {a}"),
            format!("serviceaccount/default patched -n {b}"),
        ],
    );
    assert_eq!(
        (output.code, output.stderr.as_str()),
        (
            Some(0),
            "2 created, 2 patched, 0 failed, 0 unknown, 0 not started\n"
        )
    );
    for namespace in [a, b] {
        assert_eq!(
            setting.cluster.get("serviceaccount/default", namespace)["imagePullSecrets"],
            json!([{"name": "gcr-io"}])
        );
    }

    let output = setting
        .session
        .gcr_secret(["create", "--key-file=key.json", "--attach", "-n", &list])
        .run();
    assert_lines(
        &output.stdout,
        &[
            format!("secret/gcr-io unchanged -n {a}"),
            format!("secret/gcr-io unchanged -n {b}"),
            format!("serviceaccount/default patched (no change) -n {a}"),
            format!("serviceaccount/default patched (no change) -n {b}"),
        ],
    );
    assert_eq!(
        output.stderr,
        "4 unchanged, 0 failed, 0 unknown, 0 not started\n"
    );
}

#[test]
fn the_last_of_two_flags_wins() {
    let setting = Setting::new("namespaces");
    let namespace = setting.namespace.as_str();
    let output = setting
        .create()
        .args(["-n", "other", "-n", namespace])
        .run();
    assert_said(&output, 0, &["secret/gcr-io created"], &[]);
    let twice = format!("{namespace},{namespace}");
    let output = setting.create().args(["-n", &twice]).run();
    // A list is what was typed, so the lines have a list's shape.
    let line = format!("secret/gcr-io unchanged -n {namespace}");
    let count = "1 unchanged, 0 failed, 0 unknown, 0 not started";
    assert_said(&output, 0, &[&line], &[count]);
}

#[test]
fn without_a_flag_the_contexts_namespace_is_meant_and_default_where_it_names_none() {
    let setting = Setting::new("namespaces");
    let words = [
        "config",
        "set-context",
        "--current",
        "--namespace",
        &setting.namespace,
    ];
    setting.session.kubectl(words).run().success();
    let create = ["create", "--key-file=key.json"];
    let output = setting.session.gcr_secret(create).run();
    assert_said(&output, 0, &["secret/gcr-io created"], &[]);
    setting.secret();

    // The administrator's own kubeconfig names none. Nothing is written into a namespace that all tests share.
    let session = setting.cluster.session();
    give_keys(&session);
    let words = [
        "create",
        "--key-file=key.json",
        "pull",
        "--dry-run=server",
        "-v=6",
    ];
    let output = session.gcr_secret(words).run().success();
    assert!(
        output
            .stderr
            .contains("/api/v1/namespaces/default/secrets/pull"),
        "{output}"
    );
}

#[test]
fn a_failure_stops_no_other_namespace() {
    let setting = Setting::new("namespaces");
    let good = setting.namespace.as_str();
    let terminating = terminating(&setting);
    let list = format!("no-such-namespace,{terminating},{good}");
    let words = ["create", "--key-file=key.json", "--attach", "-n", &list];
    let output = setting.session.gcr_secret(words).run().exits(1);
    release(&setting, &terminating);

    assert_lines(
        &output.stdout,
        &[
            format!("secret/gcr-io created -n {good}"),
            format!("serviceaccount/default patched -n {good}"),
        ],
    );
    let (count, errors) = split_count(&output.stderr);
    assert_lines(
        &errors,
        &[
            format!(r#"Error from server (Forbidden): secrets "gcr-io" is forbidden: unable to create new content in namespace {terminating} because it is being terminated -n {terminating}"#),
            r#"Error from server (NotFound): namespaces "no-such-namespace" not found -n no-such-namespace"#.to_owned(),
        ],
    );
    assert_eq!(
        count,
        "1 created, 1 patched, 2 failed, 0 unknown, 2 not started"
    );
}

#[test]
fn one_hint_stands_for_all_namespaces_that_want_it() {
    let setting = Setting::new("namespaces");
    let [a, b] = [
        &setting.namespace,
        &setting.cluster.create_namespace("namespaces"),
    ];
    let good = setting.cluster.create_namespace("namespaces");
    let rights = [PolicyRule::new("get,patch,create", "secrets").resource_names("gcr-io")];
    let user = setting.cluster.user().allow(&good, &rights);
    let session = user.session();
    give_keys(&session);
    let list = format!("{a},{good},{b}");
    let output = session
        .gcr_secret(["create", "--key-file=key.json", "-n", &list])
        .run();
    assert_eq!(
        (output.code, output.stdout),
        (Some(1), format!("secret/gcr-io created -n {good}\n"))
    );
    let (count, rest) = split_count(&output.stderr);
    let forbidden = |namespace: &str| {
        format!(
            r#"Error from server (Forbidden): secrets "gcr-io" is forbidden: User "{}" cannot patch resource "secrets" in API group "" in the namespace "{namespace}" -n {namespace}"#,
            user.name()
        )
    };
    assert_lines(
        &rest,
        &[
            forbidden(a),
            forbidden(b),
            r#"hint: (for 2) a Role would do that has the rule {"apiGroups":[""],"resources":["secrets"],"resourceNames":["gcr-io"],"verbs":["patch","create"]}"#.to_owned(),
        ],
    );
    assert_eq!(count, "1 created, 2 failed, 0 unknown, 0 not started");
}

#[test]
fn a_single_namespace_that_is_not_there_is_named_as_kubectl_names_it() {
    let setting = Setting::new("namespaces");
    let words = [
        "create",
        "--key-file=key.json",
        "--attach",
        "-n",
        "no-such-namespace",
    ];
    let output = setting.session.gcr_secret(words).run();
    assert_said(
        &output,
        1,
        &[],
        &[r#"Error from server (NotFound): namespaces "no-such-namespace" not found"#],
    );
    assert!(output.elapsed.as_secs() < 5, "{output}");
}

#[test]
fn a_bad_namespace_name_is_refused_before_anything_is_written() {
    let setting = Setting::new("namespaces");
    let list = format!("{},Team_A", setting.namespace);
    let output = setting.create().args(["-n", &list]).run();
    assert!(one_error(&output).contains("Team_A"), "{output}");
    assert_eq!(setting.find("secret/gcr-io"), None);
}

/// A namespace that is being deleted and does not end before [`release`].
#[track_caller]
fn terminating(setting: &Setting) -> String {
    let name = setting.cluster.create_namespace("namespaces");
    setting.cluster.create(vec![json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "hold", "namespace": name, "finalizers": ["example.com/hold"]},
    })]);
    let delete = ["delete", "namespace", &name, "--wait=false"];
    setting.cluster.kubectl(delete).run().success();
    name
}

#[track_caller]
fn release(setting: &Setting, namespace: &str) {
    let patch = r#"{"metadata":{"finalizers":null}}"#;
    let words = [
        "patch",
        "configmap",
        "hold",
        "--type=merge",
        "-p",
        patch,
        "-n",
        namespace,
    ];
    setting.cluster.kubectl(words).run().success();
}

/// The last line, and what stands before it.
#[track_caller]
fn split_count(stderr: &str) -> (&str, String) {
    let (rest, count) = stderr
        .trim_end()
        .rsplit_once('\n')
        .unwrap_or_else(|| panic!("no count: {stderr}"));
    (count, format!("{rest}\n"))
}

/// These lines in whatever order, since each comes as its object ends.
#[track_caller]
fn assert_lines(text: &str, lines: &[String]) {
    let mut found: Vec<_> = text.lines().collect();
    found.sort_unstable();
    let mut wanted: Vec<_> = lines.iter().map(String::as_str).collect();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
}
