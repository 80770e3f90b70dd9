//! Tests `doctor --restart`: which pods it evicts, what a budget refuses, and that it evicts no other pod of the same name.

use std::time::Duration;

use gcr_test_support::fault_proxy::{FaultProxy, Rule};
use gcr_test_support::{Deployment, Signal, wait_until};
use serde_json::json;

use crate::registry::{HOST, Registry};
use crate::stuck_pods::{IMAGE, StuckPod};

#[test]
fn restart_leaves_other_pods_alone() {
    let registry = Registry::new();
    registry.serve_images();
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry.create_stuck_pod(&StuckPod {
        name: "predates",
        ..StuckPod::default()
    });
    registry.create_stuck_pod(&StuckPod {
        name: "works",
        secrets: &["gcr-io"],
        ..StuckPod::default()
    });
    registry.create_stuck_pod(&StuckPod {
        name: "static",
        owner: Some(("Node", "node")),
        ..StuckPod::default()
    });
    registry.create_stuck_pod(&StuckPod {
        name: "owned",
        ..StuckPod::default()
    });
    // An owner that is no controller does not create a new pod.
    let patch =
        r#"[{"op":"replace","path":"/metadata/ownerReferences/0/controller","value":false}]"#;
    let fixture = &registry.fixture;
    fixture.kubectl(["patch", "pod", "owned", "--type=json", "-p", patch]);
    registry.attach(&["gcr-io"]);
    let output = registry.doctor(&["--restart"]).exits(1);
    assert_eq!(fixture.find("pod/predates"), None);
    for name in ["works", "static", "owned"] {
        fixture.get(&format!("pod/{name}"));
    }
    let kept = "\n  not restarted: no controller recreates the pod\n";
    assert_eq!(output.stdout.matches(kept).count(), 2, "{output}");
}

#[test]
fn budget_that_refuses_is_an_answer() {
    let registry = Registry::new();
    registry.serve_images();
    registry.create_secret(HOST, "_json_key", &registry.key);
    let fixture = &registry.fixture;
    let (cluster, namespace) = (fixture.cluster, &fixture.namespace);
    let web = Deployment::create(cluster, namespace, "web", (IMAGE, 1), json!({}));
    registry.attach(&["gcr-io"]);
    // A container that ran before leaves the pod Running, so that the server asks its budgets.
    web.fail_pulls(true);
    web.protect(1);
    let output = registry.doctor(&["--restart", "--timeout", "2s"]).exits(1);
    let line = "\n  not restarted: a PodDisruptionBudget refuses it: The disruption budget web needs 1 healthy pods";
    assert!(output.stdout.contains(line), "{output}");
    assert!(output.elapsed.as_secs() < 10, "{output}");
    assert_eq!(web.pods()[0]["spec"]["imagePullSecrets"], json!(null));
    // It is asked again until it allows the eviction.
    let words = ["doctor", "-n", namespace, "--restart", "--timeout", "30s"];
    let running = fixture.session.gcr_secret(words);
    let running = running.envs(registry.google.environment()).spawn();
    std::thread::sleep(Duration::from_millis(1500));
    web.unprotect();
    let output = running.wait().success();
    assert!(
        output.stdout.contains("\n  restarted: evicted; "),
        "{output}"
    );
    web.wait_for_pull_secrets(1, &["gcr-io"]);
}

#[test]
fn eviction_in_flight_is_awaited_after_an_interruption() {
    let registry = Registry::new();
    registry.serve_images();
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry.create_stuck_pod(&StuckPod::default());
    registry.attach(&["gcr-io"]);
    let fixture = &registry.fixture;
    let proxy = FaultProxy::new(fixture.cluster);
    let eviction = Rule::on("create", "pods");
    let eviction = proxy.delay(eviction, Duration::from_secs(1));
    let session = proxy.session();
    let words = ["doctor", "-n", &fixture.namespace, "--restart"];
    let running = session.gcr_secret(words);
    let mut running = running.envs(registry.google.environment()).spawn();
    wait_until("the eviction waits", || proxy.hits(eviction) == 1);
    running.signal(Signal::INT);
    let output = running.wait().exits(130);
    assert!(
        output.stdout.contains("\n  restarted: evicted; "),
        "{output}"
    );
    let name = StuckPod::default().name;
    assert_eq!(fixture.find(&format!("pod/{name}")), None);
}

#[test]
fn new_pod_of_the_same_name_is_not_evicted() {
    let registry = Registry::new();
    registry.serve_images();
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry.create_stuck_pod(&StuckPod::default());
    registry.attach(&["gcr-io"]);
    let fixture = &registry.fixture;
    let proxy = FaultProxy::new(fixture.cluster);
    let eviction = Rule::on("create", "pods").nth(1);
    let eviction = proxy.delay(eviction, Duration::from_secs(3));
    let session = proxy.session();
    let words = ["doctor", "-n", &fixture.namespace, "--restart"];
    let running = session.gcr_secret(words);
    let running = running.envs(registry.google.environment()).spawn();
    wait_until("the eviction waits", || proxy.hits(eviction) == 1);
    let name = StuckPod::default().name;
    let delete = ["delete", "pod", name, "--force", "--grace-period=0"];
    fixture.kubectl(delete);
    registry.create_stuck_pod(&StuckPod::default());
    let object = format!("pod/{name}");
    let uid = |pod: serde_json::Value| pod["metadata"]["uid"].clone();
    let new = uid(fixture.get(&object));
    running.wait().success();
    assert_eq!(uid(fixture.get(&object)), new);
}
