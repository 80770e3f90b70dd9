//! `delete --delete-key`: the key goes after the last Secret that carries it, and only then.

use gcr_test_support::fake_google::{FakeGoogle, OPERATOR};
use gcr_test_support::{Invocation, Session};
use serde_json::{Value, json};

use crate::fixture::{EMAIL, Fixture, REGISTRY};

pub(crate) fn delete_as(session: &Session, google: &FakeGoogle, namespace: &str) -> Invocation {
    let args = ["delete", "gcr-io", "--delete-key", "-n", namespace];
    let command = session.gcr_secret(args);
    command.envs(google.operator_environment())
}

pub(crate) fn delete(fixture: &Fixture) -> Invocation {
    delete_as(&fixture.session, &fixture.google, &fixture.namespace)
}

/// Returns a namespace with a Secret that carries a key of Google.
#[track_caller]
pub(crate) fn set_up() -> (Fixture, String) {
    let fixture = Fixture::prepared("delete-key");
    fixture.setup([""; 0]).run().success();
    let key = fixture.key();
    (fixture, key)
}

#[test]
fn key_of_the_last_secret_is_deleted() {
    let (fixture, key) = set_up();
    let preview = delete(&fixture).arg("--dry-run=client").run().success();
    let line = format!("key/{key} deleted (dry run)");
    assert!(
        preview
            .stdout
            .starts_with("serviceaccount/default patched (dry run)\n"),
        "{preview}"
    );
    assert!(preview.stdout.contains(&line), "{preview}");
    assert_eq!(fixture.key(), key);
    let error = delete(&fixture).arg("--dry-run=server").run().exits(1);
    assert!(
        error
            .stderr
            .starts_with("error: --delete-key cannot be used with --dry-run=server"),
        "{error}"
    );
    let output = delete(&fixture).run().success();
    let expected =
        format!("serviceaccount/default patched\nsecret/gcr-io deleted\nkey/{key} deleted\n");
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        (expected.as_str(), "")
    );
    assert_eq!(fixture.keys(), [""; 0]);
    let again = delete(&fixture).arg("--ignore-not-found").run().success();
    assert_eq!(again.stdout, "secret/gcr-io not found\n", "{again}");
}

#[test]
fn credentials_are_found_once_for_all_projects() {
    let (fixture, _) = set_up();
    let google = &fixture.google;
    google.add_project("app-project");
    google.grant_on_project("app-project", "roles/owner", OPERATOR);
    let other = fixture.cluster.create_namespace("delete-key-app");
    let args = ["--registry", REGISTRY, "--project", "app-project", "-n"];
    fixture.command(args).arg(&other).run().success();
    let calls = fixture.session.home().join("calls");
    let script = format!(
        r#"echo call >> {}; echo '{{"credential":{{"access_token":"{}","token_expiry":"2099-01-01T00:00:00Z"}}}}'"#,
        calls.display(),
        google.operator_token()
    );
    fixture.session.script("gcloud", &script);
    let both = format!("{},{other}", fixture.namespace);
    let delete = ["delete", "gcr-io", "--delete-key", "-n", &both];
    let delete = fixture.session.gcr_secret(delete);
    let output = delete.envs(google.environment()).run().success();
    // The keys count together with the Secrets.
    assert!(output.stderr.starts_with("4 deleted, "), "{output}");
    let calls = std::fs::read_to_string(calls).expect("gcloud was called");
    assert_eq!(calls.lines().count(), 1, "{output}");
}

#[test]
fn key_that_is_gone_already_is_unchanged() {
    let (fixture, key) = set_up();
    fixture.google.delete_key(EMAIL, &key);
    let output = delete(&fixture).run().success();
    let expected =
        format!("serviceaccount/default patched\nsecret/gcr-io deleted\nkey/{key} unchanged\n");
    assert_eq!(output.stdout, expected, "{output}");
}

#[test]
fn key_that_another_secret_carries_is_kept() {
    let (fixture, key) = set_up();
    let other = fixture.cluster.create_namespace("delete-key-other");
    // Neither the label nor the annotations of this plugin, but the key.
    let config = fixture.docker_config();
    let copy = json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "copy", "namespace": other}, "stringData": {".dockerconfigjson": config}});
    fixture.cluster.create(vec![copy]);
    for dry_run in ["--dry-run=client", "--dry-run=none"] {
        let output = delete(&fixture).arg(dry_run).run().success();
        assert!(output.stdout.contains("secret/gcr-io deleted"), "{output}");
        let note = format!("key/{key} is kept: secret/copy -n {other} carries it\n");
        assert!(output.stderr.contains(&note), "{output}");
        for part in [&config[40..80], "PRIVATE KEY"] {
            assert!(!output.stderr.contains(part), "{output}");
        }
    }
    assert_eq!(fixture.key(), key);
    assert!(fixture.secret().is_none());
}

#[test]
fn nothing_is_deleted_without_credentials_of_an_operator() {
    let (fixture, key) = set_up();
    let args = ["delete", "gcr-io", "--delete-key", "-n", &fixture.namespace];
    let command = fixture
        .session
        .gcr_secret(args)
        .envs(fixture.google.environment());
    let output = command.run().exits(1);
    assert!(
        output.stderr.starts_with("error: ") && output.stdout.is_empty(),
        "{output}"
    );
    assert!(fixture.secret().is_some());
    assert_eq!(fixture.pull_secrets()[0]["name"], "gcr-io");
    assert_eq!(fixture.key(), key);
}

/// Gives the Secret of a namespace an owner, so that `delete` refuses to delete it.
#[track_caller]
fn set_owner(fixture: &Fixture, namespace: &str) {
    let owner = json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "1"}]}});
    let patch = [
        "patch",
        "secret",
        "gcr-io",
        "-n",
        namespace,
        "-p",
        &owner.to_string(),
    ]
    .map(str::to_owned);
    fixture.cluster.kubectl(&patch).run().success();
}

#[test]
fn key_is_kept_unless_every_secret_was_deleted() {
    let (fixture, key) = set_up();
    set_owner(&fixture, &fixture.namespace);
    let output = delete(&fixture).run().exits(1);
    let note = format!("key/{key} is kept: not every Secret was deleted\n");
    assert!(output.stderr.contains(&note), "{output}");
    // Its Secret still names it.
    assert!(!output.stderr.contains("keys delete"), "{output}");
    assert_eq!(fixture.key(), key);
}

#[test]
fn key_whose_secret_is_gone_is_kept_with_its_command() {
    let fixture = Fixture::prepared("delete-key");
    let other = fixture.cluster.create_namespace("delete-key");
    let both = format!("{},{other}", fixture.namespace);
    let args = ["--registry", REGISTRY, "-n", &both];
    fixture.command(args).run().success();
    let key = fixture.key();
    set_owner(&fixture, &other);
    let output = delete_as(&fixture.session, &fixture.google, &both);
    let output = output.run().exits(1);
    assert!(fixture.secret().is_none());
    for line in [
        format!("key/{key} is kept: not every Secret was deleted\n"),
        format!(
            "hint: (for 1) delete the key if nothing uses it: gcloud iam service-accounts keys delete {key} --iam-account={EMAIL}"
        ),
    ] {
        assert!(output.stderr.contains(&line), "{output}");
    }
    assert_eq!(fixture.key(), key);
}

#[test]
fn secret_whose_annotations_name_no_key_is_a_warning() {
    let fixture = Fixture::prepared("delete-key-unknown");
    let create = |annotations: Value| {
        let metadata =
            json!({"name": "gcr-io", "namespace": fixture.namespace, "annotations": annotations});
        fixture.cluster.create(vec![
            json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": metadata, "stringData": {".dockerconfigjson": "{}"}}),
        ]);
    };
    create(json!({}));
    let refused = delete(&fixture).run().exits(1);
    assert!(!refused.stderr.contains("is not known"), "{refused}");
    let warning = "Warning: the key of secret \"gcr-io\" is not known, because its annotations name none; --delete-key does not \
                   delete it\n";
    // An access token is no key.
    let token = json!({"kubectl-gcr-secret/credential": "access-token"});
    for (annotations, expected) in [(None, warning), (Some(token), "")] {
        if let Some(annotations) = annotations {
            create(annotations);
        }
        let output = delete(&fixture).arg("--allow-unmanaged").run().success();
        assert_eq!(
            (output.stdout.as_str(), output.stderr.as_str()),
            ("secret/gcr-io deleted\n", expected)
        );
    }
}

#[test]
fn key_is_kept_if_the_cluster_cannot_be_searched() {
    let (fixture, key) = set_up();
    let line = [
        "rbac",
        "delete",
        "gcr-io",
        "--delete-key",
        "-n",
        &fixture.namespace,
    ];
    let printed = fixture.session.gcr_secret(line).run().success();
    let comment = "# To search all pull Secrets for the key, grant this ClusterRole rule too: ";
    assert!(printed.stdout.contains(comment), "{printed}");
    assert!(
        printed
            .stdout
            .contains("#   iam.serviceAccountKeys.delete on the service account: "),
        "{printed}"
    );
    let role = fixture.cluster.objects_of(&printed.stdout)[0].clone();
    let user = fixture.cluster.user().allow_role(&role);
    let output = delete_as(&user.session(), &fixture.google, &fixture.namespace)
        .run()
        .exits(1);
    assert!(
        output.stdout.ends_with("secret/gcr-io deleted\n"),
        "{output}"
    );
    assert!(
        output
            .stderr
            .contains(&format!("error: key {key} is kept: the Secrets")),
        "{output}"
    );
    let rule = r#"hint: grant this ClusterRole rule: {"apiGroups":[""],"resources":["secrets"],"verbs":["list"]}, or delete"#;
    assert!(output.stderr.contains(rule), "{output}");
    assert!(
        output
            .stderr
            .contains(&format!("gcloud iam service-accounts keys delete {key}")),
        "{output}"
    );
    assert_eq!(fixture.key(), key);
}

#[test]
fn key_that_google_does_not_delete_is_named_with_its_command() {
    let (fixture, key) = set_up();
    fixture.google.deny("iam.serviceAccountKeys.delete", "");
    let output = delete(&fixture).run().exits(1);
    assert!(
        output.stdout.ends_with("secret/gcr-io deleted\n"),
        "{output}"
    );
    assert!(output.stderr.contains("PERMISSION_DENIED"), "{output}");
    let command = format!("gcloud iam service-accounts keys delete {key} --iam-account={EMAIL}");
    assert!(output.stderr.contains(&command), "{output}");
    assert_eq!(fixture.key(), key);
}
