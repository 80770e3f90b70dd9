//! Several namespaces in one run: namespace of each line, final count, and independent failures.

use serde_json::json;

use crate::fixture::{Fixture, assert_output};

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn lines_contain_namespace_and_last_line_counts() {
    let fixtures = [(); 3].map(|()| Fixture::new("namespaces"));
    fixtures[1].set_pull_secrets("default", json!([{"name": "gcr-io"}]));
    let [one, two, three] = fixtures
        .each_ref()
        .map(|fixture| fixture.namespace.as_str());
    let output = fixtures[0]
        .session
        .kubectl(["gcr-patch-sa", "-n", &format!("{one},{two},{three}")])
        .run()
        .success();
    let mut expected = [
        format!("serviceaccount/default patched -n {one}"),
        format!("serviceaccount/default patched (no change) -n {two}"),
        format!("serviceaccount/default patched -n {three}"),
    ];
    expected.sort_unstable();
    assert_eq!(sorted(&output.stdout), expected);
    assert_eq!(
        output.stderr,
        "2 patched, 1 unchanged, 0 failed, 0 unknown, 0 not started\n"
    );
    for fixture in &fixtures {
        assert_eq!(fixture.pull_secrets("default"), json!([{"name": "gcr-io"}]));
    }
}

#[test]
fn dry_run_mark_precedes_namespace() {
    let (one, two) = (Fixture::new("namespaces"), Fixture::new("namespaces"));
    let both = format!("{},{}", one.namespace, two.namespace);
    let output = one
        .session
        .gcr_patch_sa(["--dry-run=server", "-n", &both])
        .run()
        .success();
    let mut expected = [&one, &two].map(|fixture| {
        format!(
            "serviceaccount/default patched (server dry run) -n {}",
            fixture.namespace
        )
    });
    expected.sort_unstable();
    assert_eq!(sorted(&output.stdout), expected);
}

#[test]
fn failed_namespace_does_not_stop_others_and_exits_1() {
    let (one, two) = (Fixture::new("namespaces"), Fixture::new("namespaces"));
    let list = format!("{},no-such-namespace,{}", one.namespace, two.namespace);
    let output = one
        .session
        .kubectl(["gcr-patch-sa", "-n", &list])
        .run()
        .exits(1);
    assert_eq!(output.stdout.lines().count(), 2, "{output}");
    assert_eq!(
        output.stderr,
        "Error from server (NotFound): namespaces \"no-such-namespace\" not found -n no-such-namespace\n\
         2 patched, 1 failed, 0 unknown, 0 not started\n"
    );
    for fixture in [&one, &two] {
        assert_eq!(fixture.pull_secrets("default"), json!([{"name": "gcr-io"}]));
    }
}

#[test]
fn failed_account_does_not_stop_others() {
    let fixture = Fixture::new("namespaces");
    let output = fixture.via_kubectl(&["missing", "default"]).run().exits(1);
    // The lines for a single namespace have no namespace suffix, and no count follows.
    assert_output(
        &output,
        "serviceaccount/default patched\n",
        "Error from server (NotFound): serviceaccounts \"missing\" not found\n",
    );
}

#[test]
fn duplicate_namespace_is_processed_once() {
    let fixture = Fixture::new("namespaces");
    let namespace = &fixture.namespace;
    let output = fixture
        .session
        .gcr_patch_sa(["-n", &format!("{namespace},{namespace}")])
        .run()
        .success();
    assert_eq!(output.stdout.lines().count(), 1, "{output}");
    assert_eq!(fixture.pull_secrets("default"), json!([{"name": "gcr-io"}]));
}

#[test]
fn last_namespace_flag_wins() {
    let (one, two) = (Fixture::new("namespaces"), Fixture::new("namespaces"));
    let output = one
        .session
        .kubectl(["gcr-patch-sa", "-n", &one.namespace, "--namespace"])
        .arg(&two.namespace)
        .run()
        .success();
    assert_output(&output, "serviceaccount/default patched\n", "");
    assert_eq!(one.pull_secrets("default"), serde_json::Value::Null);
    assert_eq!(two.pull_secrets("default"), json!([{"name": "gcr-io"}]));
}

#[test]
fn terminating_namespace_fails_without_wait() {
    let fixture = Fixture::without_secret("namespaces");
    // The finalizer keeps the namespace in the terminating state.
    fixture.cluster.create(vec![json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "held", "namespace": fixture.namespace, "finalizers": ["example.com/held"]}})]);
    fixture
        .cluster
        .kubectl(["delete", "namespace", &fixture.namespace, "--wait=false"])
        .run()
        .success();
    gcr_test_support::wait_until("the ServiceAccounts of the namespace are deleted", || {
        fixture
            .cluster
            .get_opt("serviceaccount/default", &fixture.namespace)
            .is_none()
    });
    // No ServiceAccount can be created in a terminating namespace, so the plugin must not wait.
    let output = fixture.via_kubectl(&["--timeout", "10m"]).run().exits(1);
    assert_output(
        &output,
        "",
        "error: serviceaccounts \"default\" not found, and its namespace is being terminated\n",
    );
}
