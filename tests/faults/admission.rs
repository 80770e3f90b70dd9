//! Admission policies and webhooks that reject, change or fail writes.

use gcr_test_support::fault_proxy::{CannedResponse, FaultProxy, Rule};
use gcr_test_support::{ControlPlane, keys};
use serde_json::Value;

#[test]
fn rejection_of_several_lines_keeps_its_lines() {
    let cluster = ControlPlane::shared();
    let namespace = cluster.create_namespace("admission");
    let proxy = FaultProxy::new(cluster);
    let message = "admission webhook \"policy\" denied the request:\n\nrequire-team:\n\tadd the label\u{1b}[2J team\n";
    let denied = CannedResponse::status(403, "Forbidden", message);
    proxy.answer(Rule::on("patch", "secrets"), denied);
    let session = proxy.session();
    session.file("key.json", keys::KEY, 0o600);
    let args = [
        "create",
        "--key-file=key.json",
        "--report=report.jsonl",
        "-n",
        &namespace,
    ];
    let output = session.gcr_secret(args).run().exits(1);
    let lines = [
        "Error from server (Forbidden): admission webhook \"policy\" denied the request:",
        "  require-team:",
        "    add the label^[[2J team",
    ];
    let printed: Vec<&str> = output.stderr.lines().take(3).collect();
    assert_eq!(printed, lines, "{output}");
    let report = std::fs::read_to_string(session.work().join("report.jsonl")).expect("the report");
    let line: Value = serde_json::from_str(&report).expect("one JSON line");
    assert_eq!(line["reason"], lines.join("\n"));
}
