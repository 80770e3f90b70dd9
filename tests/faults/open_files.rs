//! Tests a low limit on open files, which the connections of many concurrent requests exceed.

use std::time::Duration;

use gcr_test_support::fault_proxy::{FaultProxy, Route};
use gcr_test_support::{Report, keys};

use crate::lists::ManyNamespaces;

/// Runs `create` in all namespaces behind a slow connection, with this limit (options of the shell's `ulimit`). Fails unless
/// all objects are written. Returns whether requests were retried because too many files were open.
fn succeeds_after_retries_with_limit(limit: &str) -> bool {
    let namespaces = ManyNamespaces::new();
    let route = Route::new().latency(Duration::from_millis(200));
    let proxy = FaultProxy::start(namespaces.cluster, route).expect("the proxy starts");
    let session = proxy.session();
    session.file("key.json", keys::KEY, 0o600);
    let line = format!(
        "ulimit {limit} && exec kubectl-gcr_secret create -v=2 --key-file=key.json --serviceaccount=default --namespace-selector={}",
        namespaces.label
    );
    let output = session.shell(&line).run().success();
    let report = Report::parse(&output);
    report.assert_all_succeeded(2 * namespaces.names.len());
    output.stderr.contains("too many open files; retrying in ")
}

#[test]
fn soft_limit_on_open_files_is_raised() {
    assert!(!succeeds_after_retries_with_limit("-S -n 12"));
}

#[test]
fn hard_limit_on_open_files_fails_no_object() {
    assert!(succeeds_after_retries_with_limit("-n 12"));
}
