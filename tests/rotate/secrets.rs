//! Tests which parts of a Secret stay as they were.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::FaultProxy;
use gcr_test_support::fault_proxy::{CannedResponse, Fault, Rule};
use serde_json::{Value, json};

use crate::fixture::{EMAIL, Fixture, REGISTRY, carried_key, docker_config, file_in, key_id};

/// Returns the names of the entries in a Docker config.
fn entries(secret: &Value) -> Vec<String> {
    let config = docker_config(secret);
    let entries = config["auths"]
        .as_object()
        .expect("it has the expected form");
    entries.keys().cloned().collect()
}

#[test]
fn registries_and_the_form_of_the_key_stay() {
    let fixture = Fixture::new("rotate-hosts", 1);
    let namespace = &fixture.namespaces[0];
    fixture.google.add_repository("us", "gcr.io");
    let email = crate::fixture::EMAIL;
    fixture.google.allow_pulls("us", "gcr.io", email);
    let args = [
        "--registry",
        "europe-west1-docker.pkg.dev/demo-project/images,gcr.io/demo-project",
        "--auth=json-key-base64",
    ];
    fixture.create("gcr-io", namespace, args);
    let before = fixture.secret(namespace);
    fixture.rotate([""; 0]).run().success();
    fixture.assert_rotated();
    let after = fixture.secret(namespace);
    assert_eq!(entries(&before), entries(&after));
    for name in ["registries", "credential", "account"] {
        let annotation = format!("/metadata/annotations/kubectl-gcr-secret~1{name}");
        assert_eq!(before.pointer(&annotation), after.pointer(&annotation));
    }
    let auth = &docker_config(&after)["auths"]["gcr.io/demo-project/"];
    assert_eq!(key_id(&file_in(auth)), fixture.key());
}

#[test]
fn entries_of_other_owners_stay() {
    let fixture = Fixture::new("rotate-merge", 1);
    let namespace = &fixture.namespaces[0];
    let foreign = json!({"auths": {"registry.example.com": {"auth": "dTpw"}}}).to_string();
    fixture.session.file("config.json", &foreign, 0o600);
    let kubectl = |args: &[&str]| fixture.cluster.kubectl(args).run().success();
    kubectl(&["delete", "secret", "gcr-io", "-n", namespace]);
    let file = fixture.session.work().join("config.json");
    let from = format!("--from-file=.dockerconfigjson={}", file.display());
    kubectl(&[
        "create",
        "secret",
        "generic",
        "gcr-io",
        "--type=kubernetes.io/dockerconfigjson",
        &from,
        "-n",
        namespace,
    ]);
    fixture.create(
        "gcr-io",
        namespace,
        ["--registry", REGISTRY, "--merge", "--force-conflicts"],
    );
    fixture.rotate(["--force-conflicts"]).run().success();
    let secret = fixture.secret(namespace);
    let config = docker_config(&secret);
    assert_eq!(config["auths"]["registry.example.com"]["auth"], "dTpw");
    let ours = &config["auths"][&format!("{REGISTRY}/")];
    assert_eq!(key_id(&file_in(ours)), fixture.key());
    assert_ne!(fixture.key(), fixture.old);
}

#[test]
fn forced_rotation_keeps_an_entry_that_another_client_has_added() {
    let fixture = Fixture::new("rotate-added", 1);
    let namespace = &fixture.namespaces[0];
    let mut config = docker_config(&fixture.secret(namespace));
    config["auths"]["registry.example.com"] = json!({"auth": "dTpw"});
    let data = STANDARD.encode(config.to_string());
    let patch = json!({"data": {".dockerconfigjson": data}}).to_string();
    let args = ["patch", "secret", "gcr-io", "-n", namespace, "-p", &patch];
    let patch = fixture.cluster.kubectl(args);
    patch.args(["--field-manager=other"]).run().success();
    let output = fixture.rotate([""; 0]).run().exits(1);
    assert!(output.stderr.contains("--force-conflicts"), "{output}");
    fixture.rotate(["--force-conflicts"]).run().success();
    let config = docker_config(&fixture.secret(namespace));
    assert_eq!(config["auths"]["registry.example.com"]["auth"], "dTpw");
    let ours = &config["auths"][&format!("{REGISTRY}/")];
    assert_eq!(key_id(&file_in(ours)), fixture.key());
    assert_ne!(fixture.key(), fixture.old);
}

#[test]
fn registries_stay_without_their_annotation() {
    let fixture = Fixture::new("rotate-unnamed", 1);
    let namespace = &fixture.namespaces[0];
    let before = entries(&fixture.secret(namespace));
    let remove = "kubectl-gcr-secret/registries-";
    let args = ["annotate", "secret", "gcr-io", remove, "-n", namespace];
    fixture.cluster.kubectl(args).run().success();
    fixture.rotate([""; 0]).run().success();
    fixture.assert_rotated();
    assert_eq!(entries(&fixture.secret(namespace)), before);
}

#[test]
fn fields_of_other_managers_are_guarded_as_by_create() {
    let fixture = Fixture::new("rotate-conflict", 1);
    let namespace = &fixture.namespaces[0];
    let patch = r#"{"metadata":{"labels":{"app.kubernetes.io/managed-by":"other"}}}"#;
    let args = [
        "patch",
        "secret",
        "gcr-io",
        "-n",
        namespace,
        "--field-manager=other",
        "-p",
        patch,
    ];
    fixture.cluster.kubectl(args).run().success();
    let output = fixture.rotate([""; 0]).run().exits(1);
    assert!(output.stderr.contains("conflict"), "{output}");
    assert!(output.stderr.contains("--force-conflicts"), "{output}");
    assert_eq!(fixture.keys(), [(fixture.old.clone(), false)], "{output}");
    fixture.rotate(["--force-conflicts"]).run().success();
    fixture.assert_rotated();
}

#[test]
fn immutable_secret_is_replaced_only_with_its_flag() {
    let fixture = Fixture::new("rotate-immutable", 1);
    let namespace = &fixture.namespaces[0];
    let args = [
        "patch",
        "secret",
        "gcr-io",
        "-n",
        namespace,
        "-p",
        r#"{"immutable":true}"#,
    ];
    fixture.cluster.kubectl(args).run().success();
    let output = fixture.rotate([""; 0]).run().exits(1);
    assert!(output.stderr.contains("--recreate"), "{output}");
    assert_eq!(carried_key(&fixture.secret(namespace)), fixture.old);
    fixture.rotate(["--recreate"]).run().success();
    assert_eq!(carried_key(&fixture.secret(namespace)), fixture.key());
    assert_ne!(fixture.key(), fixture.old);
}

#[test]
fn secret_that_was_deleted_and_not_created_again_has_its_command() {
    let fixture = Fixture::new("rotate-recreate", 1);
    let namespace = &fixture.namespaces[0];
    let immutable = r#"{"immutable":true}"#;
    let args = [
        "patch", "secret", "gcr-io", "-n", namespace, "-p", immutable,
    ];
    fixture.cluster.kubectl(args).run().success();
    let proxy = FaultProxy::new(fixture.cluster);
    let denied = CannedResponse::status(403, "Forbidden", "denied");
    proxy.inject(Rule::on("patch", "secrets"), Fault::Replace(denied));
    let output = proxy
        .session()
        .gcr_secret(["rotate", "--recreate", "-n", namespace])
        .envs(fixture.google.operator_environment())
        .run()
        .exits(1);
    let hint = format!(
        "create the new one with: kubectl gcr-secret setup gcr-io -n {namespace} --context admin --registry={REGISTRY} --iam-account={EMAIL} --attach=false\n"
    );
    assert!(output.stderr.contains(&hint), "{output}");
    let command = hint.split("kubectl gcr-secret ").nth(1).unwrap();
    fixture
        .session
        .gcr_secret(command.split_whitespace())
        .envs(fixture.google.operator_environment())
        .run()
        .success();
    let keys = fixture.keys();
    let carried = carried_key(&fixture.secret(namespace));
    assert!(keys.contains(&(carried, false)), "{keys:?}");
}
