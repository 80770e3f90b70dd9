//! Tests the progress display: only on a terminal, and only for long runs.

use std::time::Duration;

use gcr_test_support::fault_proxy::{FaultProxy, Route};

use crate::fixture::{Fixture, with_key};

const SUMMARY: &str = "30 created, 30 patched, 0 failed, 0 unknown, 0 not started";

#[test]
fn long_run_on_terminal_shows_and_erases_progress() {
    let fixture = Fixture::new("terminal", 30);
    let route = Route::new().latency(Duration::from_millis(600));
    let proxy = FaultProxy::start(fixture.cluster, route).unwrap_or_else(|error| panic!("{error}"));
    let session = with_key(proxy.session());
    let run = fixture
        .create_as(&session)
        .env("TERM", "xterm")
        .stderr_on_terminal();
    let output = run.run().success();
    assert!(output.stderr.contains("/60 objects, "), "{output}");
    assert!(output.stderr.contains("0 failed"), "{output}");
    // The progress display is erased; the summary stays.
    assert!(output.stderr.trim_end().ends_with(SUMMARY), "{output}");
    let (_, last) = output
        .stderr
        .trim_end()
        .rsplit_once("objects")
        .expect("progress");
    assert!(
        last.contains("\u{1b}[2K") || last.contains("\u{1b}[J"),
        "{output}"
    );

    let quiet = fixture.create_as(&session).env("TERM", "xterm").arg("-q");
    assert_eq!(quiet.stderr_on_terminal().run().success().stderr, "");
    let dumb = fixture
        .create_as(&session)
        .env("TERM", "dumb")
        .stderr_on_terminal();
    assert!(!dumb.run().success().stderr.contains("objects"));
    let piped = fixture
        .create_as(&session)
        .env("TERM", "xterm")
        .run()
        .success();
    assert!(!piped.stderr.contains("objects"), "{piped}");
}
