//! Namespaces that are being deleted, or go away while a run works on them: nobody named them, so they are skipped.

use gcr_test_support::Report;
use gcr_test_support::fault_proxy::{Answer, Fault, FaultProxy, Rule};
use serde_json::json;

use crate::setting::{Setting, split_count, with_key};

#[test]
fn a_terminating_namespace_is_skipped_and_said_so() {
    let setting = Setting::new("going", 2);
    let leaving = &setting.names[1];
    // It is not gone as long as this is held.
    setting.cluster.create(vec![
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata":
        {"name": "held", "namespace": leaving, "finalizers": ["example.com/hold"]}}),
    ]);
    let words = ["delete", "namespace", leaving, "--wait=false"];
    setting.cluster.kubectl(words).run().success();
    let output = setting.create().run().success();
    let (notes, count) = split_count(&output);
    assert_eq!(notes, [format!("namespace/{leaving} skipped: terminating")]);
    assert_eq!(
        count,
        "1 created, 1 patched, 0 failed, 0 unknown, 0 not started"
    );
    // By name it was meant, and failed.
    let words = ["create", "--key-file=key.json", "-n", leaving];
    let output = setting.session.gcr_secret(words).run().exits(1);
    assert!(
        output.stderr.contains("because it is being terminated"),
        "{output}"
    );
    let release = r#"{"metadata":{"finalizers":null}}"#;
    let words = [
        "patch",
        "configmap",
        "held",
        "--type=merge",
        "-p",
        release,
        "-n",
        leaving,
    ];
    setting.cluster.kubectl(words).run().success();
}

#[test]
fn one_that_goes_away_meanwhile_is_skipped_too() {
    let setting = Setting::new("going", 3);
    let proxy = FaultProxy::before(setting.cluster);
    let [gone, leaving, _] = setting.names.as_slice() else {
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
        let answer = Answer::new(status, "application/json", &body.to_string());
        let rule = Rule::on("patch", "secrets").namespace(name);
        proxy.when(rule, Fault::Instead(answer));
    }
    let session = with_key(proxy.session());
    let output = setting.create_as(&session).run().success();
    let (mut notes, count) = split_count(&output);
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
    Report::read(&output).all_done(2);
}
