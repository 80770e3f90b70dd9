//! Tests interactive exec plugins with several contexts: they run one at a time, and once per user.

use std::fs;

use gcr_test_support::fault_proxy::FaultProxy;

use crate::contexts::cluster_and_user;
use crate::fixture::{Fixture, with_key};

#[test]
fn interactive_exec_plugins_run_sequentially_and_once_per_user() {
    let fixture = Fixture::new("login", 2);
    let session = with_key(fixture.cluster.session());
    // The plugin cannot detect that another address leads to the same server, so it treats it as another cluster.
    let proxy = FaultProxy::new(fixture.cluster);
    let [near, user] = cluster_and_user(&session, fixture.cluster.kubeconfig());
    let [far, _] = cluster_and_user(&session, proxy.kubeconfig());
    let token = &user["token"];
    let credential = format!(
        r#"{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{{"token":{token}}}}}"#
    );
    // A concurrent call finds the directory and records it.
    session.script(
        "login",
        &format!("mkdir running || echo concurrent >> calls\necho $1 >> calls\nsleep 0.5\nrmdir running\necho '{credential}'"),
    );
    let user = |name: &str| {
        format!(
            "- name: {name}\n  user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, command: login, args: [{name}], interactiveMode: Always}}}}\n"
        )
    };
    let context = |name: &str, cluster: &str, user: &str, namespace: &str| {
        format!(
            "- name: {name}\n  context: {{cluster: {cluster}, user: {user}, namespace: {namespace}}}\n"
        )
    };
    let [a, b] = [&fixture.names[0], &fixture.names[1]];
    let config = [
        format!("clusters:\n- name: near\n  cluster: {near}\n"),
        format!("- name: far\n  cluster: {far}\n"),
        format!("users:\n{}{}contexts:\n", user("ann"), user("ben")),
        context("one", "near", "ann", a),
        context("two", "far", "ben", a),
        context("three", "near", "ann", b),
    ];
    session.file(session.kubeconfig(), config.concat(), 0o600);
    let output = session
        .gcr_secret(["create", "--key-file=key.json", "--contexts=one,two,three"])
        .on_terminal()
        .run()
        .success();
    let calls = fs::read_to_string(session.work().join("calls")).expect("the record of the calls");
    let mut calls: Vec<&str> = calls.lines().collect();
    calls.sort_unstable();
    assert_eq!(calls, ["ann", "ben"], "{output}");
}
