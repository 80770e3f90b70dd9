//! Tests `--report`: one JSON line per object, including objects that were not started.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::Duration;

use gcr_test_support::fault_proxy::{CannedResponse, Fault, FaultProxy, Rule};
use gcr_test_support::{ControlPlane, Signal, keys, wait_until};
use serde_json::{Value, json};

use crate::fixture::{Fixture, split_summary, with_key};

fn lines(text: &str) -> Vec<Value> {
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let mut lines: Vec<Value> = text.lines().map(read).collect();
    lines.sort_by_key(|line| (line["namespace"].to_string(), line["kind"].to_string()));
    lines
}

#[test]
fn report_has_one_line_per_object() {
    let fixture = Fixture::new("report", 2);
    let [allowed, denied] = [&fixture.names[0], &fixture.names[1]];
    let proxy = FaultProxy::new(fixture.cluster);
    let forbidden = CannedResponse::status(
        403,
        "Forbidden",
        "secrets \"gcr-io\" is forbidden: exceeded quota",
    );
    let rule = Rule::on("patch", "secrets").namespace(denied);
    proxy.inject(rule, Fault::Replace(forbidden));
    let session = with_key(proxy.session());
    // The previous content is overwritten.
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
    let text = fs::read_to_string(path).expect("the report is readable");
    let line = |namespace: &str, kind: &str, name: &str, result: &str, reason: Value| {
        json!({"context": "admin", "namespace": namespace, "kind": kind, "name": name,
            "result": result, "reason": reason})
    };
    let reason = "Error from server (Forbidden): secrets \"gcr-io\" is forbidden: exceeded quota";
    assert_eq!(
        lines(&text),
        [
            line(allowed, "Secret", "gcr-io", "created", Value::Null),
            line(allowed, "ServiceAccount", "default", "patched", Value::Null),
            line(denied, "Secret", "gcr-io", "failed", reason.into()),
            line(
                denied,
                "ServiceAccount",
                "default",
                "not started",
                "skipped: writing its Secret failed".into()
            ),
        ]
    );
    // The documented field order, for human readers.
    assert!(
        text.starts_with(r#"{"context":"admin","namespace":""#),
        "{text}"
    );
}

#[test]
fn unwritable_report_path_fails_before_any_write() {
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
fn report_on_full_disk_fails_but_run_continues() {
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
fn report_onto_foreign_file_fails_and_keeps_it() {
    let fixture = Fixture::new("report", 1);
    for name in ["key.json", "notes.txt"] {
        if name == "notes.txt" {
            fixture.session.file(name, "mine\n", 0o644);
        }
        let path = fixture.session.work().join(name);
        let before = fs::read(&path).expect("the file is readable");
        let output = fixture.create().args(["--report", name]).run().exits(1);
        assert_eq!(
            output.stderr,
            format!(
                "error: cannot write the report \"{name}\": the file exists and is not a report\n"
            )
        );
        assert_eq!(fs::read(&path).expect("the file is readable"), before);
    }
    // Overwriting the run's own report or an empty file works.
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
fn report_onto_unreadable_file_fails_and_keeps_it() {
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
        "error: cannot write the report \"drop.txt\": cannot read the existing file: permission denied\n"
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("the mode can be changed");
    assert_eq!(fs::read(&path).expect("the file is readable"), b"mine\n");
}

#[test]
fn report_to_a_standard_stream_is_written_with_a_key_as_another_user() {
    let fixture = Fixture::new("report", 1);
    for (path, is_stderr) in [
        ("/dev/stderr", true),
        ("/dev/stdout", false),
        ("/dev/fd/2", true),
        ("/proc/self/fd/1", false),
    ] {
        let args = ["create", "--key-file=-", "-q", "--report", path];
        let output = fixture
            .session
            .gcr_secret(args)
            .args(["-n", &fixture.names[0]])
            .stdin(keys::KEY)
            .as_non_root()
            .run()
            .success();
        let streams = [output.stdout.as_str(), output.stderr.as_str()];
        let [report, other] = if is_stderr {
            [streams[1], streams[0]]
        } else {
            streams
        };
        assert_eq!((lines(report).len(), other), (1, ""), "{path}: {output}");
    }
}

#[test]
fn report_to_standard_error_is_appended_to_its_file() {
    let fixture = Fixture::new("report", 1);
    let line = format!(
        "echo first >log; kubectl gcr-secret create --key-file=key.json -q --report=/dev/stderr -n {} 2>>log",
        fixture.names[0]
    );
    fixture.session.shell(&line).run().success();
    let text = fs::read_to_string(fixture.session.work().join("log")).expect("the log");
    let report = text.strip_prefix("first\n").expect("the earlier line");
    assert_eq!(lines(report).len(), 1, "{text}");
}

/// Enough errors to fill the pipe of standard error, and the channel behind it, several times.
const MANY: usize = 2_000;

#[test]
fn interrupted_run_with_blocked_output_completes_the_report() {
    let cluster = ControlPlane::shared();
    let session = cluster.session();
    let names: Vec<String> = (0..MANY)
        .map(|index| format!("absent-{index:04}"))
        .collect();
    let mut run = session
        .gcr_patch_sa(["--timeout=0", "--report=report.jsonl", "-n"])
        .arg(names.join(","))
        .into_command()
        // Nothing reads these pipes.
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the plugin starts");
    let report = session.work().join("report.jsonl");
    let count = || fs::read_to_string(&report).map_or(0, |text| text.lines().count());
    let mut last = 0;
    wait_until("the run is blocked", || {
        std::thread::sleep(Duration::from_millis(500));
        let now = count();
        now > 0 && now < MANY && std::mem::replace(&mut last, now) == now
    });
    let pid = rustix::process::Pid::from_child(&run);
    rustix::process::kill_process(pid, Signal::INT).expect("the run can be signalled");
    let status = run.wait().expect("the run ends");
    assert_eq!(status.code(), Some(130));
    assert_eq!(count(), MANY);
}

#[test]
fn interrupted_run_with_slow_report_prints_the_summary() {
    let cluster = ControlPlane::shared();
    let session = cluster.session();
    session.shell("mkfifo report").run().success();
    let names: Vec<String> = (0..MANY)
        .map(|index| format!("absent-{index:04}"))
        .collect();
    let mut run = session
        .gcr_patch_sa(["--timeout=0", "--report=report", "-n"])
        .arg(names.join(","))
        .spawn();
    let mut report = BufReader::new(File::open(session.work().join("report")).expect("the pipe"));
    let mut line = String::new();
    report.read_line(&mut line).expect("the first line");
    // The run is blocked: the pipe and the channel behind it are full. The second signal cancels the run.
    std::thread::sleep(Duration::from_secs(2));
    run.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(100));
    run.signal(Signal::INT);
    std::thread::sleep(Duration::from_secs(1));
    let rest = report.lines().count();
    let output = run.wait().exits(130);
    assert_eq!(rest + 1, MANY);
    let (_, summary) = split_summary(&output);
    assert!(summary.ends_with(" not started"), "{output}");
    assert!(
        !output.stderr.contains("cannot write the report"),
        "{output}"
    );
}
