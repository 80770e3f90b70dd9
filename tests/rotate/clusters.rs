//! Several clusters, of which one may be dead.

use std::path::Path;

use gcr_test_support::fault_proxy::{CannedResponse, Fault, Rule};
use gcr_test_support::{ControlPlane, FaultProxy, Options, Session};
use serde_json::{Value, json};

use crate::fixture::{Fixture, REGISTRY, carried_key};

/// Adds the context `second`, whose server is `server`.
#[track_caller]
fn add_context(session: &Session, server: &str) -> String {
    let config = |args: &[&str]| {
        session
            .kubectl(["config"])
            .args(args)
            .run()
            .success()
            .stdout
    };
    let first = config(&["current-context"]).trim().to_owned();
    let user = config(&[
        "view",
        "--minify",
        "-o",
        "jsonpath={.contexts[0].context.user}",
    ]);
    config(&["set-cluster", "second", "--server", server]);
    config(&[
        "set-context",
        "second",
        "--cluster=second",
        "--user",
        user.trim(),
    ]);
    first
}

#[test]
fn dead_cluster_keeps_the_old_key_enabled() {
    let fixture = Fixture::new("rotate-dead", 2);
    let first = add_context(&fixture.session, "https://127.0.0.1:1");
    let contexts = format!("{first},second");
    let output = fixture
        .session
        .gcr_secret(["rotate", "--contexts", &contexts, "-n", &fixture.scope()])
        .envs(fixture.google.operator_environment())
        .run()
        .exits(1);
    let old = &fixture.old;
    assert!(
        output.stderr.contains(&format!(
            "error: key {old} stays enabled: the Secrets --context second could not be read"
        )),
        "{output}"
    );
    assert!(fixture.keys().contains(&(old.clone(), false)), "{output}");
    assert_eq!(fixture.carried().len(), 2);
    assert!(!fixture.carried().contains(old), "{output}");
    // Without the dead cluster the rotation is finished.
    fixture.rotate([""; 0]).run().success();
    assert_eq!(fixture.google.count("keys.create"), 1);
    fixture.assert_rotated();
}

#[test]
fn cluster_that_fails_during_the_writes_is_finished_later() {
    let fixture = Fixture::new("rotate-dies", 2);
    let proxy = FaultProxy::new(fixture.cluster);
    proxy.inject(
        Rule::on("patch", "secrets").skip(1),
        Fault::Replace(CannedResponse::bad_gateway()),
    );
    let output = proxy
        .session()
        .gcr_secret(["rotate", "-n", &fixture.scope()])
        .envs(fixture.google.operator_environment())
        .run()
        .exits(1);
    assert!(
        output
            .stderr
            .contains(&format!("error: key {} stays enabled: ", fixture.old)),
        "{output}"
    );
    assert!(fixture.keys().iter().all(|(_, disabled)| !disabled));
    proxy.clear_faults();
    fixture.rotate([""; 0]).run().success();
    assert_eq!(fixture.google.count("keys.create"), 1);
    fixture.assert_rotated();
}

/// Lets the session's kubeconfig have a context per name, with the cluster and the user of another kubeconfig.
#[track_caller]
fn set_contexts(session: &Session, contexts: &[(&str, &Path)]) {
    let (mut clusters, mut users, mut named) = (Vec::new(), Vec::new(), Vec::new());
    for (name, kubeconfig) in contexts {
        let args = ["config", "view", "--raw", "--minify", "-o", "json"];
        let view = session.kubectl(args).env("KUBECONFIG", kubeconfig).run();
        let view: Value = serde_json::from_str(&view.success().stdout).expect("JSON");
        clusters.push(json!({"name": name, "cluster": view["clusters"][0]["cluster"]}));
        users.push(json!({"name": name, "user": view["users"][0]["user"]}));
        named.push(json!({"name": name, "context": {"cluster": name, "user": name}}));
    }
    clusters.push(json!({"name": "dead", "cluster": {"server": "https://127.0.0.1:1"}}));
    named.push(json!({"name": "dead", "context": {"cluster": "dead", "user": contexts[0].0}}));
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": contexts[0].0,
        "clusters": clusters, "users": users, "contexts": named,
    });
    session.file(session.kubeconfig(), config.to_string(), 0o600);
}

#[test]
fn live_clusters_are_written_while_a_dead_and_a_failing_one_keep_the_old_key_enabled() {
    let fixture = Fixture::new("rotate-clusters", 2);
    let plane = ControlPlane::dedicated(Options::new());
    let key = std::fs::read(fixture.session.work().join("key.json")).unwrap();
    let second = plane.session();
    second.file("key.json", key, 0o600);
    for namespace in &fixture.namespaces {
        plane
            .kubectl(["create", "namespace", namespace])
            .run()
            .success();
    }
    let create = [
        "create",
        "--key-file=key.json",
        "--registry",
        REGISTRY,
        "-n",
    ];
    second
        .gcr_secret(create)
        .arg(fixture.scope())
        .run()
        .success();
    let carried = || -> Vec<String> {
        let secrets = fixture.namespaces.iter();
        let secrets = secrets.map(|namespace| plane.get("secret/gcr-io", namespace));
        secrets.map(|secret| carried_key(&secret)).collect()
    };

    let proxy = FaultProxy::new(&plane);
    let failing = &fixture.namespaces[1];
    let denied = CannedResponse::status(403, "Forbidden", "denied");
    let rule = Rule::on("patch", "secrets").namespace(failing);
    proxy.inject(rule, Fault::Replace(denied));
    let session = fixture.cluster.session();
    let contexts = [
        ("one", fixture.cluster.kubeconfig()),
        ("two", proxy.kubeconfig()),
    ];
    set_contexts(&session, &contexts);
    let rotate = |contexts: &str| {
        session
            .gcr_secret(["rotate", "--contexts", contexts, "-n", &fixture.scope()])
            .envs(fixture.google.operator_environment())
            .run()
    };
    let output = rotate("one,two,dead").exits(1);
    let old = &fixture.old;
    assert!(
        output.stderr.contains(&format!(
            "error: key {old} stays enabled: secret/gcr-io -n {failing} --context two was not written (failed); the Secrets --context dead could not be read"
        )),
        "{output}"
    );
    assert!(fixture.keys().contains(&(old.clone(), false)), "{output}");
    let new = fixture.carried().swap_remove(0);
    assert_ne!(new, *old, "{output}");
    assert_eq!(fixture.carried(), [new.clone(), new.clone()]);
    assert_eq!(carried(), [new.clone(), old.clone()], "{output}");

    // Without the fault and the dead cluster, the next run finishes the rotation in both clusters.
    proxy.clear_faults();
    rotate("one,two").success();
    assert_eq!(fixture.google.count("keys.create"), 1);
    fixture.assert_rotated();
    assert_eq!(carried(), [new.clone(), new]);
}
