//! Tests the order of the sources, and credential files.

use std::fs;

use gcr_google::credentials::AccountType;
use gcr_google::iam_credentials::CLOUD_PLATFORM;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::federation::external;
use crate::search::{ISSUED, Search, key, user};
use crate::stub::{Reply, Stub, field};

#[tokio::test]
async fn first_source_that_exists_is_used() {
    let stub = Stub::start(|_| Reply::json(200, ISSUED)).await;
    let mut search = Search::new()
        .file(
            "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE",
            "token",
            "ya29.variable\n",
        )
        .file(
            "GOOGLE_APPLICATION_CREDENTIALS",
            "key.json",
            key(&stub.url("/key")),
        )
        .default_file(user(&stub.url("/user")))
        .gcloud("echo '{\"credential\":{\"access_token\":\"ya29.gcloud\"}}'");
    let flag = search.directory.path().join("flag");
    fs::write(&flag, "ya29.flag").unwrap();
    search.options.access_token_file = Some(flag.clone());
    assert_eq!(search.token().await.unwrap(), "ya29.flag");
    let origin = search.find().await.unwrap().token.origin().to_owned();
    assert_eq!(
        origin,
        format!(
            "access token file \"{}\" (--access-token-file)",
            flag.display()
        )
    );
    search.options.access_token_file = None;
    assert_eq!(search.token().await.unwrap(), "ya29.variable");
    search
        .variables
        .retain(|(name, _)| name != "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE");
    assert_eq!(search.token().await.unwrap(), "ya29.issued");
    assert_eq!(stub.received().last().unwrap().target, "/key");
    search
        .variables
        .retain(|(name, _)| name != "GOOGLE_APPLICATION_CREDENTIALS");
    assert_eq!(search.token().await.unwrap(), "ya29.issued");
    assert_eq!(stub.received().last().unwrap().target, "/user");
    fs::remove_file(
        search
            .directory
            .path()
            .join("gcloud/application_default_credentials.json"),
    )
    .unwrap();
    assert_eq!(search.token().await.unwrap(), "ya29.gcloud");
}

#[tokio::test]
async fn failing_source_is_named_and_no_other_is_tried() {
    let refused = r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#;
    let stub = Stub::start(move |_| Reply::json(400, refused)).await;
    let search = Search::new()
        .file(
            "GOOGLE_APPLICATION_CREDENTIALS",
            "key.json",
            key(&stub.url("/token")),
        )
        .gcloud("echo '{\"credential\":{\"access_token\":\"ya29.gcloud\"}}'");
    let path = search.directory.path().join("key.json");
    assert_eq!(
        search.token().await.unwrap_err().to_string(),
        format!(
            "service account key \"{}\" (GOOGLE_APPLICATION_CREDENTIALS): invalid_grant: Invalid JWT Signature.",
            path.display()
        )
    );
    assert_eq!(stub.received().len(), 1);
    // A file that does not exist was named by the user, so it counts as existing.
    let search = Search::new().set("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent/key.json");
    let error = search.token().await.unwrap_err().to_string();
    assert!(error.starts_with("credential file \"/nonexistent/key.json\" (GOOGLE_APPLICATION_CREDENTIALS): cannot read"), "{error}");
}

#[tokio::test]
async fn service_account_key_is_exchanged_with_a_signed_jwt() {
    let stub = Stub::start(|_| Reply::json(200, ISSUED)).await;
    let search = Search::new().file(
        "GOOGLE_APPLICATION_CREDENTIALS",
        "k",
        key(&stub.url("/token")),
    );
    let found = search.find().await.unwrap();
    assert_eq!(found.account_type, AccountType::Service);
    let token = found.token.token(&[CLOUD_PLATFORM]).await.unwrap();
    let left = token.expires_at.unwrap().duration_since(Timestamp::now());
    assert!((3500..3600).contains(&left.as_secs()), "{left:?}");
    let body = &stub.received()[0].body;
    let grant = field(body, "grant_type").unwrap();
    assert_eq!(grant, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    assert_eq!(field(body, "assertion").unwrap().split('.').count(), 3);
}

#[tokio::test]
async fn user_credentials_are_refreshed_and_have_a_quota_project() {
    let stub = Stub::start(|_| Reply::json(200, ISSUED)).await;
    let search = Search::new().default_file(user(&stub.url("/token")));
    let found = search.find().await.unwrap();
    assert_eq!(found.account_type, AccountType::User);
    assert_eq!(
        found.billing_project(None, Some("p")).as_deref(),
        Some("quota")
    );
    assert_eq!(
        found.billing_project(Some("flag"), Some("p")).as_deref(),
        Some("flag")
    );
    found.token.token(&[CLOUD_PLATFORM]).await.unwrap();
    let body = &stub.received()[0].body;
    assert_eq!(field(body, "grant_type").as_deref(), Some("refresh_token"));
    assert_eq!(
        field(body, "refresh_token").as_deref(),
        Some("a-refresh-token-0123456789")
    );
}

#[tokio::test]
async fn expired_login_has_a_hint_and_no_secret() {
    let refused = r#"{"error":"invalid_grant","error_description":"reauth related error (invalid_rapt) a-refresh-token-0123456789","error_subtype":"invalid_rapt"}"#;
    let stub = Stub::start(move |_| Reply::json(400, refused)).await;
    let search = Search::new().default_file(user(&stub.url("/token")));
    let error = search.token().await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("invalid_grant: reauth related error (invalid_rapt) ***"),
        "{error}"
    );
    assert!(error.hint().unwrap().starts_with("log in again"), "{error}");
}

#[tokio::test]
async fn impersonation_uses_the_delegates_and_bills_the_caller() {
    let stub = Stub::start(|request| {
        if request.target == "/token" {
            return Reply::json(200, ISSUED);
        }
        Reply::json(
            200,
            r#"{"accessToken":"ya29.impersonated","expireTime":"2099-01-01T00:00:00Z"}"#,
        )
    })
    .await;
    let mut search = Search::new().default_file(user(&stub.url("/token")));
    search.endpoints = Some(stub.endpoints());
    search.options.impersonate = [
        "first@p.iam.gserviceaccount.com",
        "last@p.iam.gserviceaccount.com",
    ]
    .map(|it| it.parse().unwrap())
    .to_vec();
    let found = search.find().await.unwrap();
    assert_eq!(found.billing_project(None, Some("p")), None);
    let token = found.token.token(&[CLOUD_PLATFORM]).await.unwrap();
    assert_eq!(token.token.expose(), "ya29.impersonated");
    assert_eq!(
        token.expires_at,
        Some("2099-01-01T00:00:00Z".parse().unwrap())
    );
    let request = &stub.received()[1];
    assert_eq!(
        request.target,
        "/v1/projects/-/serviceAccounts/last@p.iam.gserviceaccount.com:generateAccessToken"
    );
    assert_eq!(request.headers["authorization"], "Bearer ya29.issued");
    assert_eq!(request.headers["x-goog-user-project"], "quota");
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(
        body,
        json!({"scope": [CLOUD_PLATFORM], "lifetime": "3600s",
            "delegates": ["projects/-/serviceAccounts/first@p.iam.gserviceaccount.com"]})
    );
}

#[tokio::test]
async fn impersonation_file_is_based_on_its_source() {
    let stub = Stub::start(|request| {
        if request.target == "/token" {
            return Reply::json(200, ISSUED);
        }
        Reply::json(403, r#"{"error":{"code":403,"message":"Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).","status":"PERMISSION_DENIED"}}"#)
    })
    .await;
    let file = json!({"type": "impersonated_service_account", "delegates": [],
        "service_account_impersonation_url": stub.url("/v1/projects/-/serviceAccounts/x@p.iam.gserviceaccount.com:generateAccessToken"),
        "source_credentials": user(&stub.url("/token"))});
    let search = Search::new().default_file(file);
    let error = search.token().await.unwrap_err();
    assert!(
        error.to_string().starts_with("impersonation settings \""),
        "{error}"
    );
    assert!(
        error.to_string().contains("PERMISSION_DENIED: Permission"),
        "{error}"
    );
    assert_eq!(
        error.hint().as_deref(),
        Some("grant the caller a role with iam.serviceAccounts.getAccessToken")
    );
}

#[tokio::test]
async fn unusable_file_says_why_without_its_content() {
    let stub = Stub::start(|_| Reply::json(200, ISSUED)).await;
    for (file, reason) in [
        (
            "{\"type\": \"authorized_user\", \"refresh_token\": \"hunter2-hunter2-hunter2\"}"
                .to_owned(),
            "a field is missing or has an unexpected type",
        ),
        ("hunter2-hunter2-hunter2".to_owned(), "it is not JSON"),
        (
            "{\"type\": \"hunter2-hunter2-hunter2\"}".to_owned(),
            "the file has an unknown \"type\"",
        ),
        ("{}".to_owned(), "the file has no \"type\""),
        (
            key("http://example.com/token").to_string(),
            "\"token_uri\" is not an https URL",
        ),
        (key("not a URL").to_string(), "\"token_uri\" is not a URL"),
        (
            external(
                &stub,
                &json!({"environment_id": "aws1", "url": "http://x/"}),
            )
            .to_string(),
            "uses AWS, which is not supported",
        ),
        (
            external(&stub, &json!({"executable": {"command": "x"}})).to_string(),
            "uses an executable",
        ),
        (
            external(&stub, &json!({})).to_string(),
            "has neither \"file\" nor \"url\"",
        ),
        (
            {
                let mut file = external(&stub, &json!({"file": "/x"}));
                file["token_url"] = "http://sts.example.com/v1/token".into();
                file.to_string()
            },
            "\"token_url\" is not an https URL",
        ),
        ("x".repeat(70_000), "the file is larger than 64 KiB"),
    ] {
        let search = Search::new().file("GOOGLE_APPLICATION_CREDENTIALS", "f", file);
        let error = search.token().await.unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
