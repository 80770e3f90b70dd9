//! Ctrl-C and SIGTERM: nobody waits for what is only read, and the exit code tells.

use std::time::{Duration, Instant};

use gcr_test_support::{ControlPlane, RunningCommand, Session, Signal, wait_until};

use crate::place::{Place, says};
use crate::silent_server::SilentServer;

/// What is being written has five seconds to end.
const DRAIN: Duration = Duration::from_secs(5);

fn start(session: &Session, server: &SilentServer, namespaces: &str) -> RunningCommand {
    session
        .gcr_patch_sa(["-s", &server.url, "-n", namespaces])
        .spawn()
}

#[test]
fn ctrl_c_waits_for_no_read_and_exits_130() {
    let (session, server) = (ControlPlane::shared().session(), SilentServer::start());
    let mut running = start(&session, &server, "a,b");
    let _held = [server.request(), server.request()];
    running.signal(Signal::INT);
    let asked = Instant::now();
    let output = running.wait().exits(130);
    assert!(asked.elapsed() < DRAIN, "{output}");
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
fn ctrl_c_ends_the_wait_for_a_late_account_without_delay() {
    let place = Place::new("signals");
    let mut running = place
        .typed(&["late", "--timeout", "50s", "-v", "6"])
        .spawn();
    wait_until("it looked twice", || {
        running.stderr_so_far().matches("/late 404 in ").count() >= 2
    });
    running.signal(Signal::INT);
    let output = running.wait().exits(130);
    assert!(output.elapsed < Duration::from_secs(30), "{output}");
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
    wait_until("one is done", || running.stdout_so_far() == line);
    running.signal(Signal::INT);
    let output = running.wait().exits(130);
    says(
        &output,
        &line,
        "1 patched, 0 failed, 0 unknown, 1 not started\n",
    );
}
