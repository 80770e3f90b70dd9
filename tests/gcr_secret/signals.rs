//! Ctrl-C and SIGTERM: writes in flight can complete, unsent ones are not started, and the exit code names the signal.

use std::time::Duration;

use gcr_test_support::{Invocation, Session, Signal};

use crate::fixture::write_key_files;
use crate::listener::Listener;

/// Responds to reads with 404 and does not respond to writes.
fn unresponsive_to_writes() -> Listener {
    Listener::responding(|line, _| {
        line.starts_with("GET ").then(|| {
            let body = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"secrets \"gcr-io\" not found","reason":"NotFound","details":{"name":"gcr-io","kind":"secrets"},"code":404}"#;
            format!("HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        })
    })
}

fn create(session: &Session, listener: &Listener) -> Invocation {
    write_key_files(session);
    session.file("kubeconfig", listener.kubeconfig(), 0o644);
    session.gcr_secret(["create", "--key-file=key.json", "--kubeconfig=kubeconfig"])
}

#[test]
fn writes_in_flight_count_as_unknown_after_five_seconds() {
    let session = Session::without_cluster();
    let listener = unresponsive_to_writes();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let args = ["-n", "a,b", "--attach"];
        let mut run = create(&session, &listener).args(args).spawn();
        let mut writes = 0;
        while writes < 2 {
            writes += usize::from(listener.next_request().starts_with("PATCH "));
        }
        run.signal(signal);
        let output = run.wait().exits(code);
        assert_eq!(output.stdout, "", "{output}");
        assert!(
            output
                .stderr
                .ends_with("0 failed, 2 unknown, 2 not started\n"),
            "{output}"
        );
        let waited = Duration::from_secs(5)..Duration::from_secs(9);
        assert!(waited.contains(&output.elapsed), "{output}");
    }
}

#[test]
fn second_signal_ends_run_at_once() {
    let session = Session::without_cluster();
    let listener = unresponsive_to_writes();
    let mut run = create(&session, &listener).spawn();
    while !listener.next_request().starts_with("PATCH ") {}
    // The kernel can merge two signals that arrive together, so the test sends more.
    for _ in 0..20 {
        run.signal(Signal::INT);
        std::thread::sleep(Duration::from_millis(25));
    }
    let output = run.wait().exits(130);
    assert!(output.elapsed < Duration::from_secs(4), "{output}");
}

#[test]
fn first_signal_determines_exit_code() {
    let session = Session::without_cluster();
    let listener = unresponsive_to_writes();
    let mut run = create(&session, &listener).spawn();
    while !listener.next_request().starts_with("PATCH ") {}
    run.signal(Signal::TERM);
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(25));
        run.signal(Signal::INT);
    }
    run.wait().exits(143);
}

#[test]
fn kubectl_forwards_signals_and_exit_codes() {
    let session = Session::without_cluster();
    let listener = unresponsive_to_writes();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        write_key_files(&session);
        session.file("kubeconfig", listener.kubeconfig(), 0o600);
        let args = [
            "gcr-secret",
            "create",
            "--key-file=key.json",
            "--kubeconfig=kubeconfig",
        ];
        let mut run = session.kubectl(args).spawn();
        while !listener.next_request().starts_with("PATCH ") {}
        run.signal(signal);
        run.wait().exits(code);
    }
}

#[test]
fn waiting_run_ends_at_once() {
    let session = Session::without_cluster();
    // Retry-After makes the plugin wait, so no request is in flight.
    let listener = Listener::responding(|_, _| {
        Some(
            "HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n".into(),
        )
    });
    let mut run = create(&session, &listener).args(["-v=2"]).spawn();
    listener.next_request();
    gcr_test_support::wait_until("the plugin waits for its retry", || {
        run.stderr_so_far().contains("retrying in")
    });
    run.signal(Signal::INT);
    let output = run.wait().exits(130);
    assert!(output.elapsed < Duration::from_secs(5), "{output}");
}

#[cfg(target_os = "linux")]
#[test]
fn process_with_key_disables_core_dumps_and_ptrace() {
    use std::os::unix::fs::MetadataExt;

    let session = Session::without_cluster();
    let listener = unresponsive_to_writes();
    let create = create(&session, &listener);
    session.file("key.json", gcr_test_support::keys::KEY, 0o644);
    let run = create.as_non_root().spawn();
    while !listener.next_request().starts_with("PATCH ") {}
    let process = std::path::PathBuf::from(format!("/proc/{}", run.pid()));
    let limits = std::fs::read_to_string(process.join("limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let args: Vec<_> = core.unwrap_or_default().split_whitespace().collect();
    assert_eq!(args[4..6], ["0", "0"], "{limits}");
    // Root owns the /proc files of a process that is not dumpable (proc(5)).
    assert_eq!(std::fs::metadata(process.join("environ")).unwrap().uid(), 0);
    let uid = std::fs::metadata(&process).unwrap().uid();
    assert!(
        uid != 0
            || std::fs::read_to_string(process.join("status"))
                .unwrap()
                .contains("Uid:\t65534")
    );
}
