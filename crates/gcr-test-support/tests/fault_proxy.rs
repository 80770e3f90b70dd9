//! The fault proxy itself: that what it leaves alone is the server's own, and that its faults are what they are called.

use std::time::Duration;

use gcr_test_support::fault_proxy::{CannedResponse, Fault, FaultProxy, Route, Rule};
use gcr_test_support::{ControlPlane, Output, wait_until};
use serde_json::json;

/// kubectl writes a ConfigMap, without looking at anything else.
fn write(proxy: &FaultProxy, namespace: &str, name: &str) -> Output {
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}});
    let words = ["replace", "--raw"];
    let path = format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
    let session = proxy.session();
    session.file("object.json", object.to_string(), 0o600);
    session
        .kubectl(words)
        .arg(path)
        .args(["-f", "object.json"])
        .run()
}

#[test]
fn what_is_left_alone_is_the_servers_own() {
    let cluster = ControlPlane::shared();
    let proxy = FaultProxy::new(cluster);
    let namespace = cluster.create_namespace("proxy");
    let words = ["get", "sa", "default", "-o", "yaml", "-n", &namespace];
    let by_way = proxy.session().kubectl(words).run().success();
    let direct = cluster.kubectl(words).run().success();
    assert_eq!(by_way.stdout, direct.stdout);
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
fn a_user_is_the_same_user_by_way_of_the_proxy() {
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
fn a_fault_is_before_or_after_the_server_has_written() {
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
        let words = ["create", "configmap", name, "-n", &namespace];
        cluster.kubectl(words).run().success();
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
        // The second fares well.
        write(&proxy, &namespace, name).success();
    }
}

#[test]
fn who_is_overtaken_meets_a_conflict_of_the_servers_own() {
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
fn a_way_is_as_long_as_it_was_made() {
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
fn who_finds_no_room_is_asked_to_come_back() {
    let cluster = ControlPlane::shared();
    let proxy = FaultProxy::start(cluster, Route::new().shed_above(1)).unwrap();
    proxy.inject(Rule::on("list", "secrets"), Fault::Hang);
    let session = proxy.session();
    let taking_the_place = session
        .kubectl(["get", "--raw", "/api/v1/namespaces/default/secrets"])
        .spawn();
    wait_until("the only place is taken", || {
        proxy.traffic().max_in_flight == 1
    });
    let asking = session.kubectl(["get", "--raw", "/readyz", "-v=6"]).spawn();
    wait_until("one is sent away", || proxy.traffic().shed > 0);
    drop(taking_the_place);
    let output = asking.wait().success();
    assert_eq!(output.stdout, "ok");
    assert!(
        output.stderr.contains("\"429 Too Many Requests\""),
        "{output}"
    );
    assert_eq!(proxy.traffic().max_in_flight, 1);
}
