//! Tests Ctrl-C during a run over many namespaces: the summary counts all selected objects, and the report lists them.

use std::fs;
use std::time::{Duration, Instant};

use gcr_test_support::fault_proxy::{Fault, FaultProxy, Rule};
use gcr_test_support::{Signal, wait_until};
use serde_json::json;

use crate::fixture::{Fixture, split_summary, with_key};

/// Grace period for writes in flight.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

#[test]
fn interrupted_run_counts_and_reports_objects_not_started() {
    const NAMESPACES: usize = 120;
    let fixture = Fixture::new("interruption", NAMESPACES);
    let proxy = FaultProxy::new(fixture.cluster);
    let hang = proxy.inject(Rule::on("patch", "secrets").skip(20), Fault::Hang);
    let session = with_key(proxy.session());
    let mut run = fixture
        .create_as(&session)
        .args(["--report", "report.jsonl"])
        .spawn();
    wait_until("a write hangs", || proxy.hits(hang) > 0);
    run.signal(Signal::INT);
    let output = run.wait().exits(130);
    let (_, count) = split_summary(&output);
    let number = |word: &str| {
        let part = count.split(", ").find_map(|part| part.strip_suffix(word));
        part.and_then(|number| number.trim().parse::<usize>().ok())
            .unwrap_or(0)
    };
    let outcomes = ["created", "patched", "failed", "unknown", "not started"].map(number);
    assert_eq!(outcomes.iter().sum::<usize>(), 2 * NAMESPACES, "{count}");
    let [created, _, failed, unknown, not_started] = outcomes;
    assert_eq!((created, failed), (20, 0), "{count}");
    assert!(unknown > 0 && not_started > NAMESPACES, "{count}");
    let report = fs::read_to_string(session.work().join("report.jsonl")).expect("the report");
    assert_eq!(report.lines().count(), 2 * NAMESPACES);
    assert_eq!(report.matches("\"not started\"").count(), not_started);
    assert_eq!(report.matches("\"unknown\"").count(), unknown);
}

#[test]
fn interrupted_namespace_list_is_reported_as_incomplete() {
    let fixture = Fixture::new("interruption", 2);
    let proxy = FaultProxy::new(fixture.cluster);
    let hang = proxy.inject(Rule::on("list", "namespaces"), Fault::Hang);
    let session = with_key(proxy.session());
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let before = proxy.hits(hang);
        let mut run = fixture.create_as(&session).spawn();
        wait_until("the list hangs", || proxy.hits(hang) > before);
        run.signal(signal);
        let signalled = Instant::now();
        let output = run.wait().exits(code);
        assert_eq!(
            output.stderr,
            "the list of namespaces is incomplete: namespaces that were not listed are not counted\n\
             0 failed, 0 unknown, 0 not started\n"
        );
        // Only writes in flight get the grace period.
        assert!(signalled.elapsed() < SHUTDOWN_GRACE, "{output}");
    }
}

#[test]
fn interrupted_account_lists_count_their_namespaces() {
    let fixture = Fixture::new("interruption", 3);
    let proxy = FaultProxy::new(fixture.cluster);
    let hang = proxy.inject(Rule::on("list", "serviceaccounts"), Fault::Hang);
    let session = with_key(proxy.session());
    let mut run = session
        .gcr_patch_sa(["--all", "--report", "report.jsonl", "-n"])
        .arg(fixture.names.join(","))
        .spawn();
    wait_until("the lists hang", || proxy.hits(hang) == fixture.names.len());
    run.signal(Signal::INT);
    let output = run.wait().exits(130);
    let (_, count) = split_summary(&output);
    assert_eq!(count, "0 failed, 0 unknown, 3 not started", "{output}");
    let report = fs::read_to_string(session.work().join("report.jsonl")).expect("the report");
    assert_eq!(report.matches("\"not started\"").count(), 3, "{report}");
}

#[test]
fn interrupted_login_is_reported_as_incomplete_list() {
    let fixture = Fixture::new("interruption", 1);
    let session = with_key(fixture.cluster.session());
    let login = session.script(
        "hanging-login",
        "#!/bin/sh\ntouch started\nexec sleep 60 >/dev/null 2>&1\n",
    );
    let user = json!({"name": "hangs", "user": {"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": login,
        "interactiveMode": "Never",
    }}});
    let config = json!({
        "current-context": "hangs",
        "clusters": [{"name": "c", "cluster": {
            "server": fixture.cluster.server(), "insecure-skip-tls-verify": true}}],
        "contexts": [{"name": "hangs", "context": {"cluster": "c", "user": "hangs"}}],
        "users": [user],
    });
    session.file("hangs.json", config.to_string(), 0o600);
    let mut run = session
        .gcr_patch_sa(["--kubeconfig=hangs.json", "-A"])
        .spawn();
    let started = session.work().join("started");
    wait_until("the exec plugin runs", || started.exists());
    run.signal(Signal::INT);
    run.signal(Signal::INT);
    let output = run.wait().exits(130);
    assert_eq!(
        output.stderr,
        "the list of namespaces is incomplete: namespaces that were not listed are not counted\n\
         0 failed, 0 unknown, 0 not started\n"
    );
}
