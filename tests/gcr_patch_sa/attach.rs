//! Adding pull Secrets to ServiceAccounts without changing the rest of the ServiceAccount.

use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output};

#[test]
fn patch_without_arguments_adds_gcr_io_to_default_in_context_namespace() {
    let fixture = Fixture::new("attach");
    fixture
        .session
        .kubectl(["config", "set-context", "--current", "--namespace"])
        .arg(&fixture.namespace)
        .run()
        .success();
    let output = fixture.session.kubectl(["gcr-patch-sa"]).run().success();
    assert_output(&output, "serviceaccount/default patched\n", "");
    assert_eq!(fixture.pull_secrets("default"), json!([{"name": "gcr-io"}]));
}

#[test]
fn second_run_reports_no_change_and_writes_nothing() {
    let fixture = Fixture::new("attach");
    fixture.set_pull_secrets("default", json!([{"name": "theirs"}]));
    fixture.via_kubectl(&[]).run().success();
    let before = fixture.get_account("default");
    let again = fixture.via_kubectl(&[]).run().success();
    assert_output(&again, "serviceaccount/default patched (no change)\n", "");
    assert_eq!(fixture.get_account("default"), before);
    assert_eq!(
        before["imagePullSecrets"],
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );
}

#[test]
fn other_fields_of_account_are_unchanged() {
    let fixture = Fixture::new("attach");
    fixture.cluster.create(vec![json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {
            "name": "builder", "namespace": fixture.namespace,
            "labels": {"team": "payments"},
            "annotations": {"iam.gke.io/gcp-service-account": "x@y.iam.gserviceaccount.com"},
            "finalizers": ["example.com/keep"],
        },
        "secrets": [{"name": "builder-token"}, {"name": "builder-dockercfg"}],
        "automountServiceAccountToken": false,
        "imagePullSecrets": [{"name": "theirs"}],
    })]);
    let mut before = fixture.get_account("builder");
    fixture.via_kubectl(&["builder"]).run().success();
    let mut after = fixture.get_account("builder");
    assert_ne!(
        before["metadata"]["resourceVersion"],
        after["metadata"]["resourceVersion"]
    );
    assert_eq!(
        after["imagePullSecrets"].take(),
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );
    before["imagePullSecrets"].take();
    for account in [&mut before, &mut after] {
        account["metadata"]["resourceVersion"].take();
        account["metadata"]["managedFields"].take();
    }
    assert_eq!(before, after);
}

#[test]
fn several_secrets_are_added_in_argument_order() {
    let fixture = Fixture::new("attach");
    for name in ["zulu", "alpha", "mirror"] {
        fixture.create_secret(name);
    }
    let output = fixture
        .via_kubectl(&[
            "--secret",
            "zulu,secret/alpha",
            "--secret",
            "secrets/mirror",
            "--secret=zulu",
        ])
        .run()
        .success();
    assert_output(&output, "serviceaccount/default patched\n", "");
    assert_eq!(
        fixture.pull_secrets("default"),
        json!([{"name": "zulu"}, {"name": "alpha"}, {"name": "mirror"}])
    );
}

#[test]
fn account_names_with_resource_prefix_are_accepted() {
    let fixture = Fixture::new("attach");
    for name in ["one", "two", "three"] {
        fixture.create_account(name, json!([]));
    }
    let output = fixture
        .via_kubectl(&["one", "sa/two", "serviceaccount/three"])
        .run()
        .success();
    let mut lines: Vec<_> = output.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "serviceaccount/one patched",
            "serviceaccount/three patched",
            "serviceaccount/two patched"
        ],
        "{output}"
    );
    assert_eq!(output.stderr, "");
    for name in ["one", "two", "three"] {
        assert_eq!(
            fixture.pull_secrets(name),
            json!([{"name": "gcr-io"}]),
            "{name}"
        );
    }
    assert_eq!(fixture.pull_secrets("default"), Value::Null);
}

#[test]
fn account_named_twice_has_one_line() {
    let fixture = Fixture::new("attach");
    let output = fixture.direct(&["default", "sa/default"]).run().success();
    assert_output(&output, "serviceaccount/default patched\n", "");
}

/// Returns the manager and operation of each managed-fields entry that contains `imagePullSecrets`.
fn managers_of_pull_secrets(account: &Value) -> Vec<[&Value; 2]> {
    let entries = account["metadata"]["managedFields"].as_array();
    entries
        .into_iter()
        .flatten()
        .filter(|entry| entry["fieldsV1"]["f:imagePullSecrets"].is_object())
        .map(|entry| [&entry["manager"], &entry["operation"]])
        .collect()
}

#[test]
fn patch_records_field_manager() {
    let fixture = Fixture::new("attach");
    fixture.create_account("builder", json!([{"name": "theirs"}]));
    fixture.direct(&["builder"]).run().success();
    assert_eq!(
        managers_of_pull_secrets(&fixture.get_account("builder")),
        [["kubectl-gcr-patch-sa", "Update"]]
    );

    fixture.create_account("deployer", json!([{"name": "theirs"}]));
    fixture
        .direct(&["deployer", "--field-manager", "my-pipeline"])
        .run()
        .success();
    assert_eq!(
        managers_of_pull_secrets(&fixture.get_account("deployer")),
        [["my-pipeline", "Update"]]
    );
}

#[test]
fn missing_secret_is_added_with_one_warning() {
    let fixture = Fixture::without_secret("attach");
    fixture.create_account("builder", json!([]));
    let output = fixture.via_kubectl(&["default", "builder"]).run().success();
    assert_eq!(
        output.stderr,
        "Warning: secret \"gcr-io\" not found; pods that reference it cannot pull until it exists\n"
    );
    assert_eq!(fixture.pull_secrets("default"), json!([{"name": "gcr-io"}]));
    assert_eq!(fixture.pull_secrets("builder"), json!([{"name": "gcr-io"}]));

    let removed = fixture.via_kubectl(&["--remove"]).run().success();
    assert_output(&removed, "serviceaccount/default patched\n", "");
}

#[test]
fn missing_secret_is_warned_of_per_namespace() {
    let [one, two] = [Fixture::new("attach"), Fixture::without_secret("attach")];
    let both = format!("{},{}", one.namespace, two.namespace);
    let output = one
        .session
        .kubectl(["gcr-patch-sa", "-n", &both])
        .run()
        .success();
    assert_eq!(
        output.stderr,
        format!(
            "Warning: secret \"gcr-io\" not found; pods that reference it cannot pull until it exists -n {}\n\
             2 patched, 0 failed, 0 unknown, 0 not started\n",
            two.namespace
        )
    );
}
