//! The Secret itself: what it holds, down to the byte, and what it says of itself.

use gcr_test_support::{Session, keys};
use serde_json::{Value, json};

use crate::setting::{Setting, assert_said};

#[test]
fn the_auth_is_byte_for_byte_what_kubectl_writes() {
    let setting = Setting::new("secret");
    let output = setting.typed().run();
    assert_said(&output, 0, &["secret/gcr-io created"], &[]);

    let auth = keys::key_auth();
    assert_eq!(
        setting.config_text("gcr-io"),
        format!(r#"{{"auths":{{"gcr.io":{{"auth":"{auth}"}}}}}}"#)
    );
    let kubectls = kubectls_config(&setting.session, "_json_key", "$(cat key.json)");
    assert_eq!(kubectls["auths"]["gcr.io"]["auth"], auth);
}

#[test]
fn it_is_a_docker_config_with_our_label_and_annotations_and_nothing_else() {
    let setting = Setting::new("secret");
    setting.create().run().success();

    let secret = setting.secret();
    assert_eq!(secret["type"], "kubernetes.io/dockerconfigjson");
    let data: Vec<_> = secret["data"].as_object().unwrap().keys().collect();
    assert_eq!(data, [".dockerconfigjson"]);
    assert_eq!(secret.get("immutable"), None);
    assert_eq!(
        secret["metadata"]["labels"],
        json!({"app.kubernetes.io/managed-by": "kubectl-gcr-secret"})
    );
    assert_eq!(
        secret["metadata"]["annotations"],
        json!({
            "kubectl-gcr-secret/registries": "gcr.io",
            "kubectl-gcr-secret/credential": "json-key",
            "kubectl-gcr-secret/account": "puller@example-project.iam.gserviceaccount.com",
            "kubectl-gcr-secret/key-id": "d06abdf3842f6febb36e29e28a3b27ff0aebaa9a",
        })
    );
}

#[test]
fn it_is_applied_by_one_manager_of_our_name() {
    let setting = Setting::new("secret");
    setting.create().run().success();
    assert_eq!(managers(&setting.secret()), ["kubectl-gcr-secret Apply"]);
}

#[test]
fn another_field_manager_can_be_named() {
    let setting = Setting::new("secret");
    setting
        .create()
        .args(["--field-manager", "platform-team"])
        .run()
        .success();
    let secret = setting.secret();
    assert_eq!(managers(&secret), ["platform-team Apply"]);
    // The label says which program made it, not who typed the command.
    assert_eq!(
        secret["metadata"]["labels"]["app.kubernetes.io/managed-by"],
        "kubectl-gcr-secret"
    );
}

#[test]
fn json_key_base64_carries_the_base64_of_the_same_bytes() {
    let setting = Setting::new("secret");
    setting
        .create()
        .args(["--auth", "json-key-base64"])
        .run()
        .success();

    let password = r#"$(printf %s "$(cat key.json)" | base64 -w0)"#;
    let kubectls = kubectls_config(&setting.session, "_json_key_base64", password);
    let auth = &kubectls["auths"]["gcr.io"]["auth"];
    assert!(auth.is_string());
    assert_eq!(
        setting.config("gcr-io"),
        json!({"auths": {"gcr.io": {"auth": auth}}})
    );
    let annotations = &setting.secret()["metadata"]["annotations"];
    assert_eq!(
        annotations["kubectl-gcr-secret/credential"],
        "json-key-base64"
    );
    assert_eq!(annotations["kubectl-gcr-secret/account"], keys::ACCOUNT);
}

#[test]
fn newlines_at_the_end_of_the_file_are_not_part_of_the_password() {
    let setting = Setting::new("secret");
    setting.create().run().success();
    for ending in ["", "\n\n\n"] {
        let text = format!("{}{ending}", keys::KEY.trim_end_matches('\n'));
        setting.session.file("key.json", text, 0o600);
        let output = setting.create().run();
        assert_said(&output, 0, &["secret/gcr-io unchanged"], &[]);
    }
}

#[test]
fn an_access_token_is_presented_as_google_documents_it_and_warns() {
    let setting = Setting::new("secret");
    setting.create().run().success();
    setting.session.file("token", "ya29.example-token\n", 0o600);
    let output = setting.bare().args(["--access-token-file", "token"]).run();
    assert_said(
        &output,
        0,
        &["secret/gcr-io configured"],
        &[
            "Warning: an access token expires, usually within an hour: after that nothing can be pulled with this Secret",
        ],
    );

    // printf oauth2accesstoken:ya29.example-token | base64
    let auth = "b2F1dGgyYWNjZXNzdG9rZW46eWEyOS5leGFtcGxlLXRva2Vu";
    assert_eq!(
        setting.config("gcr-io"),
        json!({"auths": {"gcr.io": {"auth": auth}}})
    );
    // What described the key before is gone with it.
    assert_eq!(
        setting.secret()["metadata"]["annotations"],
        json!({
            "kubectl-gcr-secret/registries": "gcr.io",
            "kubectl-gcr-secret/credential": "access-token",
        })
    );
}

/// The docker config that kubectl makes for `gcr.io` of a user name and a password, which a shell expands.
#[track_caller]
fn kubectls_config(session: &Session, user: &str, password: &str) -> Value {
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
