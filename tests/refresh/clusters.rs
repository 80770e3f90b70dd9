//! Namespaces and clusters: one token per account for the whole run.

use std::collections::BTreeSet;

use gcr_test_support::fault_proxy::FaultProxy;
use serde_json::json;

use crate::fixture::{
    ACCOUNT, EMAIL, Fixture, HOST, OLD_TOKEN, add_account, docker_config, token_in,
};

#[test]
fn many_namespaces_share_one_token() {
    let fixture = Fixture::new("refresh-many");
    let names = fixture.cluster.create_namespaces("refresh-many", 60);
    let secrets = names.iter().map(|name| {
        let mut secret = fixture.secret_json("gcr-io", 1);
        secret["metadata"]["namespace"] = json!(name);
        secret
    });
    fixture.cluster.create(secrets.collect());
    let list = names.join(",");
    // Created by another field manager: taken over.
    let args = ["-n", list.as_str(), "--force-conflicts"];
    let output = fixture.command(args).run().success();
    assert!(
        output
            .stderr
            .ends_with("1 issued, 60 configured, 0 failed, 0 unknown, 0 not started\n"),
        "{output}"
    );
    assert_eq!(fixture.google.count("generateAccessToken"), 1);
    let tokens: BTreeSet<String> = names
        .iter()
        .map(|name| {
            token_in(&docker_config(&fixture.cluster.get("secret/gcr-io", name))["auths"][HOST])
        })
        .collect();
    assert_eq!(tokens.len(), 1);
    assert!(!tokens.contains(OLD_TOKEN));
    let output = fixture.command(args).run().success();
    assert!(
        output
            .stderr
            .ends_with("60 unchanged, 0 failed, 0 unknown, 0 not started\n"),
        "{output}"
    );
    assert_eq!(fixture.google.count("generateAccessToken"), 1);
    // The lists of a selector show the same.
    let prefix = names[0].trim_end_matches("-0000");
    let label = format!("refresh-test={prefix}");
    for name in &names {
        fixture
            .cluster
            .kubectl(["label", "namespace", name, &label])
            .run()
            .success();
    }
    let args = ["--namespace-selector", label.as_str(), "--all"];
    let output = fixture.command(args).run().success();
    assert!(
        output.stderr.contains("1 issued, 60 configured"),
        "{output}"
    );
    let args = ["gcr-io", "--namespace-selector", label.as_str()];
    let output = fixture.command(args).run().success();
    assert!(output.stderr.contains("60 unchanged"), "{output}");
}

#[test]
fn each_account_gets_one_token() {
    let fixture = Fixture::new("refresh-accounts");
    let second = add_account(&fixture.google, "second");
    for (name, account) in [("a", EMAIL), ("b", EMAIL), ("c", &second), ("d", &second)] {
        let mut secret = fixture.secret_json(name, 1);
        secret["metadata"]["annotations"][ACCOUNT] = json!(account);
        fixture.apply(&secret);
    }
    let output = fixture.refresh([""; 0]).run().success();
    assert_eq!(fixture.google.count("generateAccessToken"), 2, "{output}");
    assert_eq!(fixture.token("a"), fixture.token("b"));
    assert_eq!(fixture.token("c"), fixture.token("d"));
    assert_ne!(fixture.token("a"), fixture.token("c"));
}

#[test]
fn clusters_share_one_token() {
    let fixture = Fixture::new("refresh-contexts");
    fixture.add_secret("gcr-io", 1);
    let other = fixture.cluster.create_namespace("refresh-contexts");
    let mut secret = fixture.secret_json("gcr-io", 1);
    secret["metadata"]["namespace"] = json!(other);
    fixture.apply(&secret);
    // Another address of the same server counts as another cluster.
    let proxy = FaultProxy::new(fixture.cluster);
    let view = |path: &std::path::Path| {
        let args = ["config", "view", "--raw", "--minify", "-o", "json"];
        let view = fixture.session.kubectl(args).env("KUBECONFIG", path).run();
        let view: serde_json::Value = serde_json::from_str(&view.success().stdout).unwrap();
        (
            view["clusters"][0]["cluster"].clone(),
            view["users"][0]["user"].clone(),
        )
    };
    let (mut clusters, mut users, mut contexts) = (Vec::new(), Vec::new(), Vec::new());
    for (name, path, namespace) in [
        ("one", fixture.cluster.kubeconfig(), &fixture.namespace),
        ("two", proxy.kubeconfig(), &other),
    ] {
        let (cluster, user) = view(path);
        clusters.push(json!({"name": name, "cluster": cluster}));
        users.push(json!({"name": name, "user": user}));
        contexts.push(json!({"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}));
    }
    let config = json!({"apiVersion": "v1", "kind": "Config", "clusters": clusters, "users": users, "contexts": contexts});
    let session = fixture.cluster.session();
    session.file(session.kubeconfig(), config.to_string(), 0o600);
    let output = session
        .gcr_secret(["refresh", "--contexts=one,two"])
        .envs(fixture.google.operator_environment())
        .run()
        .success();
    for line in [
        format!("accesstoken/{EMAIL} issued\n"),
        format!(
            "secret/gcr-io configured -n {} --context one\n",
            fixture.namespace
        ),
        format!("secret/gcr-io configured -n {other} --context two\n"),
    ] {
        assert!(output.stdout.contains(&line), "{line}{output}");
    }
    assert_eq!(fixture.google.count("generateAccessToken"), 1);
}
