//! `--report`: a JSON line for each object, also for those that were not started.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use gcr_test_support::fault_proxy::{CannedResponse, Fault, FaultProxy, Rule};
use gcr_test_support::keys;
use serde_json::{Value, json};

use crate::fixture::{Fixture, with_key};

fn lines(text: &str) -> Vec<Value> {
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let mut lines: Vec<Value> = text.lines().map(read).collect();
    lines.sort_by_key(|line| (line["namespace"].to_string(), line["kind"].to_string()));
    lines
}

#[test]
fn each_object_has_its_line() {
    let fixture = Fixture::new("report", 2);
    let [good, bad] = [&fixture.names[0], &fixture.names[1]];
    let proxy = FaultProxy::new(fixture.cluster);
    let refusal = CannedResponse::status(
        403,
        "Forbidden",
        "secrets \"gcr-io\" is forbidden: exceeded quota",
    );
    let rule = Rule::on("patch", "secrets").namespace(bad);
    proxy.inject(rule, Fault::Replace(refusal));
    let session = with_key(proxy.session());
    // What was there before is gone.
    let path = session.file(
        "report.jsonl",
        "{\"context\":\"another\"}\n".repeat(100),
        0o644,
    );
    fixture
        .create_as(&session)
        .args(["--report", "report.jsonl"])
        .run()
        .exits(1);
    let text = fs::read_to_string(path).expect("the report");
    let line = |namespace: &str, kind: &str, name: &str, result: &str, reason: Value| {
        json!({"context": "admin", "namespace": namespace, "kind": kind, "name": name,
            "result": result, "reason": reason})
    };
    let reason = "Error from server (Forbidden): secrets \"gcr-io\" is forbidden: exceeded quota";
    assert_eq!(
        lines(&text),
        [
            line(good, "Secret", "gcr-io", "created", Value::Null),
            line(good, "ServiceAccount", "default", "patched", Value::Null),
            line(bad, "Secret", "gcr-io", "failed", reason.into()),
            line(
                bad,
                "ServiceAccount",
                "default",
                "not started",
                "its Secret did not end as asked".into()
            ),
        ]
    );
    // Fields in the order that is promised, for those who read it with their eyes.
    assert!(
        text.starts_with(r#"{"context":"admin","namespace":""#),
        "{text}"
    );
}

#[test]
fn a_report_that_cannot_be_written_ends_the_run_before_it_begins() {
    let fixture = Fixture::new("report", 1);
    let output = fixture
        .create()
        .args(["--report", "no/such/directory"])
        .run()
        .exits(1);
    assert_eq!(output.stdout, "");
    assert_eq!(
        output.stderr,
        "error: cannot write the report \"no/such/directory\": no such file or directory\n"
    );
    assert_eq!(
        fixture.cluster.get_opt("secret/gcr-io", &fixture.names[0]),
        None
    );
}

#[test]
fn a_full_disk_is_told_and_the_work_goes_on() {
    let fixture = Fixture::new("report", 1);
    let output = fixture
        .create()
        .args(["--report", "/dev/full"])
        .run()
        .exits(1);
    assert_eq!(output.stdout.lines().count(), 2, "{output}");
    let error = "error: cannot write the report \"/dev/full\": no space left on device\n";
    assert!(output.stderr.starts_with(error), "{output}");
}

#[test]
fn no_file_that_is_something_else_is_overwritten() {
    let fixture = Fixture::new("report", 1);
    for name in ["key.json", "notes.txt"] {
        if name == "notes.txt" {
            fixture.session.file(name, "mine\n", 0o644);
        }
        let path = fixture.session.work().join(name);
        let before = fs::read(&path).expect("the file");
        let output = fixture.create().args(["--report", name]).run().exits(1);
        assert_eq!(
            output.stderr,
            format!(
                "error: cannot write the report \"{name}\": the file is there and holds something else\n"
            )
        );
        assert_eq!(fs::read(&path).expect("the file"), before);
    }
    // Twice is no trouble, and an empty file none either.
    fixture.session.file("report.jsonl", "", 0o644);
    for _ in 0..2 {
        fixture
            .create()
            .args(["--report", "report.jsonl"])
            .run()
            .success();
    }
}

#[test]
fn a_file_that_may_be_written_and_not_read_is_not_overwritten() {
    let fixture = Fixture::new("report", 1);
    let path = fixture.session.file("drop.txt", "mine\n", 0o222);
    let args = ["create", "--key-file=-", "--report=drop.txt"];
    let output = fixture
        .session
        .gcr_secret(args)
        .args(["-n", &fixture.names[0]])
        .stdin(keys::KEY)
        .as_non_root()
        .run()
        .exits(1);
    assert_eq!(
        output.stderr,
        "error: cannot write the report \"drop.txt\": cannot see what the file holds: permission denied\n"
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("the file's mode");
    assert_eq!(fs::read(&path).expect("the file"), b"mine\n");
}
