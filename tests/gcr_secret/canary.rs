//! Searches for a canary key wherever a key must not appear: in the output of all commands at the highest verbosity, in all
//! errors, and in the input of child processes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::keys::{Canary, canary};
use gcr_test_support::{Invocation, Output, Session, keys};
use serde_json::json;

use crate::fixture::Fixture;
use crate::listener::Listener;

/// A fixture whose `key.json` is a canary.
struct CanaryFixture {
    fixture: Fixture,
    canary: Canary,
}

impl CanaryFixture {
    #[track_caller]
    fn new() -> Self {
        let fixture = Fixture::new("canary");
        let canary = canary("watched");
        fixture.session.file("key.json", &canary.json, 0o600);
        Self { fixture, canary }
    }

    /// Runs `create` with these arguments at the highest verbosity and asserts that the canary does not appear.
    #[track_caller]
    fn run(&self, args: &[&str]) -> Output {
        let output = self.fixture.create().args(["-v=9"]).args(args).run();
        assert_absent(&self.canary, &output);
        output
    }
}

#[track_caller]
fn assert_absent(canary: &Canary, output: &Output) {
    for (stream, text) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let found = canary.find_leak(text);
        assert!(found.is_none(), "{found:?} in {stream}\n{output}");
    }
}

#[test]
fn canary_in_printed_manifest_is_found() {
    let with_canary = CanaryFixture::new();
    for auth in ["json-key", "json-key-base64"] {
        let args = ["--dry-run=client", "-o", "yaml", "--auth", auth];
        let output = with_canary.fixture.create().args(args).run().success();
        assert!(
            with_canary.canary.find_leak(&output.stdout).is_some(),
            "{output}"
        );
        assert!(
            with_canary.canary.find_leak(&output.stderr).is_none(),
            "{output}"
        );
    }
}

#[test]
fn successful_commands_do_not_print_key() {
    let with_canary = CanaryFixture::new();
    for auth in ["json-key", "json-key-base64"] {
        for args in [
            &["--dry-run=client"][..],
            &["--dry-run=server"],
            &["--dry-run=server", "-o", "yaml"],
            &[],
            &[],
            &["-o", "name", "--attach"],
            &["-o", "json", "--show-managed-fields"],
            &["-o", "yaml", "--attach"],
            &["--merge", "--registry=us.gcr.io", "-o", "yaml"],
            &["--registry=eu.gcr.io", "-q"],
            &["--recreate", "-o", "json"],
        ] {
            with_canary
                .run(&[args, &["--auth", auth]].concat())
                .success();
        }
    }
}

#[test]
fn failing_commands_do_not_print_key() {
    let with_canary = CanaryFixture::new();
    let fixture = &with_canary.fixture;
    fixture.create_docker_registry_secret("by-hand");
    fixture.create_object(json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "opaque"}, "data": {"x": "eA=="},
    }));
    fixture.create().args(["frozen"]).run().success();
    fixture.kubectl(["patch", "secret", "frozen", "-p", r#"{"immutable":true}"#]);
    for args in [
        &["by-hand"][..],
        &["by-hand", "--merge"],
        &["opaque"],
        &["opaque", "--recreate"],
        &[
            "opaque",
            "--recreate",
            "--force-conflicts",
            "--dry-run=server",
        ],
        &["frozen", "--registry=us.gcr.io"],
        &["-n", "no-such-namespace", "--attach"],
        &["--token", "invalid"],
        &["--as", "other-user"],
        &["--serviceaccount", "missing"],
        &["--registry", "evil.example"],
        &["Bad_Name"],
        &["--nope"],
        &["--kubeconfig", "key.json"],
        &["--context", "nope"],
        &["--certificate-authority", "key.json"],
        &["--access-token-file", "key.json"],
    ] {
        with_canary.run(args).exits(1);
    }
}

#[test]
fn invalid_key_file_is_not_printed() {
    let with_canary = CanaryFixture::new();
    let json = &with_canary.canary.json;
    let half = json.len() / 2;
    let swapped = json.replace("\"type\"", "\"kind\"");
    for broken in [
        &json[..half],
        &json[half..],
        &json.replace("service_account", "authorized_user"),
        &json.replace("\\n-----END", "!\\n-----END"),
        &json.replace("-----BEGIN PRIVATE KEY-----", "-----BEGIN-----"),
        &json.replace('\n', "\u{1b}[0m"),
        &swapped,
    ] {
        with_canary.fixture.session.file("key.json", broken, 0o600);
        with_canary.run(&[]).exits(1);
        let token = with_canary
            .fixture
            .create_without_key()
            .args(["--access-token-file", "key.json"])
            .run();
        assert_absent(&with_canary.canary, &token.exits(1));
    }
}

/// Responds like a hostile or careless server: with the whole request and with plain parts of the key.
fn echo(line: &str, body: &str) -> Option<String> {
    let start = keys::KEY.find("PRIVATE KEY-----").unwrap_or_default() + 200;
    let (plain, short) = (
        &keys::KEY[start..start + 100],
        &keys::KEY[start..start + 20],
    );
    let message = format!("cannot read {body} near {plain} or {short}\u{1b}[2J");
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 422, "reason": "Invalid", "message": message,
        "details": {"kind": "Secret", "name": plain, "causes": [
            {"reason": "FieldValueInvalid", "field": short, "message": message},
            {"reason": "FieldManagerConflict", "field": short, "message": format!("conflict with \"{plain}\"")},
        ]},
    });
    let warning = format!("warning: 299 - \"seen {plain}\"\r\n");
    let (code, text) = match line {
        line if line.starts_with("GET ") && line.contains("/secrets/") => (404, status.to_string()),
        line if line.contains("secrets/conflict") => (409, status.to_string()),
        line if line.contains("secrets/text") => (403, message),
        line if line.contains("secrets/garbage") => (200, message),
        _ => (422, status.to_string()),
    };
    Some(format!(
        "HTTP/1.1 {code} X\r\n{warning}content-length: {}\r\n\r\n{text}",
        text.len()
    ))
}

#[test]
fn key_quoted_by_server_is_redacted() {
    let canary = canary("watched");
    let listener = Listener::responding(echo);
    let session = Session::without_cluster();
    session.file("key.json", &canary.json, 0o600);
    session.file("kubeconfig", listener.kubeconfig(), 0o600);
    for name in ["invalid", "conflict", "text", "garbage"] {
        for auth in ["json-key", "json-key-base64"] {
            for args in [
                &[][..],
                &["-n", "a,b"],
                &["--attach", "-o", "json"],
                &["--dry-run=server"],
            ] {
                let create = [
                    "create",
                    "--key-file=key.json",
                    "--kubeconfig=kubeconfig",
                    "-v=9",
                ];
                let output = session
                    .gcr_secret(create)
                    .args([name, "--auth", auth])
                    .args(args)
                    .run();
                assert_absent(&canary, &output);
                assert!(!output.stderr.contains('\u{1b}'), "{output}");
                // The server's message is printed, and the key in it is masked.
                assert!(output.stderr.contains("***"), "{output}");
                output.exits(1);
            }
        }
    }
}

/// Answers a read with a Secret that holds the credential of another registry, and quotes it when it rejects the write: as
/// sent, decoded, and in pieces.
fn echo_stored(line: &str, body: &str) -> Option<String> {
    let key = canary("other").json;
    let auth = STANDARD.encode(format!("_json_key:{key}"));
    let config = json!({"auths": {"other.example": {
        "auth": auth, "username": "_json_key", "password": key, "identitytoken": STANDARD.encode(&key),
    }}});
    let (code, response) = if line.starts_with("GET ") {
        let data = STANDARD.encode(config.to_string());
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": "stored", "namespace": "default", "uid": "1", "resourceVersion": "2"},
            "data": {".dockerconfigjson": data},
        });
        (200, secret)
    } else {
        let (piece, escaped) = (&auth[400..450], &config.to_string()[900..1000]);
        let message = format!("cannot read {body} near {piece} or {escaped} of {key}");
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 422, "reason": "Invalid", "message": message,
        });
        (422, status)
    };
    let text = response.to_string();
    Some(format!(
        "HTTP/1.1 {code} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{text}",
        text.len()
    ))
}

#[test]
fn merged_credential_quoted_by_the_server_is_redacted() {
    let canary = canary("other");
    let listener = Listener::responding(echo_stored);
    let session = Session::without_cluster();
    session.file("token", "ya29.the-token-of-this-run", 0o600);
    session.file("kubeconfig", listener.kubeconfig(), 0o600);
    for options in [
        &["--merge"][..],
        &["--merge", "--report=report.json"],
        &["--merge", "--dry-run=server", "-o", "json"],
    ] {
        let create = [
            "create",
            "stored",
            "--access-token-file=token",
            "--kubeconfig=kubeconfig",
            "-v=9",
        ];
        let output = session.gcr_secret(create).args(options).run();
        assert_absent(&canary, &output);
        assert!(output.stderr.contains("cannot read"), "{output}");
        assert!(output.stderr.contains("***"), "{output}");
        output.exits(1);
    }
    let report = std::fs::read_to_string(session.work().join("report.json")).unwrap();
    assert_eq!(canary.find_leak(&report), None, "{report}");
    assert!(report.contains("***"), "{report}");
}

#[test]
fn exec_plugin_does_not_receive_key() {
    let with_canary = CanaryFixture::new();
    let fixture = &with_canary.fixture;
    let args = [
        "config",
        "view",
        "--raw",
        "-o",
        "jsonpath={.users[0].user.token}",
    ];
    let token = fixture.kubectl(args).stdout;
    let seen = fixture.session.work().join("seen");
    fixture.session.script(
        "credential",
        &format!(
            "{{ env; echo \"$@\"; cat /proc/$PPID/cmdline /proc/$PPID/environ; ls -l /proc/self/fd; cat; }} > {} 2>&1\n\
             echo '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{{\"token\":\"{token}\"}}}}'",
            seen.display()
        ),
    );
    let set = [
        "config",
        "set-credentials",
        "exec-plugin",
        "--exec-api-version=client.authentication.k8s.io/v1",
    ];
    let set = fixture
        .session
        .kubectl(set)
        .args(["--exec-command=credential", "--exec-interactive-mode=Never"]);
    set.run().success();
    let piped = |invocation: Invocation| invocation.stdin(with_canary.canary.json.clone());
    for create in [
        fixture.create(),
        piped(fixture.create_without_key().args(["--key-file", "-"])),
    ] {
        let output = create
            .args(["--user", "exec-plugin", "-v=9"])
            .run()
            .success();
        assert_absent(&with_canary.canary, &output);
        let seen = std::fs::read(&seen).unwrap();
        let text = String::from_utf8_lossy(&seen);
        assert!(text.contains("gcr_secret\0create\0"), "{text}");
        assert_eq!(with_canary.canary.find_leak(&seen), None, "{text}");
        assert!(
            !text.contains("key.json\n") && !text.contains("work/key.json"),
            "{text}"
        );
    }
}
