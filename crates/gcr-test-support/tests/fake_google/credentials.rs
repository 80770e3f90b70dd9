//! Token endpoints: keys, refresh tokens, federation, impersonation, and the metadata server.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use gcr_test_support::fake_google::{PROJECT, Propagation};
use rsa::PrivateKey;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::sha2::Sha256;
use serde_json::{Value, json};

use crate::client::{Client, IAM, Reply, TOKEN_URL, ready};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// Exchanges a key for a token, with claims that differ from the usual ones by `change`.
fn exchange(client: &Client, file: &str, change: impl FnOnce(&mut Value)) -> Reply {
    let file: Value = serde_json::from_str(file).expect("valid");
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("valid")
        .as_secs();
    let mut claims = json!({"iss": file["client_email"], "aud": TOKEN_URL, "scope": SCOPE, "iat": now, "exp": now + 3600, "sub": null});
    change(&mut claims);
    let header = json!({"alg": "RS256", "typ": "JWT"});
    let encode = |value: &Value| URL_SAFE.encode(value.to_string());
    let input = format!("{}.{}", encode(&header), encode(&claims));
    let key =
        PrivateKey::from_pkcs8_pem(file["private_key"].as_str().expect("valid")).expect("valid");
    let signature = key
        .pkcs1v15_sign::<Sha256>(input.as_bytes())
        .expect("valid");
    let assertion = format!("{input}.{}", URL_SAFE.encode(signature));
    client.form(
        TOKEN_URL,
        &[("grant_type", JWT_BEARER), ("assertion", &assertion)],
    )
}

fn refusal(reply: &Reply) -> (String, String) {
    let body = reply.json();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (text("error"), text("error_description"))
}

#[test]
fn key_is_exchanged_until_it_is_disabled_or_its_account_is_gone() {
    let (google, client) = ready();
    let email = client.create_account("puller");
    let file = client.create_key(&email);
    let granted = exchange(&client, &file, |_| {}).ok();
    assert!(
        granted["access_token"]
            .as_str()
            .unwrap()
            .starts_with("ya29.")
    );
    assert_eq!(granted["token_type"], "Bearer");

    google.set_account_disabled(&email, true);
    let refused = exchange(&client, &file, |_| {});
    assert_eq!(
        refusal(&refused),
        (
            "disabled_client".into(),
            "The OAuth client was disabled.".into()
        )
    );
    google.set_account_disabled(&email, false);
    let id = &google.keys_of(&email)[0].0;
    let account = format!("{IAM}/{PROJECT}/serviceAccounts/{email}");
    client
        .post(&format!("{account}/keys/{id}:disable"), &json!({}))
        .ok();
    let refused = exchange(&client, &file, |_| {});
    assert_eq!(
        (refused.status, refusal(&refused)),
        (
            400,
            ("invalid_grant".into(), "Invalid JWT Signature.".into())
        )
    );
    client.delete(&account).ok();
    let refused = exchange(&client, &file, |_| {});
    assert_eq!(refusal(&refused).1, "Invalid grant: account not found");
}

#[test]
fn assertion_with_wrong_claims_is_refused_with_reason() {
    let (_google, client) = ready();
    let email = client.create_account("puller");
    let file = client.create_key(&email);
    let other = client.create_key(&client.create_account("other-account"));
    let late = exchange(&client, &file, |claims| {
        claims["exp"] = json!(1_000_000_000)
    });
    assert!(
        refusal(&late)
            .1
            .starts_with("Invalid JWT: Token must be a short-lived token")
    );
    let audience = exchange(&client, &file, |claims| {
        claims["aud"] = json!("https://example.com/token")
    });
    assert!(refusal(&audience).1.contains("audience"));
    let scope = exchange(&client, &file, |claims| claims["scope"] = json!(""));
    assert_eq!(refusal(&scope).0, "invalid_scope");
    let foreign = exchange(&client, &other, |claims| claims["iss"] = json!(email));
    assert_eq!(refusal(&foreign).1, "Invalid JWT Signature.");
}

#[test]
fn new_key_is_refused_until_it_has_propagated() {
    let (google, client) = ready();
    let email = client.create_account("puller");
    google.set_propagation(Propagation {
        keys: 2,
        ..Propagation::default()
    });
    let file = client.create_key(&email);
    let statuses = [(); 3].map(|()| exchange(&client, &file, |_| {}).status);
    assert_eq!(statuses, [400, 400, 200]);
}

#[test]
fn refresh_token_is_exchanged_or_refused_as_arranged() {
    let (google, mut client) = ready();
    let refresh = |file: &str| {
        let file: Value = serde_json::from_str(file).unwrap();
        let text = |name: &str| file[name].as_str().unwrap().to_owned();
        client.form(
            TOKEN_URL,
            &[
                ("grant_type", "refresh_token"),
                ("client_id", &text("client_id")),
                ("client_secret", &text("client_secret")),
                ("refresh_token", &text("refresh_token")),
            ],
        )
    };
    let granted = refresh(&google.user_credential_file()).ok();
    let file =
        google.refused_user_credential_file("invalid_grant", "Token has been expired or revoked.");
    assert_eq!(
        refusal(&refresh(&file)),
        (
            "invalid_grant".into(),
            "Token has been expired or revoked.".into()
        )
    );
    client.token = granted["access_token"].as_str().map(String::from);
    client.get(&format!("{IAM}/{PROJECT}/serviceAccounts")).ok();
}

#[test]
fn federated_token_impersonates_only_with_the_role() {
    let (google, mut client) = ready();
    let email = client.create_account("puller");
    let member = google.accept_subject_token("subject-token", "repo:example/app");
    let audience = google.workload_identity_audience();
    let fields = [
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        ("audience", audience.as_str()),
        ("scope", SCOPE),
        ("subject_token", "subject-token"),
    ];
    let sts = "https://sts.googleapis.com/v1/token";
    let issued = client.form(sts, &fields).ok();
    assert_eq!(
        issued["issued_token_type"],
        "urn:ietf:params:oauth:token-type:access_token"
    );
    client.token = issued["access_token"].as_str().map(String::from);
    let url = format!(
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{email}:generateAccessToken"
    );
    let body = json!({"scope": [SCOPE], "lifetime": "3600s"});
    let refused = client.post(&url, &body).api_error();
    assert_eq!(
        refused.2,
        "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."
    );
    google.grant_on_account(&email, "roles/iam.workloadIdentityUser", &member);
    let token = client.post(&url, &body).ok();
    assert!(token["expireTime"].as_str().unwrap().ends_with('Z'));
    assert_eq!(
        client
            .post(&url, &json!({"scope": [SCOPE], "lifetime": "7200s"}))
            .status,
        400
    );
    let mut wrong = fields;
    wrong[5].1 = "other";
    assert_eq!(refusal(&client.form(sts, &wrong)).0, "invalid_grant");
}

#[test]
fn metadata_server_requires_its_header_and_exists_only_on_google_cloud() {
    let (google, client) = ready();
    let email = client.create_account("machine-account");
    let url = format!(
        "{}/computeMetadata/v1/instance/service-accounts/default/token",
        google.url()
    );
    let send = |header: Option<&str>| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            use http_body_util::BodyExt as _;
            let mut request = http::Request::builder().uri(&url);
            if let Some(value) = header {
                request = request.header("metadata-flavor", value);
            }
            let http =
                hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
                    .build_http();
            let request = request
                .body(http_body_util::Full::new(bytes::Bytes::new()))
                .unwrap();
            let response = http.request(request).await.unwrap();
            (
                response.status().as_u16(),
                response.into_body().collect().await.unwrap().to_bytes(),
            )
        })
    };
    assert_eq!(send(Some("Google")).0, 404);
    google.run_on_google_cloud(&email);
    assert_eq!(send(None).0, 403);
    let (status, body) = send(Some("Google"));
    let token: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (status, token["token_type"].as_str()),
        (200, Some("Bearer"))
    );
}

#[test]
fn signed_jwt_names_key_of_account() {
    let (_google, client) = ready();
    let email = client.create_account("puller");
    let url = format!(
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{email}:signJwt"
    );
    let signed = client.post(&url, &json!({"payload": "{\"a\":1}"})).ok();
    let claims = signed["signedJwt"]
        .as_str()
        .unwrap()
        .split('.')
        .nth(1)
        .unwrap()
        .to_owned();
    let padded = format!("{claims}{}", "=".repeat((4 - claims.len() % 4) % 4));
    assert_eq!(STANDARD.decode(padded).unwrap(), b"{\"a\":1}");
    let keys = client
        .get(&format!(
            "{IAM}/{PROJECT}/serviceAccounts/{email}/keys?keyTypes=SYSTEM_MANAGED"
        ))
        .ok();
    let name = keys["keys"][0]["name"].as_str().unwrap().to_owned();
    assert!(name.ends_with(signed["keyId"].as_str().unwrap()));
}
