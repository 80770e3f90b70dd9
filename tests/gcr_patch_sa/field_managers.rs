//! The warning about another field manager that may restore `imagePullSecrets`.

use serde_json::json;

use crate::fixture::{Fixture, assert_output, service_account};

const PATCHED: &str = "serviceaccount/builder patched\n";

fn warning(owner: &str) -> String {
    format!(
        "Warning: serviceaccount \"builder\": its imagePullSecrets belong to {owner}, which may restore the list; \
         change it there too\n"
    )
}

/// Applies the ServiceAccount with server-side apply and this field manager.
#[track_caller]
fn apply(fixture: &Fixture, manager: &str) {
    let manifest = service_account(&fixture.namespace, "builder", json!([{"name": "theirs"}]));
    fixture
        .cluster
        .kubectl([
            "apply",
            "--server-side",
            "-f",
            "-",
            "--field-manager",
            manager,
        ])
        .stdin(manifest.to_string())
        .run()
        .success();
}

#[test]
fn server_side_applier_of_list_is_warned_of() {
    let fixture = Fixture::new("owners");
    apply(&fixture, "flux-controller");
    let output = fixture.via_kubectl(&["builder"]).run().success();
    assert_output(&output, PATCHED, &warning("flux-controller"));
    assert_eq!(
        fixture.pull_secrets("builder"),
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );
    // The field manager can restore the list, which is the reason for the warning.
    let manifest = service_account(&fixture.namespace, "builder", json!([{"name": "theirs"}]));
    fixture
        .cluster
        .kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"])
        .args(["--field-manager", "flux-controller"])
        .stdin(manifest.to_string())
        .run()
        .success();
    assert_eq!(fixture.pull_secrets("builder"), json!([{"name": "theirs"}]));
}

#[test]
fn deployment_tools_are_warned_of_after_any_write() {
    for manager in [
        "helm",
        "argocd-controller",
        "HashiCorp",
        "Terraform",
        "pulumi-kubernetes",
        "kapp",
    ] {
        let fixture = Fixture::new("owners");
        fixture.create_account("builder", json!([{"name": "first"}]));
        let list = json!({"imagePullSecrets": [{"name": "theirs"}]});
        fixture.patch("builder", &list, manager);
        let output = fixture.via_kubectl(&["builder"]).run().success();
        assert_output(&output, PATCHED, &warning(manager));
    }
}

#[test]
fn applier_of_other_fields_is_not_warned_of() {
    let fixture = Fixture::new("owners");
    let manifest = json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "builder", "namespace": fixture.namespace, "labels": {"team": "payments"}}});
    fixture
        .cluster
        .kubectl([
            "apply",
            "--server-side",
            "-f",
            "-",
            "--field-manager",
            "flux",
        ])
        .stdin(manifest.to_string())
        .run()
        .success();
    let output = fixture.via_kubectl(&["builder"]).run().success();
    assert_output(&output, PATCHED, "");
}

#[test]
fn kubectl_patch_is_not_warned_of() {
    let fixture = Fixture::new("owners");
    fixture.create_account("builder", json!([{"name": "first"}]));
    fixture.set_pull_secrets("builder", json!([{"name": "theirs"}]));
    let output = fixture.via_kubectl(&["builder"]).run().success();
    assert_output(&output, PATCHED, "");
}

#[test]
fn unchanged_account_has_no_warning() {
    let fixture = Fixture::new("owners");
    apply(&fixture, "flux-controller");
    let output = fixture
        .via_kubectl(&["builder", "--remove"])
        .run()
        .success();
    assert_output(&output, "serviceaccount/builder patched (no change)\n", "");
}
