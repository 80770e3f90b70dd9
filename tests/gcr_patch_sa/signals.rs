//! Ctrl-C and SIGTERM: reads are cancelled at once, and the exit code names the signal.

use std::time::{Duration, Instant};

use gcr_test_support::{ControlPlane, RunningCommand, Session, Signal, wait_until};

use crate::fixture::{Fixture, assert_output};
use crate::unresponsive_server::UnresponsiveServer;

/// The time that writes in flight have to complete after a signal.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

fn start(session: &Session, server: &UnresponsiveServer, namespaces: &str) -> RunningCommand {
    session
        .gcr_patch_sa(["-s", &server.url, "-n", namespaces])
        .spawn()
}

#[test]
fn ctrl_c_cancels_reads_and_exits_130() {
    let (session, server) = (
        ControlPlane::shared().session(),
        UnresponsiveServer::start(),
    );
    let mut running = start(&session, &server, "a,b");
    let _held = [server.request(), server.request()];
    running.signal(Signal::INT);
    let start = Instant::now();
    let output = running.wait().exits(130);
    assert!(start.elapsed() < SHUTDOWN_GRACE, "{output}");
    // No write was started before the signal.
    assert_output(&output, "", "0 failed, 0 unknown, 2 not started\n");
}

#[test]
fn sigterm_during_read_exits_143() {
    let (session, server) = (
        ControlPlane::shared().session(),
        UnresponsiveServer::start(),
    );
    let mut running = start(&session, &server, "a");
    let _held = server.request();
    running.signal(Signal::TERM);
    let output = running.wait().exits(143);
    assert_output(&output, "", "");
}

#[test]
fn ctrl_c_ends_wait_for_missing_account() {
    let fixture = Fixture::new("signals");
    let mut running = fixture
        .via_kubectl(&["late", "--timeout", "50s", "-v", "6"])
        .spawn();
    wait_until("the plugin has read the ServiceAccount twice", || {
        running.stderr_so_far().matches("/late 404 in ").count() >= 2
    });
    running.signal(Signal::INT);
    let output = running.wait().exits(130);
    assert!(output.elapsed < Duration::from_secs(30), "{output}");
    assert_eq!(output.stdout, "");
    assert!(!output.stderr.contains("Error"), "{output}");
}

#[test]
fn ctrl_c_counts_completed_and_unstarted_objects() {
    let (done, late) = (Fixture::new("signals"), Fixture::new("signals"));
    done.create_account("builder", serde_json::json!([]));
    let both = format!("{},{}", done.namespace, late.namespace);
    let mut running = done
        .session
        .gcr_patch_sa(["builder", "-n", &both, "--timeout", "50s"])
        .spawn();
    let line = format!("serviceaccount/builder patched -n {}\n", done.namespace);
    wait_until("the first namespace is done", || {
        running.stdout_so_far() == line
    });
    running.signal(Signal::INT);
    let output = running.wait().exits(130);
    assert_output(
        &output,
        &line,
        "1 patched, 0 failed, 0 unknown, 1 not started\n",
    );
}
