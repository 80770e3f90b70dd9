//! Tests workload identity federation.

use gcr_google::iam_credentials::CLOUD_PLATFORM;
use serde_json::{Value, json};

use crate::search::Search;
use crate::stub::{Reply, Stub, field};

pub(crate) fn external(stub: &Stub, source: &Value) -> Value {
    json!({"type": "external_account", "audience": "//iam.googleapis.com/projects/1/x",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": stub.url("/v1/token"), "credential_source": source})
}

#[tokio::test]
async fn federation_exchanges_a_token_from_file_and_url() {
    let stub = Stub::start(|request| match request.target.as_str() {
        "/subject" => Reply::json(200, r#"{"value":"subject-of-url"}"#),
        _ => Reply::json(
            200,
            r#"{"access_token":"ya29.federated","issued_token_type":"x","expires_in":3600}"#,
        ),
    })
    .await;
    let search = Search::new().file("X", "subject", "subject-of-file\n");
    let path = search.directory.path().join("subject");
    let file = external(&stub, &json!({"file": path}));
    let search = search.file("GOOGLE_APPLICATION_CREDENTIALS", "f", file);
    assert_eq!(search.token().await.unwrap(), "ya29.federated");
    let body = &stub.received()[0].body;
    for (name, value) in [
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("subject_token", "subject-of-file"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        ("audience", "//iam.googleapis.com/projects/1/x"),
        ("scope", CLOUD_PLATFORM),
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
    ] {
        assert_eq!(field(body, name).as_deref(), Some(value), "{name}");
    }
    let source = json!({"url": stub.url("/subject"), "headers": {"authorization": "bearer request-token"},
        "format": {"type": "json", "subject_token_field_name": "value"}});
    let search = Search::new().file(
        "GOOGLE_APPLICATION_CREDENTIALS",
        "f",
        external(&stub, &source),
    );
    assert_eq!(search.token().await.unwrap(), "ya29.federated");
    assert_eq!(
        stub.received()[1].headers["authorization"],
        "bearer request-token"
    );
    assert_eq!(
        field(&stub.received()[2].body, "subject_token").as_deref(),
        Some("subject-of-url")
    );
}

#[tokio::test]
async fn federation_may_impersonate_an_account() {
    let stub = Stub::start(|request| match request.target.as_str() {
        "/v1/token" => Reply::json(
            200,
            r#"{"access_token":"ya29.federated","expires_in":3600}"#,
        ),
        _ => Reply::json(200, r#"{"accessToken":"ya29.account"}"#),
    })
    .await;
    let search = Search::new().file("X", "subject", "s");
    let mut file = external(
        &stub,
        &json!({"file": search.directory.path().join("subject")}),
    );
    file["service_account_impersonation_url"] = stub
        .url("/v1/projects/-/serviceAccounts/a@b.c:generateAccessToken")
        .into();
    file["service_account_impersonation"] = json!({"token_lifetime_seconds": 1800});
    let search = search.file("GOOGLE_APPLICATION_CREDENTIALS", "f", file);
    assert_eq!(search.token().await.unwrap(), "ya29.account");
    assert!(stub.received()[1].body.contains("\"lifetime\":\"1800s\""));
}
