//! The content of the Secret: its data byte for byte, its label and its annotations.

use gcr_test_support::{Session, keys};
use serde_json::{Value, json};

use crate::fixture::{Fixture, annotations_without_digest, assert_output};

#[test]
fn auth_equals_kubectls_byte_for_byte() {
    let fixture = Fixture::new("secret");
    let output = fixture.create_via_kubectl().run();
    assert_output(&output, 0, &["secret/gcr-io created"], &[]);

    let auth = keys::key_auth();
    assert_eq!(
        fixture.docker_config_text("gcr-io"),
        format!(r#"{{"auths":{{"gcr.io":{{"auth":"{auth}"}}}}}}"#)
    );
    let kubectl_output = kubectl_docker_config(&fixture.session, "_json_key", "$(cat key.json)");
    assert_eq!(kubectl_output["auths"]["gcr.io"]["auth"], auth);
}

#[test]
fn secret_contains_only_docker_config_label_and_annotations() {
    let fixture = Fixture::new("secret");
    fixture.create().run().success();

    let secret = fixture.secret();
    assert_eq!(secret["type"], "kubernetes.io/dockerconfigjson");
    let data: Vec<_> = secret["data"].as_object().unwrap().keys().collect();
    assert_eq!(data, [".dockerconfigjson"]);
    assert_eq!(secret.get("immutable"), None);
    assert_eq!(
        secret["metadata"]["labels"],
        json!({"app.kubernetes.io/managed-by": "kubectl-gcr-secret"})
    );
    assert_eq!(
        annotations_without_digest(&secret),
        json!({
            "kubectl-gcr-secret/registries": "gcr.io",
            "kubectl-gcr-secret/credential": "json-key",
            "kubectl-gcr-secret/account": "puller@example-project.iam.gserviceaccount.com",
            "kubectl-gcr-secret/key-id": "d06abdf3842f6febb36e29e28a3b27ff0aebaa9a",
        })
    );
}

#[test]
fn secret_has_single_apply_manager() {
    let fixture = Fixture::new("secret");
    fixture.create().run().success();
    assert_eq!(managers(&fixture.secret()), ["kubectl-gcr-secret Apply"]);
}

#[test]
fn field_manager_flag_sets_manager() {
    let fixture = Fixture::new("secret");
    fixture
        .create()
        .args(["--field-manager", "platform-team"])
        .run()
        .success();
    let secret = fixture.secret();
    assert_eq!(managers(&secret), ["platform-team Apply"]);
    // The label names the program and does not depend on the field manager.
    assert_eq!(
        secret["metadata"]["labels"]["app.kubernetes.io/managed-by"],
        "kubectl-gcr-secret"
    );
}

#[test]
fn json_key_base64_encodes_same_key() {
    let fixture = Fixture::new("secret");
    fixture
        .create()
        .args(["--auth", "json-key-base64"])
        .run()
        .success();

    let password = r#"$(printf %s "$(cat key.json)" | base64 -w0)"#;
    let kubectl_output = kubectl_docker_config(&fixture.session, "_json_key_base64", password);
    let auth = &kubectl_output["auths"]["gcr.io"]["auth"];
    assert!(auth.is_string());
    assert_eq!(
        fixture.docker_config("gcr-io"),
        json!({"auths": {"gcr.io": {"auth": auth}}})
    );
    let annotations = &fixture.secret()["metadata"]["annotations"];
    assert_eq!(
        annotations["kubectl-gcr-secret/credential"],
        "json-key-base64"
    );
    assert_eq!(annotations["kubectl-gcr-secret/account"], keys::ACCOUNT);
}

#[test]
fn trailing_newlines_of_key_file_are_ignored() {
    let fixture = Fixture::new("secret");
    fixture.create().run().success();
    for ending in ["", "\n\n\n"] {
        let text = format!("{}{ending}", keys::KEY.trim_end_matches('\n'));
        fixture.session.file("key.json", text, 0o600);
        let output = fixture.create().run();
        assert_output(&output, 0, &["secret/gcr-io unchanged"], &[]);
    }
}

#[test]
fn access_token_uses_oauth2accesstoken_and_warns() {
    let fixture = Fixture::new("secret");
    fixture.create().run().success();
    fixture.session.file("token", "ya29.example-token\n", 0o600);
    let output = fixture
        .create_without_key()
        .args(["--access-token-file", "token"])
        .run();
    assert_output(
        &output,
        0,
        &["secret/gcr-io configured"],
        &[
            "Warning: an access token usually expires within an hour; after that, image pulls with this Secret fail",
        ],
    );

    // printf oauth2accesstoken:ya29.example-token | base64
    let auth = "b2F1dGgyYWNjZXNzdG9rZW46eWEyOS5leGFtcGxlLXRva2Vu";
    assert_eq!(
        fixture.docker_config("gcr-io"),
        json!({"auths": {"gcr.io": {"auth": auth}}})
    );
    // The annotations of the previous key are removed.
    assert_eq!(
        annotations_without_digest(&fixture.secret()),
        json!({
            "kubectl-gcr-secret/registries": "gcr.io",
            "kubectl-gcr-secret/credential": "access-token",
        })
    );
}

/// Returns the docker config that kubectl creates for `gcr.io`. The shell expands the user name and password.
#[track_caller]
fn kubectl_docker_config(session: &Session, user: &str, password: &str) -> Value {
    let template = r#"go-template={{index .data ".dockerconfigjson" | base64decode}}"#;
    let line = format!(
        r#"kubectl create secret docker-registry x --dry-run=client --docker-server gcr.io \
           --docker-username {user} --docker-password "{password}" -o '{template}'"#
    );
    let output = session.shell(&line).run().success();
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{output}"))
}

fn managers(object: &Value) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array();
    entries
        .into_iter()
        .flatten()
        .map(|entry| {
            let word = |name: &str| entry[name].as_str().unwrap_or_default();
            format!("{} {}", word("manager"), word("operation"))
        })
        .collect()
}
