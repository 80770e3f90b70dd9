//! Tests the fault proxy itself: requests without a fault pass unchanged, and each fault does what its name says.

use std::time::Duration;

use gcr_test_support::fault_proxy::{CannedResponse, Fault, FaultProxy, Route, Rule};
use gcr_test_support::{ControlPlane, Output, wait_until};
use serde_json::{Value, json};

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

/// Sends a request to the API with kubectl and returns the body of the response.
fn get_raw(proxy: &FaultProxy, path: &str) -> Value {
    let output = proxy.session().kubectl(["get", "--raw", path]).run();
    serde_json::from_str(&output.success().stdout).expect("the server sends JSON")
}

#[test]
fn changed_request_body_reaches_the_server() {
    let cluster = ControlPlane::shared();
    let namespace = cluster.create_namespace("proxy");
    let args = ["create", "configmap", "one", "-n", &namespace];
    cluster.kubectl(args).run().success();
    let proxy = FaultProxy::new(cluster);
    let rule = proxy.change_request(Rule::on("update", "configmaps"), |body| {
        body["data"] = json!({"webhook": "a longer value than the client sent"});
    });
    write(&proxy, &namespace, "one").success();
    assert_eq!(proxy.hits(rule), 1);
    assert_eq!(
        cluster.get("configmap/one", &namespace)["data"],
        json!({"webhook": "a longer value than the client sent"})
    );
}

#[test]
fn changed_response_body_reaches_only_the_client() {
    let cluster = ControlPlane::shared();
    let namespace = cluster.create_namespace("proxy");
    let proxy = FaultProxy::new(cluster);
    let rule = Rule::on("get", "serviceaccounts").namespace(&namespace);
    proxy.change_response(rule, |body| {
        body["imagePullSecrets"] = json!([{"name": "other"}]);
    });
    let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/default");
    let changed = get_raw(&proxy, &path);
    assert_eq!(changed["imagePullSecrets"], json!([{"name": "other"}]));
    assert_eq!(changed["metadata"]["name"], "default");
    let stored = cluster.get("serviceaccount/default", &namespace);
    assert_eq!(stored["imagePullSecrets"], Value::Null);
}

#[test]
fn response_that_is_not_json_fails_a_rule_that_changes_it() {
    let cluster = ControlPlane::shared();
    let proxy = FaultProxy::new(cluster);
    proxy.change_response(Rule::on("get", ""), |_| {});
    let args = ["get", "--raw", "/readyz"];
    let output = proxy.session().kubectl(args).run().failure();
    assert!(output.stderr.contains("is not JSON"), "{output}");
}

#[test]
fn filtered_list_lacks_items_that_a_named_read_still_shows() {
    let cluster = ControlPlane::shared();
    let namespace = cluster.create_namespace("proxy");
    for name in ["hidden", "shown"] {
        let args = ["create", "configmap", name, "-n", &namespace];
        cluster.kubectl(args).run().success();
    }
    let proxy = FaultProxy::new(cluster);
    let lists = Rule::on("list", "configmaps").namespace("");
    proxy.filter_items(lists, |item| item["metadata"]["name"] != "hidden");
    let names = |path: &str| -> Vec<String> {
        let list = get_raw(&proxy, path);
        let items = list["items"].as_array().unwrap().iter();
        let names = items.filter(|item| item["metadata"]["namespace"] == *namespace);
        names
            .map(|item| item["metadata"]["name"].as_str().unwrap().to_owned())
            .filter(|name| name != "kube-root-ca.crt")
            .collect()
    };
    assert_eq!(names("/api/v1/configmaps"), ["shown"]);
    let path = format!("/api/v1/namespaces/{namespace}/configmaps");
    assert_eq!(names(&path), ["hidden", "shown"]);
    assert_eq!(
        get_raw(&proxy, &format!("{path}/hidden"))["kind"],
        "ConfigMap"
    );
}

#[test]
fn rule_with_query_and_header_selects_only_such_requests() {
    let cluster = ControlPlane::shared();
    let namespace = cluster.create_namespace("proxy");
    let proxy = FaultProxy::new(cluster);
    let refused = || CannedResponse::status(403, "Forbidden", "dry runs are refused");
    let dry_runs = proxy.answer(
        Rule::on("*", "configmaps").query("dryRun", "All"),
        refused(),
    );
    let others = Rule::on("create", "*").header("content-type", "text/");
    let others = proxy.answer(others, refused());
    let create = |name: &str, dry_run: &str| {
        let args = ["create", "configmap", name, "-n", &namespace, dry_run];
        proxy.session().kubectl(args).run()
    };
    let output = create("one", "--dry-run=server").failure();
    assert!(output.stderr.contains("dry runs are refused"), "{output}");
    create("one", "--dry-run=none").success();
    assert_eq!((proxy.hits(dry_runs), proxy.hits(others)), (1, 0));
}

#[test]
fn replaced_accept_header_gets_another_representation() {
    let cluster = ControlPlane::shared();
    let proxy = FaultProxy::new(cluster);
    let metadata = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
    proxy.set_request_header(Rule::on("get", "namespaces"), "accept", metadata);
    let namespace = get_raw(&proxy, "/api/v1/namespaces/default");
    assert_eq!(namespace["kind"], "PartialObjectMetadata");
}

#[test]
fn delayed_request_is_forwarded_later_than_others() {
    let cluster = ControlPlane::shared();
    let proxy = FaultProxy::new(cluster);
    let delay = Duration::from_millis(700);
    let rule = Rule::on("get", "namespaces").name("default").first(1);
    let rule = proxy.delay(rule, delay);
    let args = ["get", "--raw", "/api/v1/namespaces/default"];
    let output = proxy.session().kubectl(args).run().success();
    assert!(output.elapsed >= delay, "{output}");
    let output = proxy.session().kubectl(args).run().success();
    assert!(output.elapsed < delay, "{output}");
    assert_eq!(proxy.hits(rule), 1);
}
