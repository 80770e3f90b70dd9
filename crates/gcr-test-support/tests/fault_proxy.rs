//! Tests the fault proxy itself: requests without a fault pass unchanged, and each fault does what its name says.

use std::time::Duration;

use gcr_test_support::fault_proxy::{CannedResponse, Fault, FaultProxy, Route, Rule};
use gcr_test_support::{ControlPlane, Output, wait_until};
use serde_json::json;

/// Replaces a ConfigMap with kubectl, in a single request.
fn write(proxy: &FaultProxy, namespace: &str, name: &str) -> Output {
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}});
    let args = ["replace", "--raw"];
    let path = format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
    let session = proxy.session();
    session.file("object.json", object.to_string(), 0o600);
    session
        .kubectl(args)
        .arg(path)
        .args(["-f", "object.json"])
        .run()
}

#[test]
fn proxy_without_rules_forwards_unchanged() {
    let cluster = ControlPlane::shared();
    let proxy = FaultProxy::new(cluster);
    let namespace = cluster.create_namespace("proxy");
    let args = ["get", "sa", "default", "-o", "yaml", "-n", &namespace];
    let through_proxy = proxy.session().kubectl(args).run().success();
    let direct = cluster.kubectl(args).run().success();
    assert_eq!(through_proxy.stdout, direct.stdout);
    let traffic = proxy.traffic();
    assert_eq!(traffic.request_count("get", "serviceaccounts"), 1);
    assert_eq!(
        (traffic.write_count(), traffic.max_in_flight > 0),
        (0, true)
    );
    assert!(traffic.connections > 0 && traffic.bytes_sent > traffic.bytes_received);
    proxy.reset_counters();
    assert_eq!(proxy.traffic().total_requests(), 0);
}

#[test]
fn proxy_forwards_user_token() {
    let cluster = ControlPlane::shared();
    let proxy = FaultProxy::new(cluster);
    let user = cluster.user();
    let session = proxy.session_for(&user.kubeconfig());
    let name = [
        "auth",
        "whoami",
        "-o",
        "jsonpath={.status.userInfo.username}",
    ];
    assert_eq!(session.kubectl(name).run().success().stdout, user.name());
}

#[test]
fn fault_before_commit_writes_nothing_and_after_commit_writes() {
    let cluster = ControlPlane::shared();
    let namespace = cluster.create_namespace("proxy");
    let answer = CannedResponse::gateway_timeout;
    let late = Duration::from_millis(300);
    for (name, fault, written) in [
        ("instead", Fault::Replace(answer()), false),
        ("after", Fault::RespondAfterCommit(answer()), true),
        ("late", Fault::CommitLate(late, answer()), true),
        ("reset", Fault::ResetBeforeCommit, false),
        ("lost", Fault::ResponseLost, true),
        ("truncated", Fault::Truncated, true),
    ] {
        let args = ["create", "configmap", name, "-n", &namespace];
        cluster.kubectl(args).run().success();
        let proxy = FaultProxy::new(cluster);
        let rule = Rule::on("update", "configmaps")
            .namespace(&namespace)
            .name(name);
        let rule = proxy.inject(rule.first(1), fault.clone());
        let output = write(&proxy, &namespace, name).failure();
        assert_eq!(proxy.hits(rule), 1, "{name}: {output}");
        std::thread::sleep(if name == "late" {
            late * 2
        } else {
            Duration::ZERO
        });
        let after = cluster.get(&format!("configmap/{name}"), &namespace);
        assert_eq!(
            after["data"] == json!({"a": "b"}),
            written,
            "{name}: {output}"
        );
        // The second request has no fault.
        write(&proxy, &namespace, name).success();
    }
}

#[test]
fn concurrent_write_fault_causes_server_conflict() {
    let cluster = ControlPlane::shared();
    let namespace = cluster.create_namespace("proxy");
    let proxy = FaultProxy::new(cluster);
    let rule = proxy.inject(Rule::on("patch", "serviceaccounts"), Fault::ConcurrentWrite);
    let version = cluster.get("sa/default", &namespace)["metadata"]["resourceVersion"].clone();
    let patch = json!({"metadata": {"resourceVersion": version, "labels": {"a": "b"}}});
    let output = proxy
        .session()
        .kubectl([
            "patch",
            "sa",
            "default",
            "-n",
            &namespace,
            "--type=merge",
            "-p",
        ])
        .arg(patch.to_string())
        .run()
        .failure();
    assert!(
        output.stderr.contains("the object has been modified"),
        "{output}"
    );
    assert_eq!(proxy.hits(rule), 1);
}

#[test]
fn route_latency_delays_response() {
    let cluster = ControlPlane::shared();
    let latency = Duration::from_millis(300);
    let proxy = FaultProxy::start(cluster, Route::new().latency(latency)).unwrap();
    let output = proxy
        .session()
        .kubectl(["get", "--raw", "/readyz"])
        .run()
        .success();
    assert_eq!(output.stdout, "ok");
    assert!(output.elapsed >= latency * 3, "{output}");
}

#[test]
fn request_above_capacity_is_shed_with_retry_after() {
    let cluster = ControlPlane::shared();
    let proxy = FaultProxy::start(cluster, Route::new().shed_above(1)).unwrap();
    proxy.inject(Rule::on("list", "secrets"), Fault::Hang);
    let session = proxy.session();
    let hanging = session
        .kubectl(["get", "--raw", "/api/v1/namespaces/default/secrets"])
        .spawn();
    wait_until("the capacity is used up", || {
        proxy.traffic().max_in_flight == 1
    });
    let waiting = session.kubectl(["get", "--raw", "/readyz", "-v=6"]).spawn();
    wait_until("a request is shed", || proxy.traffic().shed > 0);
    drop(hanging);
    let output = waiting.wait().success();
    assert_eq!(output.stdout, "ok");
    assert!(
        output.stderr.contains("\"429 Too Many Requests\""),
        "{output}"
    );
    assert_eq!(proxy.traffic().max_in_flight, 1);
}
