//! Tests connections that break before the first response of the server.

use gcr_test_support::fault_proxy::{Fault, FaultProxy, Rule};
use gcr_test_support::{ControlPlane, Report, keys};

/// Number of requests that a run sends concurrently at its start.
const NAMESPACES: usize = 16;

#[test]
fn connections_reset_before_the_first_response_are_retried() {
    let cluster = ControlPlane::shared();
    let names = cluster.create_namespaces("first-response", NAMESPACES);
    let proxy = FaultProxy::new(cluster);
    let reads = Rule::on("get", "secrets").first(NAMESPACES);
    let reads = proxy.inject(reads, Fault::ResetBeforeCommit);
    let accounts = Rule::on("get", "serviceaccounts").first(NAMESPACES);
    proxy.inject(accounts, Fault::ResetBeforeCommit);
    let session = proxy.session();
    session.file("key.json", keys::KEY, 0o600);
    let output = session
        .gcr_secret(["create", "--key-file=key.json", "--attach", "-n"])
        .arg(names.join(","))
        .run()
        .success();
    assert!(proxy.hits(reads) > 0, "{output}");
    Report::parse(&output).assert_all_succeeded(2 * NAMESPACES);
}
