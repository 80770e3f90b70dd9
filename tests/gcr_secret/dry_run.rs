//! `--dry-run`: the client dry run prints the manifest without a request, the server dry run reports the outcome; neither
//! writes.

use gcr_test_support::{Session, keys};
use serde_json::{Value, json};

use crate::fixture::{
    Fixture, annotations_without_digest, assert_output, resource_version, single_error,
    write_key_files,
};
use crate::listener::Listener;

/// Returns a session and its server, which counts connections.
#[track_caller]
fn offline_session() -> (Session, Listener) {
    let session = Session::without_cluster();
    write_key_files(&session);
    let listener = Listener::new();
    session.file("kubeconfig", listener.kubeconfig(), 0o600);
    (session, listener)
}

const ARGS: [&str; 6] = [
    "create",
    "--key-file",
    "key.json",
    "--kubeconfig",
    "kubeconfig",
    "--dry-run=client",
];

#[test]
fn client_dry_run_sends_no_request() {
    let (session, listener) = offline_session();
    let output = session.gcr_secret(ARGS).run();
    assert_output(&output, 0, &["secret/gcr-io created (dry run)"], &[]);
    let output = session.gcr_secret(ARGS).args(["-n", "a,b"]).run();
    assert_eq!(listener.connections(), 0);
    let mut lines: Vec<_> = output.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "secret/gcr-io created (dry run) -n a",
            "secret/gcr-io created (dry run) -n b"
        ]
    );
    assert_eq!(
        output.stderr,
        "2 created, 0 failed, 0 unknown, 0 not started\n"
    );
}

#[test]
fn dry_run_without_value_is_client_dry_run_with_kubectls_warning() {
    let (session, listener) = offline_session();
    let output = session.gcr_secret(&ARGS[..5]).args(["--dry-run"]).run();
    assert_output(
        &output,
        0,
        &["secret/gcr-io created (dry run)"],
        &["Warning: --dry-run is deprecated and can be replaced with --dry-run=client."],
    );
    assert_eq!(listener.connections(), 0);
    let output = session
        .gcr_secret(&ARGS[..5])
        .args(["--dry-run=bogus"])
        .run();
    assert_eq!(
        single_error(&output),
        r#"error: Invalid dry-run value (bogus). Must be "none", "server", or "client"."#
    );
}

#[test]
fn client_dry_run_manifest_contains_data() {
    let (session, listener) = offline_session();
    let output = session
        .gcr_secret(ARGS)
        .args(["-o", "json"])
        .run()
        .success();
    assert_eq!(listener.connections(), 0);
    let mut manifest: Value = serde_json::from_str(&output.stdout).unwrap();
    manifest["metadata"]["annotations"] = annotations_without_digest(&manifest);
    assert_eq!(
        manifest["metadata"],
        json!({
            "name": "gcr-io",
            "labels": {"app.kubernetes.io/managed-by": "kubectl-gcr-secret"},
            "annotations": {
                "kubectl-gcr-secret/registries": "gcr.io",
                "kubectl-gcr-secret/credential": "json-key",
                "kubectl-gcr-secret/account": keys::ACCOUNT,
                "kubectl-gcr-secret/key-id": "d06abdf3842f6febb36e29e28a3b27ff0aebaa9a",
            },
        })
    );
    assert_eq!(manifest["type"], "kubernetes.io/dockerconfigjson");
    let template = r#"go-template={{index .data ".dockerconfigjson" | base64decode}}"#;
    let args = ["create", "--dry-run=client", "-f", "-", "-o", template];
    let fixture = Fixture::new("dry-run");
    let decoded = fixture
        .cluster
        .kubectl(args)
        .stdin(output.stdout)
        .run()
        .success();
    let auth = keys::key_auth();
    assert_eq!(
        decoded.stdout,
        format!(r#"{{"auths":{{"gcr.io":{{"auth":"{auth}"}}}}}}"#)
    );
}

#[test]
fn manifest_contains_only_explicit_namespace() {
    let (session, _listener) = offline_session();
    let shown = |args: &[&str]| -> Value {
        let output = session
            .gcr_secret(ARGS)
            .args(["-o", "json"])
            .args(args)
            .run()
            .success();
        serde_json::from_str(&output.stdout).unwrap()
    };
    assert_eq!(shown(&[])["metadata"].get("namespace"), None);
    assert_eq!(shown(&["-n", "team-a"])["metadata"]["namespace"], "team-a");

    let list = shown(&["-n", "b,a"]);
    assert_eq!(list["kind"], "List");
    let namespaces: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["metadata"]["namespace"])
        .collect();
    assert_eq!(namespaces, ["a", "b"]);

    let kubeconfig = session.work().join("kubeconfig");
    let text = std::fs::read_to_string(&kubeconfig).unwrap();
    let text = text.replace("user: x}", "user: x, namespace: team-b}");
    std::fs::write(kubeconfig, text).unwrap();
    assert_eq!(shown(&[])["metadata"]["namespace"], "team-b");
}

#[test]
fn manifests_of_several_namespaces_are_yaml_documents_as_from_kubectl() {
    let (session, _listener) = offline_session();
    let print = ["-n", "b,a", "-o", "yaml"];
    let output = session.gcr_secret(ARGS).args(print).run().success();
    let kinds = |text: &str| -> Vec<String> {
        let is_top = |line: &&str| line.starts_with("kind: ") || *line == "---";
        text.lines().filter(is_top).map(str::to_owned).collect()
    };
    let expected = ["kind: Secret", "---", "kind: Secret"];
    assert_eq!(kinds(&output.stdout), expected);
    // kubectl reads the documents and prints them in the same form.
    let args = [
        "create",
        "--dry-run=client",
        "--validate=false",
        "-o",
        "yaml",
        "-f",
        "-",
    ];
    let cluster = gcr_test_support::ControlPlane::shared();
    let kubectl = cluster.kubectl(args).stdin(output.stdout).run().success();
    assert_eq!(kinds(&kubectl.stdout), expected);
}

#[test]
fn create_after_applied_manifest_is_unchanged() {
    let fixture = Fixture::new("dry-run");
    let line = format!(
        "kubectl gcr-secret create --key-file key.json -n {} --dry-run=client -o yaml \
         | kubectl apply --server-side --field-manager kubectl-gcr-secret -f -",
        fixture.namespace
    );
    let output = fixture.session.shell(&line).run();
    assert_output(&output, 0, &["secret/gcr-io serverside-applied"], &[]);
    let applied = fixture.secret();
    let output = fixture.create().run();
    assert_output(&output, 0, &["secret/gcr-io unchanged"], &[]);
    assert_eq!(fixture.secret(), applied);
}

#[test]
fn manifest_applied_by_kubectl_conflicts_only_on_new_content() {
    let fixture = Fixture::new("dry-run");
    let line = format!(
        "kubectl gcr-secret create --key-file key.json -n {} --dry-run=client -o yaml | kubectl apply --server-side -f -",
        fixture.namespace
    );
    fixture.session.shell(&line).run().success();
    let output = fixture.create().run();
    assert_output(&output, 0, &["secret/gcr-io configured"], &[]);
    let output = fixture
        .create_without_key()
        .args(["--key-file", "rotated-key.json"])
        .run()
        .exits(1);
    assert!(output.stderr.contains(r#"held by "kubectl" ("#), "{output}");
}

#[test]
fn server_dry_run_reports_outcome_without_write() {
    let fixture = Fixture::new("dry-run");
    let output = fixture
        .create_via_kubectl()
        .args(["--dry-run=server"])
        .run();
    assert_output(&output, 0, &["secret/gcr-io created (server dry run)"], &[]);
    assert_eq!(fixture.find("secret/gcr-io"), None);

    // All runs happen within one or two seconds, so the server's timestamps do not show which of them wrote.
    for (written, other) in [
        ("key.json", "rotated-key.json"),
        ("rotated-key.json", "key.json"),
    ] {
        fixture
            .create_without_key()
            .args(["--key-file", written])
            .run()
            .success();
        let before = fixture.secret();
        for (key, word) in [
            (written, "unchanged"),
            (other, "configured"),
            (written, "unchanged"),
        ] {
            let output = fixture
                .create_without_key()
                .args(["--dry-run=server", "--key-file", key])
                .run();
            assert_output(
                &output,
                0,
                &[&format!("secret/gcr-io {word} (server dry run)")],
                &[],
            );
        }
        assert_eq!(
            resource_version(&fixture.secret()),
            resource_version(&before)
        );
    }
}

#[test]
fn server_dry_run_reports_conflict() {
    let fixture = Fixture::new("dry-run");
    fixture.create_docker_registry_secret("gcr-io");
    let output = fixture.create().args(["--dry-run=server"]).run();
    assert_output(
        &output,
        1,
        &[],
        &[
            r#"error: secret "gcr-io" is held by "kubectl-create" (.data..dockerconfigjson)"#,
            "hint: it was made by hand; pass --force-conflicts to take over its fields",
        ],
    );
}

#[test]
fn dry_run_with_attach_prints_account_without_write() {
    let fixture = Fixture::new("dry-run");
    let patch = r#"{"imagePullSecrets":[{"name":"quay"}]}"#;
    fixture.kubectl(["patch", "serviceaccount", "default", "-p", patch]);
    let account = fixture.get("serviceaccount/default");
    let output = fixture
        .create()
        .args(["--attach", "--dry-run=server"])
        .run();
    let done = [
        "secret/gcr-io created (server dry run)",
        "serviceaccount/default patched (server dry run)",
    ];
    assert_output(&output, 0, &done, &[]);

    let args = ["--attach", "--dry-run=client", "-o", "json"];
    let output = fixture.create().args(args).run().success();
    let list: Value = serde_json::from_str(&output.stdout).unwrap();
    let kinds: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["kind"])
        .collect();
    assert_eq!(kinds, ["Secret", "ServiceAccount"]);
    let shown = &list["items"][1];
    assert_eq!(
        shown["imagePullSecrets"],
        json!([{"name": "quay"}, {"name": "gcr-io"}])
    );
    assert_eq!(resource_version(shown), resource_version(&account));
    assert_eq!(fixture.get("serviceaccount/default"), account);
    assert_eq!(fixture.find("secret/gcr-io"), None);
}

#[test]
fn client_dry_run_with_unreadable_account_fails() {
    let (session, listener) = offline_session();
    let output = session.gcr_secret(ARGS).args(["--attach"]).run();
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(1), "secret/gcr-io created (dry run)\n"),
        "{output}"
    );
    assert!(
        output
            .stderr
            .starts_with("Unable to connect to the server: "),
        "{output}"
    );
    assert_ne!(listener.connections(), 0);
}

#[test]
fn data_on_terminal_is_masked_with_hint() {
    let (session, _listener) = offline_session();
    let line = format!("kubectl gcr-secret {} -o yaml", ARGS.join(" "));
    let output = session
        .shell(&format!("script -qec '{line}' /dev/null"))
        .run()
        .success();
    assert!(output.stdout.contains("***"), "{output}");
    assert!(
        !output.stdout.contains(&keys::key_auth()[..40]) && !output.stdout.contains("eyJhdXRocyI6"),
        "{output}"
    );
    assert!(
        output
            .stdout
            .contains("hint: data is masked on a terminal; pipe or redirect the output to see it"),
        "{output}"
    );
    let output = session.shell(&line).run().success();
    assert!(
        !output.stdout.contains("***")
            && output.stdout.contains("eyJhdXRocyI6")
            && output.stderr.is_empty(),
        "{output}"
    );
}
