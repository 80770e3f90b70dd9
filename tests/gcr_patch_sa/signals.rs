//! Ctrl-C and SIGTERM: what is in flight may end, a second signal ends it at once, and the exit code tells.

use std::time::Duration;

use gcr_test_support::{ControlPlane, Running, Session, Signal, until};

use crate::place::{Place, says};
use crate::silent_server::SilentServer;

/// What is in flight has five seconds to end.
const DRAIN: Duration = Duration::from_secs(5);
/// How much longer a busy machine may take.
const SLACK: Duration = Duration::from_secs(10);

fn start(session: &Session, server: &SilentServer, namespaces: &str) -> Running {
    session
        .gcr_patch_sa(["-s", &server.url, "-n", namespaces])
        .spawn()
}

#[test]
fn ctrl_c_gives_up_a_request_that_is_not_answered_and_exits_130() {
    let (session, server) = (ControlPlane::shared().session(), SilentServer::start());
    let mut running = start(&session, &server, "a,b");
    let _held = [server.request(), server.request()];
    running.signal(Signal::INT);
    let output = running.wait().exits(130);
    assert!(output.took >= DRAIN, "{output}");
    assert!(output.took < DRAIN + SLACK, "{output}");
    // Nothing was written: reading was as far as it came.
    says(&output, "", "0 failed, 0 unknown, 2 not started\n");
}

#[test]
fn sigterm_exits_143() {
    let (session, server) = (ControlPlane::shared().session(), SilentServer::start());
    let mut running = start(&session, &server, "a");
    let _held = server.request();
    running.signal(Signal::TERM);
    let output = running.wait().exits(143);
    says(&output, "", "");
}

#[test]
fn a_second_ctrl_c_ends_it_at_once() {
    let (session, server) = (ControlPlane::shared().session(), SilentServer::start());
    let mut running = start(&session, &server, "a");
    let _held = server.request();
    // Two that come too close are one; so there are some more.
    for _ in 0..100 {
        running.signal(Signal::INT);
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = running.wait().exits(130);
    assert!(output.took < DRAIN, "{output}");
}

#[test]
fn a_first_signal_decides_the_exit_code() {
    let (session, server) = (ControlPlane::shared().session(), SilentServer::start());
    let mut running = start(&session, &server, "a");
    let _held = server.request();
    running.signal(Signal::TERM);
    for _ in 0..100 {
        std::thread::sleep(Duration::from_millis(10));
        running.signal(Signal::INT);
    }
    let output = running.wait().exits(143);
    assert!(output.took < DRAIN, "{output}");
}

#[test]
fn ctrl_c_ends_the_wait_for_a_late_account_without_delay() {
    let place = Place::new("signals");
    let mut running = place
        .typed(&["late", "--timeout", "50s", "-v", "6"])
        .spawn();
    until("it looked twice", || {
        running.stderr_so_far().matches("/late 404 in ").count() >= 2
    });
    running.signal(Signal::INT);
    let output = running.wait().exits(130);
    assert!(output.took < Duration::from_secs(30), "{output}");
    assert_eq!(output.stdout, "");
    assert!(!output.stderr.contains("Error"), "{output}");
}

#[test]
fn ctrl_c_counts_what_was_done_and_what_was_not() {
    let (done, late) = (Place::new("signals"), Place::new("signals"));
    done.account("builder", serde_json::json!([]));
    let both = format!("{},{}", done.namespace, late.namespace);
    let mut running = done
        .session
        .gcr_patch_sa(["builder", "-n", &both, "--timeout", "50s"])
        .spawn();
    let line = format!("serviceaccount/builder patched -n {}\n", done.namespace);
    until("one is done", || running.stdout_so_far() == line);
    running.signal(Signal::INT);
    let output = running.wait().exits(130);
    says(
        &output,
        &line,
        "1 patched, 0 failed, 0 unknown, 1 not started\n",
    );
}
