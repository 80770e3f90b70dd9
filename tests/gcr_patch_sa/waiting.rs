//! Missing ServiceAccounts: for which ones the plugin waits, and for how long.

use std::time::Duration;

use gcr_test_support::{ControlPlane, wait_until};
use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output, create_secret};

const SHORT: Duration = Duration::from_secs(5);

/// Creates a namespace without the ServiceAccount `default`. A quota prevents its re-creation until
/// [`allow_default_account`] deletes it.
fn fixture_without_default(prefix: &str) -> Fixture {
    let fixture = Fixture::new(prefix);
    let none = json!({"count/serviceaccounts": "0"});
    fixture.cluster.create(vec![
        json!({"apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": "no-accounts", "namespace": fixture.namespace}, "spec": {"hard": none}}),
    ]);
    // This control plane has no quota controller, so the test writes the status that admission uses.
    fixture
        .cluster
        .kubectl([
            "patch",
            "resourcequota",
            "no-accounts",
            "--subresource=status",
        ])
        .args(["--type=merge", "-n", &fixture.namespace, "-p"])
        .arg(json!({"status": {"hard": none, "used": none}}).to_string())
        .run()
        .success();
    // The API server sees the quota with a delay.
    wait_until("the quota is enforced", || {
        let output = fixture
            .cluster
            .kubectl(["create", "serviceaccount", "probe", "--dry-run=server"])
            .args(["-n", &fixture.namespace])
            .run();
        output.code == Some(1)
    });
    fixture
        .cluster
        .kubectl(["delete", "serviceaccount", "default", "-n"])
        .arg(&fixture.namespace)
        .run()
        .success();
    fixture
}

/// Deletes the quota and waits until the ServiceAccount `default` exists.
fn allow_default_account(fixture: &Fixture) {
    fixture
        .cluster
        .kubectl(["delete", "resourcequota", "no-accounts", "-n"])
        .arg(&fixture.namespace)
        .run()
        .success();
    wait_until("the ServiceAccount default exists", || {
        fixture
            .cluster
            .kubectl(["create", "serviceaccount", "default", "-n"])
            .arg(&fixture.namespace)
            .run();
        fixture
            .cluster
            .get_opt("serviceaccount/default", &fixture.namespace)
            .is_some()
    });
}

#[test]
fn new_namespace_is_patched_after_wait_for_default_account() {
    let cluster = ControlPlane::shared();
    let session = cluster.session();
    for _ in 0..20 {
        let name = cluster.create_namespace_unready("waiting");
        let output = session.gcr_patch_sa(["-n", &name, "-q"]).run().success();
        assert_output(
            &output,
            "",
            "Warning: secret \"gcr-io\" not found; pods that reference it cannot pull until it exists\n",
        );
        assert_eq!(
            cluster.get("serviceaccount/default", &name)["imagePullSecrets"],
            json!([{"name": "gcr-io"}])
        );
    }
}

#[test]
fn all_accounts_of_new_namespace_include_default() {
    let cluster = ControlPlane::shared();
    let session = cluster.session();
    for _ in 0..10 {
        let name = cluster.create_namespace_unready("waiting");
        let output = session.gcr_patch_sa(["-n", &name, "--all"]).run().success();
        assert_eq!(
            output.stdout, "serviceaccount/default patched\n",
            "{output}"
        );
    }
}

#[test]
fn default_account_is_waited_for_without_timeout_flag() {
    for args in [&["-v", "6"][..], &["--all", "-v", "6"]] {
        let fixture = fixture_without_default("waiting");
        let running = fixture.via_kubectl(args).spawn();
        wait_until("the plugin has not found the ServiceAccount", || {
            running
                .stderr_so_far()
                .matches("/serviceaccounts/default 404 in ")
                .count()
                >= 2
        });
        allow_default_account(&fixture);
        let output = running.wait().success();
        assert_eq!(
            output.stdout, "serviceaccount/default patched\n",
            "{output}"
        );
        assert_eq!(fixture.pull_secrets("default"), json!([{"name": "gcr-io"}]));
    }
}

#[test]
fn default_account_missing_until_timeout_is_not_found() {
    let fixture = fixture_without_default("waiting");
    let output = fixture.direct(&["--timeout", "1500ms"]).run().exits(1);
    assert_output(
        &output,
        "",
        "Error from server (NotFound): serviceaccounts \"default\" not found\n",
    );
    assert!(output.elapsed >= Duration::from_millis(1500), "{output}");
    assert!(
        output.elapsed < Duration::from_millis(1500) + SHORT,
        "{output}"
    );
}

#[test]
fn timeout_0_disables_wait() {
    let fixture = fixture_without_default("waiting");
    let output = fixture
        .direct(&["--timeout", "0", "-v", "6"])
        .run()
        .exits(1);
    assert_eq!(output.stdout, "");
    let requests = output
        .stderr
        .matches("/serviceaccounts/default 404")
        .count();
    assert_eq!(requests, 1, "{output}");
    assert!(
        output
            .stderr
            .ends_with("Error from server (NotFound): serviceaccounts \"default\" not found\n"),
        "{output}"
    );
}

#[test]
fn timeout_applies_to_whole_run() {
    let fixtures = [
        fixture_without_default("waiting"),
        fixture_without_default("waiting"),
    ];
    let both = format!("{},{}", fixtures[0].namespace, fixtures[1].namespace);
    let output = fixtures[0]
        .session
        .gcr_patch_sa(["default", "a", "b", "c", "--timeout", "2s", "-n", &both])
        .run()
        .exits(1);
    assert_eq!(output.stdout, "");
    assert_eq!(
        output.stderr.matches(" not found -n ").count(),
        8,
        "{output}"
    );
    assert!(
        output
            .stderr
            .ends_with("\n8 failed, 0 unknown, 0 not started\n"),
        "{output}"
    );
    assert!(output.elapsed >= Duration::from_secs(2), "{output}");
    assert!(output.elapsed < Duration::from_secs(2) + SHORT, "{output}");
}

#[test]
fn named_account_is_not_waited_for_without_timeout() {
    let fixture = Fixture::new("waiting");
    let output = fixture.via_kubectl(&["late", "-v", "6"]).run().exits(1);
    let requests = output.stderr.matches("/serviceaccounts/late 404").count();
    assert_eq!(requests, 1, "{output}");
    assert!(
        output
            .stderr
            .ends_with("Error from server (NotFound): serviceaccounts \"late\" not found\n"),
        "{output}"
    );
}

#[test]
fn named_account_is_waited_for_with_timeout() {
    let fixture = Fixture::new("waiting");
    let running = fixture
        .via_kubectl(&["late", "default", "--timeout", "50s", "-v", "6"])
        .spawn();
    // The existing ServiceAccount is patched without waiting for the other one.
    wait_until("default is patched and late has been read twice", || {
        running.stdout_so_far() == "serviceaccount/default patched\n"
            && running
                .stderr_so_far()
                .matches("/serviceaccounts/late 404 in ")
                .count()
                >= 2
    });
    assert_eq!(fixture.pull_secrets("default"), json!([{"name": "gcr-io"}]));
    fixture.create_account("late", json!([{"name": "theirs"}]));
    let output = running.wait().success();
    assert_eq!(
        output.stdout,
        "serviceaccount/default patched\nserviceaccount/late patched\n"
    );
    assert_eq!(
        fixture.pull_secrets("late"),
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );
}

#[test]
fn missing_namespace_is_not_waited_for() {
    let session = ControlPlane::shared().session();
    for args in [
        &[][..],
        &["--timeout", "50s"],
        &["late", "--timeout", "50s"],
    ] {
        let output = session
            .kubectl(["gcr-patch-sa", "-n", "no-such-namespace"])
            .args(args)
            .run()
            .exits(1);
        assert_output(
            &output,
            "",
            "Error from server (NotFound): namespaces \"no-such-namespace\" not found\n",
        );
        assert!(output.elapsed < SHORT, "{output}");
    }
}

#[test]
fn missing_account_does_not_delay_other_namespaces() {
    let late = fixture_without_default("waiting");
    let cluster = late.cluster;
    let names: Vec<_> = cluster.create_namespaces("waiting", 3);
    for name in &names {
        create_secret(cluster, name, "gcr-io");
    }
    let list = format!("{},{}", late.namespace, names.join(","));
    let running = late
        .session
        .gcr_patch_sa(["-n", &list, "--timeout", "50s"])
        .spawn();
    wait_until("the other namespaces are done", || {
        running.stdout_so_far().lines().count() == 3
    });
    assert_eq!(
        cluster.get_opt("serviceaccount/default", &late.namespace),
        None::<Value>
    );
    allow_default_account(&late);
    let output = running.wait().success();
    assert_eq!(
        output.stdout.lines().last(),
        Some(format!("serviceaccount/default patched -n {}", late.namespace).as_str()),
        "{output}"
    );
    assert_eq!(
        output.stderr,
        "4 patched, 0 failed, 0 unknown, 0 not started\n"
    );
}
