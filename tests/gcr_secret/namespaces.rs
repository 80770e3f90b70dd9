//! `-n` with several namespaces: one line per object, an exact count, and independent failures.

use gcr_test_support::PolicyRule;
use serde_json::json;

use crate::fixture::{Fixture, assert_output, single_error, write_key_files};

#[test]
fn each_namespace_has_lines_and_is_counted() {
    let fixture = Fixture::new("namespaces");
    let [a, b] = [
        &fixture.namespace,
        &fixture.cluster.create_namespace("namespaces"),
    ];
    let list = format!("{a},{b}");
    let output = fixture
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
            fixture.cluster.get("serviceaccount/default", namespace)["imagePullSecrets"],
            json!([{"name": "gcr-io"}])
        );
    }

    let output = fixture
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
fn last_namespace_flag_wins() {
    let fixture = Fixture::new("namespaces");
    let namespace = fixture.namespace.as_str();
    let output = fixture
        .create()
        .args(["-n", "other", "-n", namespace])
        .run();
    assert_output(&output, 0, &["secret/gcr-io created"], &[]);
    let twice = format!("{namespace},{namespace}");
    let output = fixture.create().args(["-n", &twice]).run();
    // The argument is a list, so the line has a namespace suffix and a count follows.
    let line = format!("secret/gcr-io unchanged -n {namespace}");
    let count = "1 unchanged, 0 failed, 0 unknown, 0 not started";
    assert_output(&output, 0, &[&line], &[count]);
}

#[test]
fn namespace_defaults_to_context_and_then_to_default() {
    let fixture = Fixture::new("namespaces");
    let args = [
        "config",
        "set-context",
        "--current",
        "--namespace",
        &fixture.namespace,
    ];
    fixture.session.kubectl(args).run().success();
    let create = ["create", "--key-file=key.json"];
    let output = fixture.session.gcr_secret(create).run();
    assert_output(&output, 0, &["secret/gcr-io created"], &[]);
    fixture.secret();

    // The administrator's kubeconfig has no namespace. A dry run keeps the shared namespace `default` unchanged.
    let session = fixture.cluster.session();
    write_key_files(&session);
    let args = [
        "create",
        "--key-file=key.json",
        "pull",
        "--dry-run=server",
        "-v=6",
    ];
    let output = session.gcr_secret(args).run().success();
    assert!(
        output
            .stderr
            .contains("/api/v1/namespaces/default/secrets/pull"),
        "{output}"
    );
}

#[test]
fn failed_namespace_does_not_stop_others() {
    let fixture = Fixture::new("namespaces");
    let good = fixture.namespace.as_str();
    let terminating = terminating(&fixture);
    let list = format!("no-such-namespace,{terminating},{good}");
    let args = ["create", "--key-file=key.json", "--attach", "-n", &list];
    let output = fixture.session.gcr_secret(args).run().exits(1);
    release(&fixture, &terminating);

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
fn hint_for_several_namespaces_is_printed_once_with_count() {
    let fixture = Fixture::new("namespaces");
    let [a, b] = [
        &fixture.namespace,
        &fixture.cluster.create_namespace("namespaces"),
    ];
    let good = fixture.cluster.create_namespace("namespaces");
    let rights = [PolicyRule::new("get,patch,create", "secrets").resource_names("gcr-io")];
    let user = fixture.cluster.user().allow(&good, &rights);
    let session = user.session();
    write_key_files(&session);
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
            r#"hint: (for 2) grant this Role rule: {"apiGroups":[""],"resources":["secrets"],"resourceNames":["gcr-io"],"verbs":["patch","create"]}"#.to_owned(),
        ],
    );
    assert_eq!(count, "1 created, 2 failed, 0 unknown, 0 not started");
}

#[test]
fn missing_namespace_is_reported_in_kubectls_words() {
    let fixture = Fixture::new("namespaces");
    let args = [
        "create",
        "--key-file=key.json",
        "--attach",
        "-n",
        "no-such-namespace",
    ];
    let output = fixture.session.gcr_secret(args).run();
    assert_output(
        &output,
        1,
        &[],
        &[r#"Error from server (NotFound): namespaces "no-such-namespace" not found"#],
    );
    assert!(output.elapsed.as_secs() < 5, "{output}");
}

#[test]
fn invalid_namespace_name_is_rejected_before_any_write() {
    let fixture = Fixture::new("namespaces");
    let list = format!("{},Team_A", fixture.namespace);
    let output = fixture.create().args(["-n", &list]).run();
    assert!(single_error(&output).contains("Team_A"), "{output}");
    assert_eq!(fixture.find("secret/gcr-io"), None);
}

/// Creates a namespace that stays in the terminating state until [`release`].
#[track_caller]
fn terminating(fixture: &Fixture) -> String {
    let name = fixture.cluster.create_namespace("namespaces");
    fixture.cluster.create(vec![json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "hold", "namespace": name, "finalizers": ["example.com/hold"]},
    })]);
    let delete = ["delete", "namespace", &name, "--wait=false"];
    fixture.cluster.kubectl(delete).run().success();
    name
}

#[track_caller]
fn release(fixture: &Fixture, namespace: &str) {
    let patch = r#"{"metadata":{"finalizers":null}}"#;
    let args = [
        "patch",
        "configmap",
        "hold",
        "--type=merge",
        "-p",
        patch,
        "-n",
        namespace,
    ];
    fixture.cluster.kubectl(args).run().success();
}

/// Splits standard error into its last line and the lines before it.
#[track_caller]
fn split_count(stderr: &str) -> (&str, String) {
    let (rest, count) = stderr
        .trim_end()
        .rsplit_once('\n')
        .unwrap_or_else(|| panic!("no count: {stderr}"));
    (count, format!("{rest}\n"))
}

/// Asserts exactly these lines in any order, because the order depends on when each object is done.
#[track_caller]
fn assert_lines(text: &str, lines: &[String]) {
    let mut found: Vec<_> = text.lines().collect();
    found.sort_unstable();
    let mut expected: Vec<_> = lines.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
}
