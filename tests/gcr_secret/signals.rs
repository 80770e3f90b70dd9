//! Ctrl-C and SIGTERM: what is being written may end, what is not sent is not started, and the exit code says which.

use std::time::Duration;

use gcr_test_support::{Invocation, Session, Signal};

use crate::listener::Listener;
use crate::setting::give_keys;

/// Answers reads that nothing is there, and writes not at all.
fn silent_to_writes() -> Listener {
    Listener::answering(|line, _| {
        line.starts_with("GET ").then(|| {
            let body = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"secrets \"gcr-io\" not found","reason":"NotFound","details":{"name":"gcr-io","kind":"secrets"},"code":404}"#;
            format!("HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        })
    })
}

fn create(session: &Session, listener: &Listener) -> Invocation {
    give_keys(session);
    session.file("kubeconfig", listener.kubeconfig(), 0o644);
    session.gcr_secret(["create", "--key-file=key.json", "--kubeconfig=kubeconfig"])
}

#[test]
fn what_is_in_flight_has_five_seconds_and_counts_as_unknown() {
    let session = Session::without_cluster();
    let listener = silent_to_writes();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let words = ["-n", "a,b", "--attach"];
        let mut run = create(&session, &listener).args(words).spawn();
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
fn a_second_one_ends_it_at_once() {
    let session = Session::without_cluster();
    let listener = silent_to_writes();
    let mut run = create(&session, &listener).spawn();
    while !listener.next_request().starts_with("PATCH ") {}
    // Two that come together may be taken for one, so there are more.
    for _ in 0..20 {
        run.signal(Signal::INT);
        std::thread::sleep(Duration::from_millis(25));
    }
    let output = run.wait().exits(130);
    assert!(output.elapsed < Duration::from_secs(4), "{output}");
}

#[test]
fn the_first_decides_the_exit_code() {
    let session = Session::without_cluster();
    let listener = silent_to_writes();
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
fn kubectl_passes_signals_and_exit_codes_on() {
    let session = Session::without_cluster();
    let listener = silent_to_writes();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        give_keys(&session);
        session.file("kubeconfig", listener.kubeconfig(), 0o600);
        let words = [
            "gcr-secret",
            "create",
            "--key-file=key.json",
            "--kubeconfig=kubeconfig",
        ];
        let mut run = session.kubectl(words).spawn();
        while !listener.next_request().starts_with("PATCH ") {}
        run.signal(signal);
        run.wait().exits(code);
    }
}

#[test]
fn a_run_that_only_waits_ends_at_once() {
    let session = Session::without_cluster();
    // Asked to come back later, which is waiting and not in flight.
    let listener = Listener::answering(|_, _| {
        Some(
            "HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n".into(),
        )
    });
    let mut run = create(&session, &listener).args(["-v=2"]).spawn();
    listener.next_request();
    gcr_test_support::wait_until("it waits", || run.stderr_so_far().contains("again in"));
    run.signal(Signal::INT);
    let output = run.wait().exits(130);
    assert!(output.elapsed < Duration::from_secs(5), "{output}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_holds_a_key_leaves_no_core_and_shows_it_to_nobody() {
    use std::os::unix::fs::MetadataExt;

    let session = Session::without_cluster();
    let listener = silent_to_writes();
    let create = create(&session, &listener);
    session.file("key.json", gcr_test_support::keys::KEY, 0o644);
    let run = create.as_non_root().spawn();
    while !listener.next_request().starts_with("PATCH ") {}
    let process = std::path::PathBuf::from(format!("/proc/{}", run.pid()));
    let limits = std::fs::read_to_string(process.join("limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let words: Vec<_> = core.unwrap_or_default().split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{limits}");
    // The kernel gives the files of a process that cannot be dumped to root (proc(5), dumpable).
    assert_eq!(std::fs::metadata(process.join("environ")).unwrap().uid(), 0);
    let uid = std::fs::metadata(&process).unwrap().uid();
    assert!(
        uid != 0
            || std::fs::read_to_string(process.join("status"))
                .unwrap()
                .contains("Uid:\t65534")
    );
}
