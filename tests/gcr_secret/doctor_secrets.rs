//! Tests `doctor` with several pull secrets: which one decides, and in which order kubelet tries them.

use gcr_test_support::keys;
use serde_json::json;

use crate::pull_secrets::docker_config;
use crate::registry::{HOST, REPOSITORY, Registry};
use crate::stuck_pods::StuckPod;

/// Creates a pod that references these Secrets.
#[track_caller]
fn stuck(registry: &Registry, secrets: &[&str]) {
    registry.serve_images();
    registry.create_stuck_pod(&StuckPod {
        secrets,
        ..StuckPod::default()
    });
}

#[test]
fn undecodable_secret_decides_beside_a_working_one() {
    let registry = Registry::new();
    registry.create_secret(HOST, "_json_key", &registry.key);
    let broken = json!({"auths": {"docker.io": {"auth": "bm8tY29sb24="}}}).to_string();
    registry.fixture.create_pull_secret("broken", &broken);
    stuck(&registry, &["gcr-io", "broken"]);
    let [cause, message, _] = registry.diagnosis(&[]);
    assert_eq!(cause, "secret-undecodable");
    assert_eq!(
        message,
        "kubelet cannot decode Secret broken, and therefore pulls nothing for the pod, whatever its other Secrets contain"
    );
}

#[test]
fn missing_secret_and_one_of_another_type_do_not_hide_a_working_one() {
    let registry = Registry::new();
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry
        .fixture
        .kubectl(["create", "secret", "generic", "opaque"]);
    stuck(&registry, &["absent", "opaque", "gcr-io"]);
    registry.assert_diagnosis([
        "retry-pending",
        "pulling works now; kubelet tries again within 5 minutes",
        "",
    ]);
}

#[test]
fn each_matching_entry_is_tried_in_order_until_one_works() {
    let registry = Registry::new();
    let host = docker_config(&[(HOST, "_json_key", &registry.key)]);
    registry.fixture.create_pull_secret("of-host", &host);
    let path = docker_config(&[(&format!("{REPOSITORY}/"), "_json_key", keys::KEY)]);
    registry.fixture.create_pull_secret("of-path", &path);
    stuck(&registry, &["of-host", "of-path"]);
    let found = registry.diagnoses(&[]).remove(0);
    assert_eq!(
        (&found["cause"], &found["verdict"]),
        (&json!("retry-pending"), &json!("ok")),
        "{found}"
    );
    // The longest path comes first, whatever the order of the Secrets.
    let expected = json!([
        {"secret": "of-path", "entry": format!("{REPOSITORY}/")},
        {"secret": "of-host", "entry": HOST},
    ]);
    assert_eq!(found["matches"], expected);
    // Without a credential that works, the one that kubelet tries first is explained.
    registry.google.disable_keys(&registry.email);
    let [cause, message, _] = registry.diagnosis(&[]);
    assert_eq!(cause, "credential-refused");
    let start = "the registry refuses the credential in Secret of-path (account-deleted): ";
    assert!(message.starts_with(start), "{message}");
}
