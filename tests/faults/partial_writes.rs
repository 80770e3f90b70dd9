//! Tests operations that need several writes and stop after the first: the report includes the completed write.

use gcr_test_support::fault_proxy::{CannedResponse, Fault, Rule};
use gcr_test_support::{Signal, wait_until};
use serde_json::json;

use crate::scenario::Scenario;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Creates a scenario whose faulty namespace holds this Secret.
fn with_secret(kind: &str, key: &str, manager: &str) -> Scenario {
    let scenario = Scenario::one("partial");
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": kind,
        "metadata": {
            "name": "gcr-io", "namespace": scenario.faulty,
            "labels": {"app.kubernetes.io/managed-by": "kubectl-gcr-secret"},
            "annotations": {LAST_APPLIED: "{}"},
        },
        "data": {key: "e30="},
    });
    let args = ["create", "--field-manager", manager, "-f", "-"];
    let create = scenario.cluster.kubectl(args).stdin(secret.to_string());
    create.run().success();
    scenario
}

#[test]
fn secret_with_failed_annotation_removal_is_reported_as_failed() {
    let forbidden = Fault::Replace(CannedResponse::status(403, "Forbidden", "no more of this"));
    for fault in [forbidden, Fault::ResponseLost] {
        let scenario = with_secret(
            "kubernetes.io/dockerconfigjson",
            ".dockerconfigjson",
            "kubectl-create",
        );
        let second = Rule::on("patch", "secrets")
            .namespace(&scenario.faulty)
            .skip(1);
        let times = if matches!(fault, Fault::ResponseLost) {
            1
        } else {
            usize::MAX
        };
        let second = scenario.proxy.inject(second.first(times), fault);
        let output = scenario.create().arg("--force-conflicts").run();
        assert!(scenario.proxy.hits(second) > 0, "{output}");
        let stored = scenario.cluster.get("secret/gcr-io", &scenario.faulty);
        assert_ne!(stored["data"][".dockerconfigjson"], "e30=", "{output}");
        let has_last_applied = stored["metadata"]["annotations"][LAST_APPLIED].is_string();
        if has_last_applied {
            let line = format!(
                "error: secret \"gcr-io\" was written, but the copy of an earlier one in {LAST_APPLIED} may still exist: "
            );
            assert!(output.stderr.contains(&line), "{output}");
            assert!(
                output
                    .stderr
                    .ends_with("\n1 created, 1 patched, 1 failed, 0 unknown, 1 not started\n"),
                "{output}"
            );
        } else {
            let line = format!("secret/gcr-io configured -n {}\n", scenario.faulty);
            assert!(output.stdout.contains(&line), "{output}");
        }
        let rerun = scenario
            .create_without_proxy()
            .arg("--force-conflicts")
            .run();
        let rerun = rerun.success();
        let stored = scenario.cluster.get("secret/gcr-io", &scenario.faulty);
        assert!(
            stored["metadata"]["annotations"][LAST_APPLIED].is_null(),
            "{rerun}"
        );
    }
}

#[test]
fn secret_deleted_but_not_recreated_is_reported_as_failed() {
    let scenario = with_secret("Opaque", ".dockerconfigjson", "kubectl-gcr-secret");
    // The first GET precedes the deletion.
    let get_after_deletion = Rule::on("get", "secrets")
        .namespace(&scenario.faulty)
        .skip(1);
    let get_after_deletion = scenario.proxy.inject(get_after_deletion, Fault::Hang);
    let mut run = scenario
        .create()
        .args(["--recreate", "--force-conflicts"])
        .spawn();
    wait_until("the old Secret is deleted", || {
        scenario.proxy.hits(get_after_deletion) > 0
    });
    run.signal(Signal::INT);
    let output = run.wait().exits(130);
    assert_eq!(
        scenario.cluster.get_opt("secret/gcr-io", &scenario.faulty),
        None
    );
    let line =
        "error: secret \"gcr-io\" was deleted, but creating its replacement failed: interrupted";
    assert!(output.stderr.contains(line), "{output}");
    assert!(output.stderr.contains("1 failed, 0 unknown, "), "{output}");
    scenario.create_without_proxy().run().success();
}
