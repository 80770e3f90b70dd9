//! The plain job: a pull Secret becomes an account's, and the rest of the account stays as it was.

use serde_json::{Value, json};

use crate::place::{Place, says};

#[test]
fn without_a_word_it_adds_gcr_io_to_default_in_the_contexts_namespace() {
    let place = Place::new("attach");
    place
        .session
        .kubectl(["config", "set-context", "--current", "--namespace"])
        .arg(&place.namespace)
        .run()
        .success();
    let output = place.session.kubectl(["gcr-patch-sa"]).run().success();
    says(&output, "serviceaccount/default patched\n", "");
    assert_eq!(place.entries("default"), json!([{"name": "gcr-io"}]));
}

#[test]
fn a_second_run_says_no_change_and_writes_nothing() {
    let place = Place::new("attach");
    place.put("default", json!([{"name": "theirs"}]));
    place.typed(&[]).run().success();
    let before = place.stored("default");
    let again = place.typed(&[]).run().success();
    says(&again, "serviceaccount/default patched (no change)\n", "");
    assert_eq!(place.stored("default"), before);
    assert_eq!(
        before["imagePullSecrets"],
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );
}

#[test]
fn everything_else_of_the_account_stays_as_it_was() {
    let place = Place::new("attach");
    place.cluster.create(vec![json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {
            "name": "builder", "namespace": place.namespace,
            "labels": {"team": "payments"},
            "annotations": {"iam.gke.io/gcp-service-account": "x@y.iam.gserviceaccount.com"},
            "finalizers": ["example.com/keep"],
        },
        "secrets": [{"name": "builder-token"}, {"name": "builder-dockercfg"}],
        "automountServiceAccountToken": false,
        "imagePullSecrets": [{"name": "theirs"}],
    })]);
    let mut before = place.stored("builder");
    place.typed(&["builder"]).run().success();
    let mut after = place.stored("builder");
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
fn several_secrets_come_in_the_order_they_were_named() {
    let place = Place::new("attach");
    for name in ["zulu", "alpha", "mirror"] {
        place.secret(name);
    }
    let output = place
        .typed(&[
            "--secret",
            "zulu,secret/alpha",
            "--secret",
            "secrets/mirror",
            "--secret=zulu",
        ])
        .run()
        .success();
    says(&output, "serviceaccount/default patched\n", "");
    assert_eq!(
        place.entries("default"),
        json!([{"name": "zulu"}, {"name": "alpha"}, {"name": "mirror"}])
    );
}

#[test]
fn accounts_may_be_named_with_their_kind() {
    let place = Place::new("attach");
    for name in ["one", "two", "three"] {
        place.account(name, json!([]));
    }
    let output = place
        .typed(&["one", "sa/two", "serviceaccount/three"])
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
        assert_eq!(place.entries(name), json!([{"name": "gcr-io"}]), "{name}");
    }
    assert_eq!(place.entries("default"), Value::Null);
}

#[test]
fn an_account_named_twice_has_one_line() {
    let place = Place::new("attach");
    let output = place.called(&["default", "sa/default"]).run().success();
    says(&output, "serviceaccount/default patched\n", "");
}

/// Who changed the list of an account: manager and operation.
fn managers_of_the_list(account: &Value) -> Vec<[&Value; 2]> {
    let entries = account["metadata"]["managedFields"].as_array();
    entries
        .into_iter()
        .flatten()
        .filter(|entry| entry["fieldsV1"]["f:imagePullSecrets"].is_object())
        .map(|entry| [&entry["manager"], &entry["operation"]])
        .collect()
}

#[test]
fn the_server_is_told_who_wrote() {
    let place = Place::new("attach");
    place.account("builder", json!([{"name": "theirs"}]));
    place.called(&["builder"]).run().success();
    assert_eq!(
        managers_of_the_list(&place.stored("builder")),
        [["kubectl-gcr-patch-sa", "Update"]]
    );

    place.account("deployer", json!([{"name": "theirs"}]));
    place
        .called(&["deployer", "--field-manager", "my-pipeline"])
        .run()
        .success();
    assert_eq!(
        managers_of_the_list(&place.stored("deployer")),
        [["my-pipeline", "Update"]]
    );
}

#[test]
fn a_secret_that_is_not_there_is_warned_of_once_and_referred_to_all_the_same() {
    let place = Place::without_secret("attach");
    place.account("builder", json!([]));
    let output = place.typed(&["default", "builder"]).run().success();
    assert_eq!(
        output.stderr,
        "Warning: secret \"gcr-io\" is not there: pods that refer to it cannot pull until it is made\n"
    );
    assert_eq!(place.entries("default"), json!([{"name": "gcr-io"}]));
    assert_eq!(place.entries("builder"), json!([{"name": "gcr-io"}]));

    let removed = place.typed(&["--remove"]).run().success();
    says(&removed, "serviceaccount/default patched\n", "");
}

#[test]
fn each_namespace_without_the_secret_has_its_own_warning() {
    let [one, two] = [Place::new("attach"), Place::without_secret("attach")];
    let both = format!("{},{}", one.namespace, two.namespace);
    let output = one
        .session
        .kubectl(["gcr-patch-sa", "-n", &both])
        .run()
        .success();
    assert_eq!(
        output.stderr,
        format!(
            "Warning: secret \"gcr-io\" is not there: pods that refer to it cannot pull until it is made -n {}\n\
             2 patched, 0 failed, 0 unknown, 0 not started\n",
            two.namespace
        )
    );
}
