//! Secrets whose data and annotations name different keys, because another client has changed them: the data decide.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::FaultProxy;
use gcr_test_support::fake_google::{CannedError, Fault, Rule};
use gcr_test_support::fault_proxy::{self, CannedResponse};
use serde_json::json;

use crate::fixture::{EMAIL, Fixture, REGISTRY, contained_keys, docker_config, key_id};

const KEY_ID: &str = "kubectl-gcr-secret/key-id";

/// Lets a rotation write the new key everywhere and fail to disable the old one. Returns the new key.
fn unfinished(fixture: &Fixture<'_>) -> String {
    let refused = Fault::Respond(CannedError::api(400, "FAILED_PRECONDITION", "not now"));
    fixture.google.inject(Rule::on("keys.disable"), refused);
    fixture.rotate([""; 0]).run().exits(1);
    fixture.google.clear_faults();
    let new = fixture.carried().swap_remove(0);
    assert_ne!(new, fixture.old);
    new
}

/// Replaces the data of the Secret as `kubectl edit` does.
fn replace_data(fixture: &Fixture<'_>, namespace: &str, data: &serde_json::Value) {
    let patch = json!({"data": data}).to_string();
    let args = ["patch", "secret", "gcr-io", "-n", namespace, "-p", &patch];
    let patch = fixture.cluster.kubectl(args);
    patch.args(["--field-manager=kubectl-edit"]).run().success();
}

fn annotate(fixture: &Fixture<'_>, namespace: &str, value: &str) {
    let args = [
        "annotate",
        "secret",
        "gcr-io",
        "--overwrite",
        "-n",
        namespace,
    ];
    fixture.cluster.kubectl(args).args([value]).run().success();
}

#[test]
fn old_key_in_the_data_of_a_secret_that_names_the_new_one_stays_enabled() {
    let fixture = Fixture::new("rotate-edited", 2);
    let edited = &fixture.namespaces[1];
    let before = fixture.secret(edited);
    let new = unfinished(&fixture);
    replace_data(&fixture, edited, &before["data"]);
    let output = fixture.rotate([""; 0]).run().exits(1);
    let old = &fixture.old;
    assert!(
        output.stderr.contains(&format!(
            "error: key {old} stays enabled: secret/gcr-io -n {edited} was not written (failed)"
        )) && output.stderr.contains("is held by \"kubectl-edit\"")
            && output.stderr.contains("--force-conflicts"),
        "{output}"
    );
    assert!(
        output.stderr.contains(&format!(
            "Warning: secret/gcr-io -n {edited} names key {new} in its annotation, but contains {old}"
        )),
        "{output}"
    );
    assert!(fixture.keys().contains(&(old.clone(), false)), "{output}");
    assert_eq!(
        contained_keys(&fixture.secret(edited)),
        std::slice::from_ref(old)
    );
    fixture.rotate(["--force-conflicts"]).run().success();
    assert_eq!(fixture.google.count("keys.create"), 1);
    fixture.assert_rotated();
}

#[test]
fn old_key_in_the_data_outside_of_the_scope_is_a_straggler() {
    let fixture = Fixture::new("rotate-edited-outside", 2);
    let (selected, edited) = (&fixture.namespaces[0], &fixture.namespaces[1]);
    let before = fixture.secret(edited);
    unfinished(&fixture);
    replace_data(&fixture, edited, &before["data"]);
    let output = fixture.rotate_in(selected, [""; 0]).run().exits(1);
    let old = &fixture.old;
    assert!(
        output.stderr.contains(&format!(
            "error: key {old} stays enabled: secret/gcr-io -n {edited} carries it"
        )),
        "{output}"
    );
    assert!(fixture.keys().contains(&(old.clone(), false)), "{output}");
}

#[test]
fn new_key_in_the_data_of_a_secret_that_names_the_old_one_counts() {
    let fixture = Fixture::new("rotate-annotated", 2);
    let edited = &fixture.namespaces[1];
    let new = unfinished(&fixture);
    let old = &fixture.old;
    annotate(&fixture, edited, &format!("{KEY_ID}={old}"));
    let output = fixture.rotate([""; 0]).run().success();
    assert!(
        output.stderr.contains(&format!(
            "Warning: secret/gcr-io -n {edited} names key {old} in its annotation, but contains {new}"
        )),
        "{output}"
    );
    assert_eq!(fixture.key(), new, "{output}");
    assert_eq!(contained_keys(&fixture.secret(edited)), [new]);
}

#[test]
fn secret_without_its_annotation_is_a_straggler() {
    let fixture = Fixture::new("rotate-unannotated", 2);
    let (selected, edited) = (&fixture.namespaces[0], &fixture.namespaces[1]);
    annotate(&fixture, edited, &format!("{KEY_ID}-"));
    let output = fixture.rotate_in(selected, [""; 0]).run().exits(1);
    let old = &fixture.old;
    assert!(
        output.stderr.contains(&format!(
            "error: key {old} stays enabled: secret/gcr-io -n {edited} carries it"
        )),
        "{output}"
    );
    fixture.rotate([""; 0]).run().success();
    assert_eq!(fixture.google.count("keys.create"), 1);
    fixture.assert_rotated();
}

#[test]
fn changed_secret_whose_data_cannot_be_read_keeps_the_old_key_enabled() {
    let fixture = Fixture::new("rotate-unreadable", 2);
    let (selected, edited) = (&fixture.namespaces[0], &fixture.namespaces[1]);
    annotate(&fixture, edited, &format!("{KEY_ID}=another"));
    let proxy = FaultProxy::new(fixture.cluster);
    for verb in ["get", "list"] {
        let rule = fault_proxy::Rule::on(verb, "secrets").namespace(edited);
        let denied = CannedResponse::status(403, "Forbidden", "denied");
        proxy.inject(rule, fault_proxy::Fault::Replace(denied));
    }
    let session = proxy.session();
    let rotate = |namespaces: &str| {
        session
            .gcr_secret(["rotate", "-n", namespaces])
            .envs(fixture.google.operator_environment())
            .run()
    };
    let old = &fixture.old;
    for namespaces in [selected, &fixture.scope()] {
        let output = rotate(namespaces).exits(1);
        assert!(
            output.stderr.contains(&format!(
                "error: key {old} stays enabled: secret/gcr-io -n {edited} may carry it, because its data cannot be read"
            )),
            "{output}"
        );
        assert!(fixture.keys().contains(&(old.clone(), false)), "{output}");
    }
}

#[test]
fn each_key_of_a_secret_with_two_accounts_is_rotated() {
    let fixture = Fixture::new("rotate-two-keys", 2);
    let merged = &fixture.namespaces[1];
    let second = fixture.add_account("other", "other", merged);
    let other = "other@demo-project.iam.gserviceaccount.com";
    fixture.google.add_repository("us", "gcr.io");
    fixture.google.allow_pulls("us", "gcr.io", other);
    // The annotations name the account that was merged last.
    fixture.create(
        "gcr-io",
        merged,
        ["--registry=gcr.io/demo-project", "--merge"],
    );
    let mut before = contained_keys(&fixture.secret(merged));
    before.sort();
    let mut expected = vec![fixture.old.clone(), second];
    expected.sort();
    assert_eq!(before, expected);
    let output = fixture.rotate([""; 0]).run().success();
    let mut enabled = vec![fixture.key()];
    let others = fixture.google.keys_of(other).into_iter();
    enabled.extend(others.map(|(id, _)| id));
    enabled.sort();
    assert_eq!(enabled.len(), 2, "{output}");
    let mut after = contained_keys(&fixture.secret(merged));
    after.sort();
    assert_eq!(after, enabled, "{output}");
    assert!(before.iter().all(|key| !after.contains(key)), "{output}");
}

#[test]
fn equal_key_id_of_another_account_is_no_straggler() {
    let fixture = Fixture::new("rotate-same-id", 2);
    let (selected, other) = (&fixture.namespaces[0], &fixture.namespaces[1]);
    let file = std::fs::read_to_string(fixture.session.work().join("key.json")).unwrap();
    assert_eq!(key_id(&file), fixture.old);
    let file = file.replace(EMAIL, "gcr-pull@other-project.iam.gserviceaccount.com");
    fixture.session.file("key.json", file, 0o600);
    fixture.create("gcr-io", other, ["--registry", REGISTRY]);
    let output = fixture.rotate_in(selected, [""; 0]).run().success();
    assert_ne!(fixture.key(), fixture.old, "{output}");
    let kept = contained_keys(&fixture.secret(other));
    assert_eq!(kept, std::slice::from_ref(&fixture.old));
}

/// Creates a Secret as `kubectl create secret` makes it of a key file: without label and annotations.
fn create_by_hand(fixture: &Fixture<'_>, namespace: &str, kind: &str) {
    let file = std::fs::read_to_string(fixture.session.work().join("key.json"));
    let file = file.expect("the fixture has written the key");
    let auth = STANDARD.encode(format!("_json_key:{file}"));
    let entries = json!({"europe-west1-docker.pkg.dev": {"auth": auth}});
    let (key, data) = match kind {
        "dockercfg" => (".dockercfg", entries),
        _ => (".dockerconfigjson", json!({"auths": entries})),
    };
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": format!("kubernetes.io/{kind}"),
        "metadata": {"name": kind, "namespace": namespace},
        "data": {key: STANDARD.encode(data.to_string())},
    });
    fixture.cluster.create(vec![secret]);
}

#[test]
fn secret_of_another_client_with_the_old_key_keeps_it_enabled() {
    let fixture = Fixture::new("rotate-by-hand", 2);
    let other = &fixture.namespaces[1];
    for kind in ["dockerconfigjson", "dockercfg"] {
        create_by_hand(&fixture, other, kind);
    }
    let output = fixture.rotate([""; 0]).run().exits(1);
    let old = &fixture.old;
    assert!(
        output.stderr.contains(&format!(
            "error: key {old} stays enabled: secret/dockercfg -n {other} carries it; secret/dockerconfigjson -n {other} carries it\n"
        )) && output.stderr.contains("--force-disable"),
        "{output}"
    );
    assert!(fixture.keys().contains(&(old.clone(), false)), "{output}");
    for kind in ["dockerconfigjson", "dockercfg"] {
        let args = ["delete", "secret", kind, "-n", other];
        fixture.cluster.kubectl(args).run().success();
    }
    // A Secret with another key is no straggler.
    let (_, file) = fixture.google.add_key("another");
    fixture.session.file("key.json", file, 0o600);
    create_by_hand(&fixture, other, "dockercfg");
    fixture.rotate([""; 0]).run().success();
    assert_eq!(fixture.google.count("keys.create"), 1);
    fixture.assert_rotated();
}

#[test]
fn entry_that_is_no_host_keeps_the_old_key_enabled() {
    let fixture = Fixture::new("rotate-pattern", 1);
    let namespace = &fixture.namespaces[0];
    // kubelet accepts patterns.
    let mut config = docker_config(&fixture.secret(namespace));
    let entry = config["auths"][&format!("{REGISTRY}/")].clone();
    config["auths"]["*.gcr.io"] = entry;
    let data = STANDARD.encode(config.to_string());
    replace_data(&fixture, namespace, &json!({".dockerconfigjson": data}));
    let output = fixture.rotate(["--force-conflicts"]).run().exits(1);
    assert!(
        output
            .stderr
            .contains("its entry \"*.gcr.io\" carries the key and cannot be written"),
        "{output}"
    );
    fixture.assert_untouched();
}
