//! Runs `doctor` and `--restart-stuck` with exactly the role that `rbac` prints, and with each verb of it taken away.

use gcr_test_support::{Output, ReducedRole};

use crate::rbac_roles::{assert_role, named, outdated, succeeded};
use crate::registry::{HOST, Registry};
use crate::stuck_pods::StuckPod;

/// Leaves a pod that was created before its account listed the Secret.
#[track_caller]
fn stuck(registry: &Registry, _: Option<&ReducedRole>) {
    let fixture = &registry.fixture;
    registry.serve_images();
    if fixture.find("secret/gcr-io").is_none() {
        registry.create_secret(HOST, "_json_key", &registry.key);
    }
    new_stuck_pod(registry);
    registry.attach(&["gcr-io"]);
}

/// Replaces all pods by one that waits for an image and has no pull secret.
#[track_caller]
fn new_stuck_pod(registry: &Registry) {
    let delete = ["delete", "pods", "--all", "--force", "--ignore-not-found"];
    registry.fixture.kubectl(delete);
    registry.attach(&[]);
    registry.create_stuck_pod(&StuckPod::default());
}

#[test]
fn doctor_needs_exactly_its_role() {
    let explained = |output: &Output| {
        assert!(
            output
                .stdout
                .contains("before ServiceAccount default listed gcr-io"),
            "{output}"
        );
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (Some(1), ""),
            "{output}"
        );
    };
    for selected in [false, true] {
        assert_role("doctor", selected, stuck, explained, diagnosed);
    }
}

/// Asserts what `doctor` says without a rule. Without accounts and Secrets, it explains what it can.
#[track_caller]
fn diagnosed(missing: &ReducedRole, output: &Output) {
    let ReducedRole { resource, rule, .. } = missing;
    let text = match resource.as_str() {
        "serviceaccounts" => {
            "\n  the pod lists no pull secret, and ServiceAccount default does not exist or cannot be read\n"
        }
        "secrets" => "\n  Secret gcr-io cannot be read: Error from server (Forbidden): ",
        _ => "",
    };
    assert!(output.stdout.contains(text), "{output}");
    assert_eq!(output.stdout.is_empty(), text.is_empty(), "{output}");
    assert_eq!(output.code, Some(1), "{output}");
    let error = format!("{}{}", output.stdout, output.stderr);
    assert!(
        error.contains(&format!("resource \"{resource}\" in API group")),
        "{output}"
    );
    assert!(
        output.stderr.contains(&format!("Role rule: {rule}\n")),
        "{rule}\n{output}"
    );
}

#[test]
fn restart_needs_exactly_its_role() {
    let restarted = |output: &Output| {
        assert!(output.stdout.contains("\n  restarted: evicted"), "{output}");
    };
    let missing = |missing: &ReducedRole, output: &Output| {
        let is_eviction = missing.lacks("get", "pods") || missing.resource == "pods/eviction";
        if !is_eviction {
            diagnosed(missing, output);
            return;
        }
        let text = "\n  not restarted: Error from server (Forbidden): ";
        assert!(output.stdout.contains(text), "{output}");
        let hint = format!("; grant this Role rule: {}\n", missing.rule);
        assert!(output.stdout.contains(&hint), "{output}");
        assert_eq!(output.code, Some(1), "{output}");
    };
    assert_role("doctor --restart", false, stuck, restarted, missing);
}

fn evicted(output: &Output) {
    let line = "pod/web-7d4b9c-x2x9k evicted\n";
    assert!(output.stdout.contains(line), "{output}");
    succeeded(output);
}

#[test]
fn create_with_restart_needs_exactly_its_role() {
    let prepare = |registry: &Registry, missing: Option<&ReducedRole>| {
        outdated(registry, missing);
        new_stuck_pod(registry);
    };
    let command = "create --attach --restart-stuck --registry us-docker.pkg.dev";
    assert_role(command, false, prepare, evicted, named);
}

#[test]
fn gcr_patch_sa_with_restart_needs_exactly_its_role() {
    let prepare = |registry: &Registry, missing: Option<&ReducedRole>| {
        outdated(registry, missing);
        new_stuck_pod(registry);
    };
    let command = "gcr-patch-sa --restart-stuck";
    assert_role(command, false, prepare, evicted, named);
}
