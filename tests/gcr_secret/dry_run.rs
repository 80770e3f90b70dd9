//! `--dry-run`: client asks nobody and prints what would be sent, server says what would become of it; neither writes.

use gcr_test_support::{Session, keys};
use serde_json::{Value, json};

use crate::listener::Listener;
use crate::setting::{Setting, assert_said, give_keys, one_error, version};

/// A session whose cluster nobody may ask.
#[track_caller]
fn alone() -> (Session, Listener) {
    let session = Session::without_cluster();
    give_keys(&session);
    let listener = Listener::new();
    session.file("kubeconfig", listener.kubeconfig(), 0o600);
    (session, listener)
}

const WORDS: [&str; 6] = [
    "create",
    "--key-file",
    "key.json",
    "--kubeconfig",
    "kubeconfig",
    "--dry-run=client",
];

#[test]
fn a_client_dry_run_asks_nobody() {
    let (session, listener) = alone();
    let output = session.gcr_secret(WORDS).run();
    assert_said(&output, 0, &["secret/gcr-io created (dry run)"], &[]);
    let output = session.gcr_secret(WORDS).args(["-n", "a,b"]).run();
    assert_eq!(listener.calls(), 0);
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
fn a_bare_dry_run_is_a_client_dry_run_with_kubectls_warning() {
    let (session, listener) = alone();
    let output = session.gcr_secret(&WORDS[..5]).args(["--dry-run"]).run();
    assert_said(
        &output,
        0,
        &["secret/gcr-io created (dry run)"],
        &["Warning: --dry-run is deprecated and can be replaced with --dry-run=client."],
    );
    assert_eq!(listener.calls(), 0);
    let output = session
        .gcr_secret(&WORDS[..5])
        .args(["--dry-run=bogus"])
        .run();
    assert_eq!(
        one_error(&output),
        r#"error: Invalid dry-run value (bogus). Must be "none", "server", or "client"."#
    );
}

#[test]
fn its_manifest_holds_the_real_data() {
    let (session, listener) = alone();
    let output = session
        .gcr_secret(WORDS)
        .args(["-o", "json"])
        .run()
        .success();
    assert_eq!(listener.calls(), 0);
    let manifest: Value = serde_json::from_str(&output.stdout).unwrap();
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
    let words = ["create", "--dry-run=client", "-f", "-", "-o", template];
    let setting = Setting::new("dry-run");
    let decoded = setting
        .cluster
        .kubectl(words)
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
fn the_manifest_names_a_namespace_only_where_one_was_named() {
    let (session, _listener) = alone();
    let shown = |words: &[&str]| -> Value {
        let output = session
            .gcr_secret(WORDS)
            .args(["-o", "json"])
            .args(words)
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
fn kubectl_can_apply_the_manifest_and_create_then_has_nothing_to_change() {
    let setting = Setting::new("dry-run");
    let line = format!(
        "kubectl gcr-secret create --key-file key.json -n {} --dry-run=client -o yaml \
         | kubectl apply --server-side --field-manager kubectl-gcr-secret -f -",
        setting.namespace
    );
    let output = setting.session.shell(&line).run();
    assert_said(&output, 0, &["secret/gcr-io serverside-applied"], &[]);
    let applied = setting.secret();
    let output = setting.create().run();
    assert_said(&output, 0, &["secret/gcr-io unchanged"], &[]);
    assert_eq!(setting.secret(), applied);
}

#[test]
fn a_manifest_applied_under_kubectls_own_name_is_the_same_content() {
    let setting = Setting::new("dry-run");
    let line = format!(
        "kubectl gcr-secret create --key-file key.json -n {} --dry-run=client -o yaml | kubectl apply --server-side -f -",
        setting.namespace
    );
    setting.session.shell(&line).run().success();
    let output = setting.create().run();
    assert_said(&output, 0, &["secret/gcr-io configured"], &[]);
    let output = setting
        .bare()
        .args(["--key-file", "rotated-key.json"])
        .run()
        .exits(1);
    assert!(output.stderr.contains(r#"held by "kubectl" ("#), "{output}");
}

#[test]
fn a_server_dry_run_says_what_would_become_of_it() {
    let setting = Setting::new("dry-run");
    let output = setting.typed().args(["--dry-run=server"]).run();
    assert_said(&output, 0, &["secret/gcr-io created (server dry run)"], &[]);
    assert_eq!(setting.find("secret/gcr-io"), None);

    // All within a second or two, which is where the server's times tell nothing.
    for (written, other) in [
        ("key.json", "rotated-key.json"),
        ("rotated-key.json", "key.json"),
    ] {
        setting.bare().args(["--key-file", written]).run().success();
        let before = setting.secret();
        for (key, word) in [
            (written, "unchanged"),
            (other, "configured"),
            (written, "unchanged"),
        ] {
            let output = setting
                .bare()
                .args(["--dry-run=server", "--key-file", key])
                .run();
            assert_said(
                &output,
                0,
                &[&format!("secret/gcr-io {word} (server dry run)")],
                &[],
            );
        }
        assert_eq!(version(&setting.secret()), version(&before));
    }
}

#[test]
fn a_server_dry_run_finds_the_conflict_that_would_be() {
    let setting = Setting::new("dry-run");
    setting.made_by_hand("gcr-io");
    let output = setting.create().args(["--dry-run=server"]).run();
    assert_said(
        &output,
        1,
        &[],
        &[
            r#"error: secret "gcr-io" is held by "kubectl-create" (.data..dockerconfigjson)"#,
            "hint: it was made by hand; --force-conflicts takes the fields over",
        ],
    );
}

#[test]
fn an_account_under_a_dry_run_is_shown_with_its_whole_list_and_not_written() {
    let setting = Setting::new("dry-run");
    let patch = r#"{"imagePullSecrets":[{"name":"quay"}]}"#;
    setting.kubectl(["patch", "serviceaccount", "default", "-p", patch]);
    let account = setting.get("serviceaccount/default");
    let output = setting
        .create()
        .args(["--attach", "--dry-run=server"])
        .run();
    let done = [
        "secret/gcr-io created (server dry run)",
        "serviceaccount/default patched (server dry run)",
    ];
    assert_said(&output, 0, &done, &[]);

    let words = ["--attach", "--dry-run=client", "-o", "json"];
    let output = setting.create().args(words).run().success();
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
    assert_eq!(version(shown), version(&account));
    assert_eq!(setting.get("serviceaccount/default"), account);
    assert_eq!(setting.find("secret/gcr-io"), None);
}

#[test]
fn an_account_that_cannot_be_read_is_an_error_of_a_client_dry_run() {
    let (session, listener) = alone();
    let output = session.gcr_secret(WORDS).args(["--attach"]).run();
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
    assert_ne!(listener.calls(), 0);
}

#[test]
fn on_a_terminal_the_data_is_masked_with_a_hint() {
    let (session, _listener) = alone();
    let line = format!("kubectl gcr-secret {} -o yaml", WORDS.join(" "));
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
        output.stdout.contains(
            "hint: the data is masked on a terminal; pipe or redirect the output to have it whole"
        ),
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
