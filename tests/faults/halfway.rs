//! What takes more than one write, and gets no further than the first: what was carried out is said, whatever comes after.

use gcr_test_support::fault_proxy::{Answer, Fault, Rule};
use gcr_test_support::{Signal, until};
use serde_json::json;

use crate::trial::Trial;

const COPY: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A trial whose bad namespace holds this Secret.
fn with_secret(kind: &str, key: &str, manager: &str) -> Trial {
    let trial = Trial::one("halfway");
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": kind,
        "metadata": {
            "name": "gcr-io", "namespace": trial.bad,
            "labels": {"app.kubernetes.io/managed-by": "kubectl-gcr-secret"},
            "annotations": {COPY: "{}"},
        },
        "data": {key: "e30="},
    });
    let words = ["create", "--field-manager", manager, "-f", "-"];
    let create = trial.cluster.kubectl(words).stdin(secret.to_string());
    create.run().success();
    trial
}

#[test]
fn a_secret_that_was_written_is_never_called_not_started() {
    let lost = Fault::Instead(Answer::status(403, "Forbidden", "no more of this"));
    for fault in [lost, Fault::ReplyLost] {
        let trial = with_secret(
            "kubernetes.io/dockerconfigjson",
            ".dockerconfigjson",
            "kubectl-create",
        );
        let second = Rule::on("patch", "secrets").namespace(&trial.bad).after(1);
        let times = if matches!(fault, Fault::ReplyLost) {
            1
        } else {
            usize::MAX
        };
        let second = trial.proxy.when(second.first(times), fault);
        let output = trial.create().arg("--force-conflicts").run();
        assert!(trial.proxy.met(second) > 0, "{output}");
        let stored = trial.cluster.get("secret/gcr-io", &trial.bad);
        assert_ne!(stored["data"][".dockerconfigjson"], "e30=", "{output}");
        let has_copy = stored["metadata"]["annotations"][COPY].is_string();
        if has_copy {
            let line = format!(
                "error: secret \"gcr-io\" was written, and the copy of an earlier one in {COPY} may still be there: "
            );
            assert!(output.stderr.contains(&line), "{output}");
            assert!(
                output
                    .stderr
                    .ends_with("\n1 created, 1 patched, 1 failed, 0 unknown, 1 not started\n"),
                "{output}"
            );
        } else {
            let line = format!("secret/gcr-io configured -n {}\n", trial.bad);
            assert!(output.stdout.contains(&line), "{output}");
        }
        let again = trial.create_directly().arg("--force-conflicts").run();
        let again = again.success();
        let stored = trial.cluster.get("secret/gcr-io", &trial.bad);
        assert!(stored["metadata"]["annotations"][COPY].is_null(), "{again}");
    }
}

#[test]
fn a_secret_that_was_deleted_is_never_called_not_started() {
    let trial = with_secret("Opaque", ".dockerconfigjson", "kubectl-gcr-secret");
    // The first is the look before the deletion.
    let gone = Rule::on("get", "secrets").namespace(&trial.bad).after(1);
    let gone = trial.proxy.when(gone, Fault::Hang);
    let mut run = trial
        .create()
        .args(["--recreate", "--force-conflicts"])
        .spawn();
    until("the old one is deleted", || trial.proxy.met(gone) > 0);
    run.signal(Signal::INT);
    let output = run.wait().exits(130);
    assert_eq!(trial.cluster.find("secret/gcr-io", &trial.bad), None);
    let line = "error: secret \"gcr-io\" was deleted to be replaced, and the new one is not there: interrupted";
    assert!(output.stderr.contains(line), "{output}");
    assert!(output.stderr.contains("1 failed, 0 unknown, "), "{output}");
    trial.create_directly().run().success();
}
