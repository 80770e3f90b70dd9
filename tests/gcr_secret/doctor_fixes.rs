//! Executes the commands that `doctor` prints, and asserts that the cause is gone afterwards.

use gcr_test_support::Output;
use serde_json::json;

use crate::pull_secrets::docker_config;
use crate::registry::{HOST, Registry};
use crate::stuck_pods::StuckPod;

impl Registry {
    /// Executes the fix of the only diagnosis in a shell, as a user pastes it.
    #[track_caller]
    fn paste_fix(&self) -> Output {
        let found = self.diagnoses(&[]);
        let fix = found[0]["fix"]
            .as_str()
            .unwrap_or_else(|| panic!("no fix in {found:?}"));
        let command = self.fixture.session.shell(fix);
        command.envs(self.google.environment()).run().success()
    }

    #[track_caller]
    fn cause(&self) -> String {
        self.diagnosis(&[])[0].clone()
    }

    /// Makes the key file that the commands name the puller's.
    fn use_key(&self) {
        self.fixture.session.file("key.json", &self.key, 0o600);
    }
}

#[test]
fn pod_without_secret_is_mended_from_nothing_to_a_new_pod() {
    let registry = Registry::new();
    registry.serve_images();
    registry.use_key();
    registry.create_stuck_pod(&StuckPod::default());
    assert_eq!(registry.cause(), "no-pull-secret");
    registry.paste_fix();
    assert_eq!(registry.cause(), "pod-predates-secret");
    let output = registry.paste_fix();
    assert!(
        output
            .stdout
            .contains("\n  restarted: evicted; its controller creates a new pod\n"),
        "{output}"
    );
    assert_eq!(registry.fixture.find("pod/web-7d4b9c-x2x9k"), None);
    // As the controller does, with the pull secrets that admission adds.
    registry.create_stuck_pod(&StuckPod::default());
    let pod = registry.fixture.get("pod/web-7d4b9c-x2x9k");
    assert_eq!(pod["spec"]["imagePullSecrets"], json!([{"name": "gcr-io"}]));
    assert_eq!(registry.cause(), "retry-pending");
}

#[test]
fn unusable_secrets_are_mended() {
    let registry = Registry::new();
    registry.serve_images();
    registry.use_key();
    registry.create_stuck_pod(&StuckPod {
        secrets: &["gcr-io"],
        ..StuckPod::default()
    });
    for (cause, config) in [
        ("secret-missing", None),
        (
            "secret-undecodable",
            Some(json!({"auths": {"gcr.io": {"auth": "bm8tY29sb24="}}}).to_string()),
        ),
        (
            "no-entry-for-host",
            Some(docker_config(&[("eu.gcr.io", "user", "password-password")])),
        ),
        (
            "credential-refused",
            Some(docker_config(&[
                (HOST, "_json_key", gcr_test_support::keys::KEY),
                ("eu.gcr.io", "a", "b"),
            ])),
        ),
    ] {
        registry
            .fixture
            .kubectl(["delete", "secret", "gcr-io", "--ignore-not-found"]);
        if let Some(config) = &config {
            registry.fixture.create_pull_secret("gcr-io", config);
        }
        assert_eq!(registry.cause(), cause);
        registry.paste_fix();
        assert_eq!(registry.cause(), "retry-pending", "{cause}");
        if cause == "credential-refused" {
            let config = registry.fixture.docker_config("gcr-io");
            assert!(config["auths"]["eu.gcr.io"].is_object(), "{config}");
        }
    }
}

#[test]
fn secret_of_other_type_is_mended() {
    let registry = Registry::new();
    registry.serve_images();
    registry.use_key();
    registry.create_stuck_pod(&StuckPod {
        secrets: &["gcr-io"],
        ..StuckPod::default()
    });
    registry
        .fixture
        .kubectl(["create", "secret", "generic", "gcr-io"]);
    assert_eq!(registry.cause(), "secret-wrong-type");
    registry.paste_fix();
    assert_eq!(registry.cause(), "retry-pending");
}

#[test]
fn existing_secret_is_attached() {
    let registry = Registry::new();
    registry.serve_images();
    registry.create_stuck_pod(&StuckPod::default());
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry.paste_fix();
    assert_eq!(registry.cause(), "pod-predates-secret");
}

#[test]
fn pod_without_controller_is_replaced_by_its_manifest() {
    let registry = Registry::new();
    registry.serve_images();
    registry.create_stuck_pod(&StuckPod {
        owner: None,
        ..StuckPod::default()
    });
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry.attach(&["gcr-io"]);
    let output = registry.doctor(&["--restart"]).exits(1);
    assert!(
        output
            .stdout
            .ends_with("\n  not restarted: no controller recreates the pod\n"),
        "{output}"
    );
    registry.paste_fix();
    let pod = registry.fixture.get("pod/web-7d4b9c-x2x9k");
    assert_eq!(pod["spec"]["imagePullSecrets"], json!([{"name": "gcr-io"}]));
}
