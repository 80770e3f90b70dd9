//! Tests `doctor`: which pods and containers it explains, and its output formats.

use serde_json::{Value, json};

use crate::registry::{HOST, Registry};
use crate::stuck_pods::{IMAGE, StuckPod};

impl Registry {
    /// Returns pod, container and cause of each diagnosis, sorted.
    #[track_caller]
    fn causes(&self, args: &[&str]) -> Vec<String> {
        let found = self.diagnoses(args).into_iter();
        let text = |item: &Value, key: &str| item[key].as_str().expect("a text").to_owned();
        let line = |item: Value| {
            ["pod", "container", "cause"]
                .map(|key| text(&item, key))
                .join(" ")
        };
        let mut lines: Vec<String> = found.map(line).collect();
        lines.sort_unstable();
        lines
    }

    /// Writes the statuses of the containers of a pod.
    #[track_caller]
    fn set_status(&self, pod: &str, status: Value) {
        let status = json!({"status": status}).to_string();
        let patch = [
            "patch",
            "pod",
            pod,
            "--subresource=status",
            "--type=merge",
            "-p",
            &status,
        ];
        self.fixture.kubectl(patch);
    }
}

fn container(name: &str, state: Value) -> Value {
    json!({"name": name, "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": state})
}

#[test]
fn running_pod_is_ok_if_it_is_named() {
    let registry = Registry::new();
    registry.serve_images();
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry.create_stuck_pod(&StuckPod {
        secrets: &["gcr-io"],
        ..StuckPod::default()
    });
    let running = json!({"running": {"startedAt": "2026-01-01T00:00:00Z"}, "waiting": null});
    let status = json!({"phase": "Running", "containerStatuses": [container("web", running)]});
    registry.set_status("web-7d4b9c-x2x9k", status);
    let output = registry.doctor(&["pod/web-7d4b9c-x2x9k"]).success();
    let expected = format!(
        "pod/web-7d4b9c-x2x9k, container web, image {IMAGE}\n  the registry accepts the credential and has the image\n"
    );
    assert_eq!(output.stdout, expected);
    assert_eq!(
        registry.causes(&["web-7d4b9c-x2x9k"]),
        ["web-7d4b9c-x2x9k web ok"]
    );
    // It is not stuck, so that nothing is left to explain or to restart.
    let output = registry.doctor(&["--restart"]).success();
    assert_eq!(output.stderr, "No resources found\n");
    registry.fixture.get("pod/web-7d4b9c-x2x9k");
}

#[test]
fn init_containers_and_several_containers_are_explained() {
    let registry = Registry::new();
    registry.serve_images();
    let pod = |name: &str, app: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": app}},
            "spec": {"initContainers": [{"name": "init", "image": IMAGE}],
                "containers": [{"name": "web", "image": IMAGE}, {"name": "side", "image": "gcr.io/p/side"}]}})
    };
    let waiting = |reason: &str| json!({"waiting": {"reason": reason, "message": "403 Forbidden"}});
    registry.fixture.create_object(pod("a", "one"));
    let status = json!({"phase": "Pending", "initContainerStatuses": [container("init", waiting("ErrImagePull"))],
        "containerStatuses": [container("web", waiting("PodInitializing")), container("side", waiting("PodInitializing"))]});
    registry.set_status("a", status);
    registry.fixture.create_object(pod("b", "two"));
    let status = json!({"phase": "Pending", "containerStatuses":
        [container("web", waiting("ImagePullBackOff")), container("side", waiting("ErrImagePull"))]});
    registry.set_status("b", status);
    let (a, b) = (
        "a init no-pull-secret",
        ["b side no-pull-secret", "b web no-pull-secret"],
    );
    assert_eq!(registry.causes(&[]), [a, b[0], b[1]]);
    assert_eq!(registry.causes(&["-l", "app=one"]), [a]);
    assert_eq!(registry.causes(&["b"]), b);
    assert_eq!(registry.causes(&["a", "b"]).len(), 3);
    let output = registry.doctor(&["-l", "app=none"]).success();
    assert_eq!(output.stderr, "No resources found\n");
}

#[test]
fn wide_output_names_what_kubelet_tries_and_says() {
    let registry = Registry::new();
    registry.serve_images();
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry.create_stuck_pod(&StuckPod {
        secrets: &["gcr-io"],
        message: "failed to authorize: 403 Forbidden",
        ..StuckPod::default()
    });
    let output = registry.doctor(&["-o", "wide"]).success();
    let expected = format!(
        "pod/web-7d4b9c-x2x9k, container web, image {IMAGE}
  pulling works now; kubelet tries again within 5 minutes
  tried: secret/gcr-io, entry us-docker.pkg.dev
  kubelet: failed to authorize: 403 Forbidden
"
    );
    assert_eq!(output.stdout, expected);
    let output = registry.doctor(&["-o", "name"]).success();
    assert_eq!(output.stdout, "pod/web-7d4b9c-x2x9k\n");
    assert_eq!(registry.doctor(&["-q"]).success().stdout, "");
    let yaml = registry.doctor(&["-o", "yaml"]).success();
    for line in [
        "cause: retry-pending\n",
        "- entry: us-docker.pkg.dev\n  secret: gcr-io\n",
        "\nverdict: ok\n",
    ] {
        assert!(yaml.stdout.contains(line), "{yaml}");
    }
}

#[test]
fn json_has_the_documented_shape() {
    let registry = Registry::new();
    registry.serve_images();
    registry.create_stuck_pod(&StuckPod::default());
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry.attach(&["gcr-io"]);
    let page = include_str!("../../docs/output.md");
    let section = page.split("## `doctor -o json|yaml`").nth(1).unwrap();
    let example = section.split("```json\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    let mut documented: Value = serde_json::from_str(example).unwrap();
    let found = &registry.diagnoses(&[])[0];
    // The differences between the example and this cluster.
    for (key, value) in [
        ("context", found["context"].clone()),
        ("namespace", json!(registry.fixture.namespace)),
        ("image", json!(IMAGE)),
        ("kubelet", found["kubelet"].clone()),
    ] {
        documented[key] = value;
    }
    let fix = documented["fix"].as_str().unwrap();
    let fix = fix.replace("-n shop", &format!("-n {}", registry.fixture.namespace));
    documented["fix"] = fix.into();
    assert_eq!(*found, documented);
}
