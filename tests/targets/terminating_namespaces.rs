//! Tests selected namespaces that are terminating or are deleted during the run: they are skipped, because the user did
//! not name them.

use gcr_test_support::Report;
use gcr_test_support::fault_proxy::{CannedResponse, Fault, FaultProxy, Rule};
use serde_json::json;

use crate::fixture::{Fixture, split_summary, with_key};

#[test]
fn terminating_namespace_is_skipped_with_note() {
    let fixture = Fixture::new("terminating", 2);
    let terminating = &fixture.names[1];
    // The finalizer keeps the namespace in the terminating phase.
    fixture.cluster.create(vec![
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata":
        {"name": "held", "namespace": terminating, "finalizers": ["example.com/hold"]}}),
    ]);
    let args = ["delete", "namespace", terminating, "--wait=false"];
    fixture.cluster.kubectl(args).run().success();
    let output = fixture.create().run().success();
    let (notes, count) = split_summary(&output);
    assert_eq!(
        notes,
        [format!("namespace/{terminating} skipped: terminating")]
    );
    assert_eq!(
        count,
        "1 created, 1 patched, 0 failed, 0 unknown, 0 not started"
    );
    // A namespace that the user names must not be skipped; the run fails.
    let args = ["create", "--key-file=key.json", "-n", terminating];
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
        terminating,
    ];
    fixture.cluster.kubectl(args).run().success();
}

#[test]
fn namespace_deleted_during_run_is_skipped_with_note() {
    let fixture = Fixture::new("terminating", 3);
    let proxy = FaultProxy::new(fixture.cluster);
    let [deleted, terminating, _] = fixture.names.as_slice() else {
        panic!("expected three namespaces");
    };
    // kube-apiserver's own responses.
    let not_found = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404,
        "reason": "NotFound", "message": format!("namespaces \"{deleted}\" not found"),
        "details": {"name": deleted, "kind": "namespaces"}});
    let forbidden = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 403,
        "reason": "Forbidden",
        "message": format!("secrets \"gcr-io\" is forbidden: unable to create new content in namespace {terminating} because it is being terminated"),
        "details": {"name": "gcr-io", "kind": "secrets", "causes": [{"reason": "NamespaceTerminating",
            "message": format!("namespace {terminating} is being terminated"), "field": "metadata.namespace"}]}});
    for (name, status, body) in [(deleted, 404, not_found), (terminating, 403, forbidden)] {
        let response = CannedResponse::new(status, "application/json", &body.to_string());
        let rule = Rule::on("patch", "secrets").namespace(name);
        proxy.inject(rule, Fault::Replace(response));
    }
    let session = with_key(proxy.session());
    let output = fixture.create_as(&session).run().success();
    let (mut notes, count) = split_summary(&output);
    notes.sort_unstable();
    assert_eq!(
        notes,
        [
            format!("namespace/{deleted} skipped: deleted meanwhile"),
            format!("namespace/{terminating} skipped: terminating"),
        ]
    );
    assert_eq!(
        count,
        "1 created, 1 patched, 0 failed, 0 unknown, 0 not started"
    );
    Report::parse(&output).assert_all_succeeded(2);
}
