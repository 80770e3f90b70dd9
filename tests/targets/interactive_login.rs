//! Credential plugins that ask a person, among several contexts: one question at a time, and each once.

use std::fs;

use gcr_test_support::fault_proxy::FaultProxy;

use crate::contexts::cluster_and_user;
use crate::fixture::{Fixture, with_key};

#[test]
fn one_is_asked_after_the_other_and_for_all_contexts_of_a_user_once() {
    let fixture = Fixture::new("login", 2);
    let session = with_key(fixture.cluster.session());
    // The same server by another address is another cluster, as far as anybody can tell.
    let proxy = FaultProxy::new(fixture.cluster);
    let [near, user] = cluster_and_user(&session, fixture.cluster.kubeconfig());
    let [far, _] = cluster_and_user(&session, proxy.kubeconfig());
    let token = &user["token"];
    let credential = format!(
        r#"{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{{"token":{token}}}}}"#
    );
    // Whoever is asked at the same time finds the directory.
    session.script(
        "login",
        &format!("mkdir asking || echo meanwhile >> asked\necho $1 >> asked\nsleep 0.5\nrmdir asking\necho '{credential}'"),
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
    let asked = fs::read_to_string(session.work().join("asked")).expect("who was asked");
    let mut asked: Vec<&str> = asked.lines().collect();
    asked.sort_unstable();
    assert_eq!(asked, ["ann", "ben"], "{output}");
}
