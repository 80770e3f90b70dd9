//! The registries' token handshake, without a registry behind it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::fake_google::{CannedError, Fault, Propagation, Rule};
use http::Request;
use http_body_util::Full;
use serde_json::json;

use crate::client::{Client, Reply, ready};

const SCOPE: &str = "repository:demo-project/images/app:pull";
const HOST: &str = "us-docker.pkg.dev";

fn handshake(client: &Client, host: &str, scope: &str, credential: Option<(&str, &str)>) -> Reply {
    let scope = form_urlencoded::byte_serialize(scope.as_bytes()).collect::<String>();
    let mut request = Request::builder().uri(format!(
        "https://{host}/v2/token?service={host}&scope={scope}"
    ));
    if let Some((user, password)) = credential {
        let basic = STANDARD.encode(format!("{user}:{password}"));
        request = request.header("authorization", format!("Basic {basic}"));
    }
    client
        .try_send(request.body(Full::default()).expect("valid"))
        .expect("a response")
}

fn error(reply: &Reply) -> (u16, String, String) {
    let error = &reply.json()["errors"][0];
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (reply.status, text("code"), text("message"))
}

#[test]
fn challenge_names_token_endpoint_with_scope_only_for_content() {
    let (_google, mut client) = ready();
    client.token = None;
    let challenge = |url: &str| {
        let reply = client.get(url);
        assert_eq!(reply.status, 401);
        reply.headers["www-authenticate"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        challenge("https://gcr.io/v2/"),
        "Bearer realm=\"https://gcr.io/v2/token\""
    );
    assert_eq!(
        challenge("https://us-docker.pkg.dev/v2/demo-project/images/app/manifests/1"),
        format!("Bearer realm=\"https://{HOST}/v2/token\",service=\"{HOST}\",scope=\"{SCOPE}\"")
    );
}

#[test]
fn key_gets_token_only_with_role_on_repository() {
    let (google, mut client) = ready();
    google.add_repository("us", "images");
    let email = client.create_account("puller");
    let file = client.create_key(&email);
    let key = Some(("_json_key", file.as_str()));
    let denied = error(&handshake(&client, HOST, SCOPE, key));
    assert_eq!((denied.0, denied.1.as_str()), (403, "DENIED"));
    assert!(
        denied
            .2
            .contains("projects/demo-project/locations/us/repositories/images")
    );

    google.set_propagation(Propagation {
        bindings: 1,
        ..Propagation::default()
    });
    let url = "https://artifactregistry.googleapis.com/v1/projects/demo-project/locations/us/repositories/images:setIamPolicy";
    let binding = json!({"role": "roles/artifactregistry.reader", "members": [format!("serviceAccount:{email}")]});
    client
        .post(url, &json!({"policy": {"bindings": [binding]}}))
        .ok();
    assert_eq!(handshake(&client, HOST, SCOPE, key).status, 403);
    let encoded = STANDARD.encode(&file);
    let token = handshake(&client, HOST, SCOPE, Some(("_json_key_base64", &encoded))).ok();
    assert_eq!(token["expires_in"], 43_200);
    let push = handshake(&client, HOST, &format!("{SCOPE},push"), key);
    assert!(error(&push).2.contains("uploadArtifacts"));

    client.token = token["token"].as_str().map(String::from);
    let manifest =
        client.get("https://us-docker.pkg.dev/v2/demo-project/images/app/manifests/latest");
    assert_eq!(
        error(&manifest),
        (
            404,
            "MANIFEST_UNKNOWN".into(),
            "Failed to fetch \"latest\"".into()
        )
    );
    let other =
        client.get("https://us-docker.pkg.dev/v2/demo-project/images/other/manifests/latest");
    assert_eq!(error(&other).1, "DENIED");
    client.token = Some("x.y.z".into());
    let bad = client.get("https://us-docker.pkg.dev/v2/demo-project/images/app/manifests/latest");
    assert_eq!(
        (bad.status, bad.headers.get("www-authenticate")),
        (401, None)
    );
}

#[test]
fn unusable_credentials_are_told_apart() {
    let (google, client) = ready();
    google.add_repository("us", "images");
    let verdict = |credential| error(&handshake(&client, HOST, SCOPE, credential));
    assert_eq!(
        verdict(Some(("_json_key", "{"))),
        (401, "UNKNOWN".into(), "Unable to parse json key.".into())
    );
    assert_eq!(
        verdict(Some(("oauth2accesstoken", "ya29.no"))),
        (401, "UNAUTHORIZED".into(), "authentication failed".into())
    );
    assert!(verdict(None).2.starts_with("Unauthenticated request."));
    let operator = handshake(
        &client,
        HOST,
        SCOPE,
        Some(("oauth2accesstoken", google.operator_token())),
    );
    assert_eq!(operator.status, 200);
    let short = handshake(
        &client,
        "gcr.io",
        "repository:demo-project:pull",
        Some(("oauth2accesstoken", google.operator_token())),
    );
    assert_eq!(
        error(&short),
        (
            400,
            "NAME_INVALID".into(),
            "invalid number of path components: 1".into()
        )
    );
}

#[test]
fn project_that_never_migrated_gets_plain_text() {
    let (google, client) = ready();
    google.inject(
        Rule::on("registry.token"),
        Fault::Respond(CannedError::not_migrated("demo-project")),
    );
    let reply = handshake(&client, "gcr.io", "repository:demo-project/app:pull", None);
    assert_eq!(reply.status, 412);
    assert!(reply.text.starts_with("Container Registry is deprecated"));
}
