//! Namespaces that are being deleted, or go away while a run works on them: nobody named them, so they are skipped.

use gcr_test_support::Report;
use gcr_test_support::fault_proxy::{CannedResponse, Fault, FaultProxy, Rule};
use serde_json::json;

use crate::fixture::{Fixture, split_summary, with_key};

#[test]
fn a_terminating_namespace_is_skipped_and_said_so() {
    let fixture = Fixture::new("going", 2);
    let leaving = &fixture.names[1];
    // It is not gone as long as this is held.
    fixture.cluster.create(vec![
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata":
        {"name": "held", "namespace": leaving, "finalizers": ["example.com/hold"]}}),
    ]);
    let args = ["delete", "namespace", leaving, "--wait=false"];
    fixture.cluster.kubectl(args).run().success();
    let output = fixture.create().run().success();
    let (notes, count) = split_summary(&output);
    assert_eq!(notes, [format!("namespace/{leaving} skipped: terminating")]);
    assert_eq!(
        count,
        "1 created, 1 patched, 0 failed, 0 unknown, 0 not started"
    );
    // By name it was meant, and failed.
    let args = ["create", "--key-file=key.json", "-n", leaving];
    let output = fixture.session.gcr_secret(args).run().exits(1);
    assert!(
        output.stderr.contains("because it is being terminated"),
        "{output}"
    );
    let release = r#"{"metadata":{"finalizers":null}}"#;
    let args = [
        "patch",
        "configmap",
        "held",
        "--type=merge",
        "-p",
        release,
        "-n",
        leaving,
    ];
    fixture.cluster.kubectl(args).run().success();
}

#[test]
fn one_that_goes_away_meanwhile_is_skipped_too() {
    let fixture = Fixture::new("going", 3);
    let proxy = FaultProxy::new(fixture.cluster);
    let [gone, leaving, _] = fixture.names.as_slice() else {
        panic!("too few");
    };
    // As kube-apiserver words both.
    let not_found = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404,
        "reason": "NotFound", "message": format!("namespaces \"{gone}\" not found"),
        "details": {"name": gone, "kind": "namespaces"}});
    let forbidden = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 403,
        "reason": "Forbidden",
        "message": format!("secrets \"gcr-io\" is forbidden: unable to create new content in namespace {leaving} because it is being terminated"),
        "details": {"name": "gcr-io", "kind": "secrets", "causes": [{"reason": "NamespaceTerminating",
            "message": format!("namespace {leaving} is being terminated"), "field": "metadata.namespace"}]}});
    for (name, status, body) in [(gone, 404, not_found), (leaving, 403, forbidden)] {
        let answer = CannedResponse::new(status, "application/json", &body.to_string());
        let rule = Rule::on("patch", "secrets").namespace(name);
        proxy.inject(rule, Fault::Replace(answer));
    }
    let session = with_key(proxy.session());
    let output = fixture.create_as(&session).run().success();
    let (mut notes, count) = split_summary(&output);
    notes.sort_unstable();
    assert_eq!(
        notes,
        [
            format!("namespace/{gone} skipped: deleted meanwhile"),
            format!("namespace/{leaving} skipped: terminating"),
        ]
    );
    assert_eq!(
        count,
        "1 created, 1 patched, 0 failed, 0 unknown, 0 not started"
    );
    Report::parse(&output).assert_all_succeeded(2);
}
