//! Somebody else manages the list and may put it back: one warning says who.

use serde_json::json;

use crate::place::{Place, account, says};

const PATCHED: &str = "serviceaccount/builder patched\n";

fn warning(owner: &str) -> String {
    format!(
        "Warning: serviceaccount \"builder\": its imagePullSecrets belong to {owner}, which may put the list back; \
         change it there too\n"
    )
}

/// Applies the account's list on the server's side under a manager's name.
#[track_caller]
fn apply(place: &Place, manager: &str) {
    let manifest = account(&place.namespace, "builder", json!([{"name": "theirs"}]));
    place
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
fn a_server_side_applier_of_the_list_is_named() {
    let place = Place::new("owners");
    apply(&place, "flux-controller");
    let output = place.typed(&["builder"]).run().success();
    says(&output, PATCHED, &warning("flux-controller"));
    assert_eq!(
        place.entries("builder"),
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );
    // He can in fact put it back: that is what the warning is for.
    let manifest = account(&place.namespace, "builder", json!([{"name": "theirs"}]));
    place
        .cluster
        .kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"])
        .args(["--field-manager", "flux-controller"])
        .stdin(manifest.to_string())
        .run()
        .success();
    assert_eq!(place.entries("builder"), json!([{"name": "theirs"}]));
}

#[test]
fn helm_and_argo_cd_are_named_however_they_write() {
    for manager in ["helm", "argocd-controller"] {
        let place = Place::new("owners");
        place.account("builder", json!([{"name": "first"}]));
        let list = json!({"imagePullSecrets": [{"name": "theirs"}]});
        place.patch("builder", &list, manager);
        let output = place.typed(&["builder"]).run().success();
        says(&output, PATCHED, &warning(manager));
    }
}

#[test]
fn one_who_applies_other_fields_alone_is_not_named() {
    let place = Place::new("owners");
    let manifest = json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "builder", "namespace": place.namespace, "labels": {"team": "payments"}}});
    place
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
    let output = place.typed(&["builder"]).run().success();
    says(&output, PATCHED, "");
}

#[test]
fn one_who_patched_by_hand_is_not_named() {
    let place = Place::new("owners");
    place.account("builder", json!([{"name": "first"}]));
    place.put("builder", json!([{"name": "theirs"}]));
    let output = place.typed(&["builder"]).run().success();
    says(&output, PATCHED, "");
}

#[test]
fn where_nothing_is_written_nobody_is_named() {
    let place = Place::new("owners");
    apply(&place, "flux-controller");
    let output = place.typed(&["builder", "--remove"]).run().success();
    says(&output, "serviceaccount/builder patched (no change)\n", "");
}
