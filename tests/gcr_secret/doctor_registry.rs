//! Tests `doctor`: the causes at the registry, on the node and in the image.

use gcr_test_support::fake_google::{CannedError, Fault, Rule};
use serde_json::json;

use crate::registry::{HOST, REPOSITORY, Registry};
use crate::stuck_pods::{IMAGE, StuckPod};

#[test]
fn verdict_of_registry_names_command_of_google() {
    let registry = Registry::new();
    registry.serve_images();
    registry.create_stuck_pod(&StuckPod {
        secrets: &["gcr-io"],
        ..StuckPod::default()
    });
    registry.create_secret(HOST, "_json_key", &registry.key);
    let email = registry.email.clone();
    registry
        .google
        .set_repository_policy("us", "images", json!({}));
    let [cause, message, fix] = registry.diagnosis(&[]);
    assert_eq!(cause, "credential-refused");
    let start = "the registry refuses the credential in Secret gcr-io (permission-denied): ";
    assert!(message.starts_with(start), "{message}");
    let expected = format!(
        "gcloud artifacts repositories add-iam-policy-binding images --project demo-project --location us --member serviceAccount:{email} --role roles/artifactregistry.reader"
    );
    assert_eq!(fix, expected);
    registry.google.allow_pulls("us", "images", &email);
    registry.google.set_account_disabled(&email, true);
    let [_, message, fix] = registry.diagnosis(&[]);
    assert!(message.contains("(account-disabled): "), "{message}");
    let expected = format!("gcloud iam service-accounts enable {email} --project demo-project");
    assert_eq!(fix, expected);
    registry.google.set_account_disabled(&email, false);
    registry.google.disable_keys(&email);
    let found = &registry.diagnoses(&[])[0];
    assert_eq!(found["verdict"], "key-revoked");
    assert_eq!(
        found["matches"],
        json!([{"secret": "gcr-io", "entry": HOST}])
    );
    let fix = found["fix"].as_str().unwrap();
    assert!(
        fix.starts_with(
            "kubectl gcr-secret create gcr-io --key-file key.json --registry us-docker.pkg.dev"
        ),
        "{fix}"
    );
}

#[test]
fn replies_of_registry_name_their_commands() {
    let registry = Registry::new();
    registry.create_stuck_pod(&StuckPod {
        secrets: &["gcr-io"],
        ..StuckPod::default()
    });
    registry.create_secret(HOST, "_json_key", &registry.key);
    let [cause, message, fix] = registry.diagnosis(&[]);
    assert_eq!(cause, "image-not-found", "{message}");
    assert_eq!(
        fix,
        format!("gcloud artifacts docker tags list {REPOSITORY}/web")
    );
    let denied = |message: &str| CannedError::registry(403, "DENIED", message);
    for (reply, cause, verdict, fix) in [
        (
            denied(
                "Artifact Registry API has not been used in project 1 before or it is disabled.",
            ),
            "credential-refused",
            "api-disabled",
            "gcloud services enable artifactregistry.googleapis.com --project demo-project",
        ),
        (
            CannedError::registry(404, "NAME_UNKNOWN", "Repository \"x\" not found"),
            "credential-refused",
            "repository-not-found",
            "gcloud artifacts repositories create images --repository-format docker --project demo-project --location us",
        ),
        (
            CannedError::not_migrated("demo-project"),
            "credential-refused",
            "not-migrated",
            "gcloud artifacts docker upgrade migrate --projects demo-project",
        ),
        (
            CannedError::unavailable(),
            "registry-unreachable",
            "registry-busy",
            "",
        ),
    ] {
        registry.google.clear_faults();
        registry
            .google
            .inject(Rule::on("registry.token"), Fault::Respond(reply));
        let found = &registry.diagnoses(&[])[0];
        assert_eq!(
            (found["cause"].as_str(), found["verdict"].as_str()),
            (Some(cause), Some(verdict))
        );
        assert_eq!(found["fix"].as_str().unwrap_or_default(), fix);
    }
}

#[test]
fn failures_without_credential_problem_are_named() {
    let registry = Registry::new();
    registry.serve_images();
    registry.create_secret(HOST, "_json_key", &registry.key);
    let stuck = |message| StuckPod {
        secrets: &["gcr-io"],
        message,
        ..StuckPod::default()
    };
    registry.create_stuck_pod(&stuck(
        "Back-off pulling image: ErrImagePull: failed to authorize: 403 Forbidden",
    ));
    registry.assert_diagnosis([
        "retry-pending",
        "pulling works now; kubelet tries again within 5 minutes",
        "",
    ]);
    registry.fixture.kubectl(["delete", "pod", "--all"]);
    registry.create_stuck_pod(&stuck(
        "ErrImagePull: write /var/lib/containerd/x: no space left on device",
    ));
    registry.assert_diagnosis([
        "not-credentials",
        "it is not a credential problem: the disk of the node is full",
        "",
    ]);
    registry.fixture.kubectl(["delete", "pod", "--all"]);
    let text = "Container image is not present with pull policy of Never";
    registry.create_stuck_pod(&StuckPod {
        reason: "ErrImageNeverPull",
        ..stuck(text)
    });
    assert_eq!(registry.diagnosis(&[])[0], "never-pulled");
}

#[test]
fn reason_is_taken_from_event_if_status_has_none() {
    let registry = Registry::new();
    registry.serve_images();
    registry.create_secret(HOST, "_json_key", &registry.key);
    let message = "Back-off pulling image \"x\"";
    registry.create_stuck_pod(&StuckPod {
        secrets: &["gcr-io"],
        message,
        ..StuckPod::default()
    });
    let pod = registry.fixture.get("pod/web-7d4b9c-x2x9k");
    registry.fixture.create_object(json!({"apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": "Failed",
        "metadata": {"name": "web.1"}, "lastTimestamp": "2026-01-01T00:00:00Z",
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": "web-7d4b9c-x2x9k", "uid": pod["metadata"]["uid"],
            "namespace": registry.fixture.namespace, "fieldPath": "spec.containers{web}"},
        "message": "Failed to pull image \"x\": no match for platform in manifest: not found"}));
    registry.assert_diagnosis([
        "not-credentials",
        "it is not a credential problem: the image has no variant for the node's platform",
        "",
    ]);
}

#[test]
fn invalid_and_foreign_images_are_named() {
    let registry = Registry::new();
    let image = "us-docker.pkg.dev/Demo/images/web";
    registry.create_stuck_pod(&StuckPod {
        image,
        reason: "InvalidImageName",
        ..StuckPod::default()
    });
    registry.assert_diagnosis([
        "invalid-image-name",
        "the image name us-docker.pkg.dev/Demo/images/web is not valid: the path of an image has only lower-case letters",
        "kubectl set image deployment/web web=us-docker.pkg.dev/demo/images/web",
    ]);
    registry.fixture.kubectl(["delete", "pod", "--all"]);
    registry.create_stuck_pod(&StuckPod {
        image: "registry.example.com/team/web",
        ..StuckPod::default()
    });
    registry.assert_diagnosis([
        "not-google",
        "registry.example.com is not a registry of Google; --all-registries checks its pull secrets too",
        "",
    ]);
    let [cause, _, fix] = registry.diagnosis(&["--all-registries"]);
    assert_eq!(cause, "no-pull-secret");
    assert_eq!(
        fix,
        "kubectl gcr-secret create gcr-io --key-file key.json --registry registry.example.com --attach --allow-any-host"
    );
    assert_eq!(registry.google.requests().len(), 0);
}

#[test]
fn image_on_node_that_kubelet_verifies_again_is_named() {
    let registry = Registry::new();
    for (version, images, cause) in [
        ("v1.35.1", &[IMAGE][..], "cached-image"),
        ("v1.34.9", &[IMAGE], "no-pull-secret"),
        ("v1.36.0", &["gcr.io/p/other"], "no-pull-secret"),
    ] {
        let node = registry.create_node(version, &json!({}), images);
        let spec = json!({"nodeName": node});
        registry.create_stuck_pod(&StuckPod {
            spec,
            ..StuckPod::default()
        });
        let [found, message, _] = registry.diagnosis(&[]);
        registry.delete_nodes();
        let delete = ["delete", "pod", "--all", "--force", "--grace-period=0"];
        registry.fixture.kubectl(delete);
        assert_eq!(found, cause, "{message}");
    }
}

#[test]
fn other_credentials_of_the_node_are_noted() {
    let registry = Registry::new();
    let gke = "a node of GKE tries its own Google service account after the pod's pull secrets";
    let provider = "kubelet tries its credential providers, which the API server does not show, after the pod's pull secrets";
    let label = json!({"cloud.google.com/gke-nodepool": "default"});
    for (version, labels, note) in [("v1.34.0", json!({}), provider), ("v1.34.0", label, gke)] {
        let node = registry.create_node(version, &labels, &[]);
        let spec = json!({"nodeName": node});
        registry.create_stuck_pod(&StuckPod {
            spec,
            ..StuckPod::default()
        });
        let output = registry.doctor(&["-o", "wide"]).exits(1);
        let found = registry.diagnoses(&[]);
        registry.delete_nodes();
        let delete = ["delete", "pod", "--all", "--force", "--grace-period=0"];
        registry.fixture.kubectl(delete);
        assert!(
            output.stdout.ends_with(&format!("\n  note: {note}\n")),
            "{output}"
        );
        assert_eq!(found[0]["notes"], json!([note]));
    }
}
