//! Service Usage, and the checks that precede every call.

use gcr_test_support::FakeGoogle;
use gcr_test_support::fake_google::{PROJECT, Propagation};
use serde_json::json;

use crate::client::{Client, IAM, REGISTRY_API, ready};

const SERVICES: &str = "https://serviceusage.googleapis.com/v1/projects/demo-project/services";

#[test]
fn api_that_is_not_enabled_names_activation_url_until_it_has_propagated() {
    let google = FakeGoogle::new();
    let client = Client::new(&google);
    google.set_operation_polls(Some(1));
    google.set_propagation(Propagation {
        services: 1,
        ..Propagation::default()
    });
    let locations = format!("{REGISTRY_API}/{PROJECT}/locations");
    let refused = client.get(&locations);
    let info = &refused.json()["error"]["details"][0];
    assert_eq!(
        (refused.status, &info["reason"]),
        (403, &json!("SERVICE_DISABLED"))
    );
    assert_eq!(
        info["metadata"]["service"],
        "artifactregistry.googleapis.com"
    );

    let service = format!("{SERVICES}/artifactregistry.googleapis.com");
    assert_eq!(client.get(&service).ok()["state"], "DISABLED");
    let started = client.post(&format!("{service}:enable"), &json!({})).ok();
    let poll = format!(
        "https://serviceusage.googleapis.com/v1/{}",
        started["name"].as_str().unwrap()
    );
    assert_eq!(client.get(&poll).ok().get("done"), None);
    assert_eq!(
        client.get(&poll).ok()["response"]["service"]["state"],
        "ENABLED"
    );
    assert_eq!([(); 2].map(|()| client.get(&locations).status), [403, 200]);
    let again = client.post(&format!("{service}:enable"), &json!({})).ok();
    assert_eq!(again["name"], "operations/noop.DONE_OPERATION");
}

#[test]
fn batch_enable_without_billing_names_services() {
    let google = FakeGoogle::new();
    let client = Client::new(&google);
    google.set_billing(false);
    let body = json!({"serviceIds": ["iam.googleapis.com", "artifactregistry.googleapis.com"]});
    let refused = client.post(&format!("{SERVICES}:batchEnable"), &body);
    let details = &refused.json()["error"]["details"];
    assert_eq!(details[1]["reason"], "UREQ_PROJECT_BILLING_NOT_FOUND");
    assert!(
        refused
            .api_error()
            .2
            .contains("'iam.googleapis.com,artifactregistry.googleapis.com'")
    );
}

#[test]
fn operation_with_error_ends_with_it_and_endless_one_never_ends() {
    let google = FakeGoogle::new();
    let client = Client::new(&google);
    google.set_operation_error(13, "internal");
    let enable = |service: &str| {
        client
            .post(
                &format!("{SERVICES}/{service}.googleapis.com:enable"),
                &json!({}),
            )
            .ok()
    };
    let poll = |name: &str| {
        client
            .get(&format!("https://serviceusage.googleapis.com/v1/{name}"))
            .ok()
    };
    let failed = enable("iam");
    assert_eq!(
        poll(failed["name"].as_str().unwrap())["error"],
        json!({"code": 13, "message": "internal"})
    );
    google.set_operation_polls(None);
    let endless = enable("artifactregistry");
    assert!((0..20).all(|_| {
        poll(endless["name"].as_str().unwrap())
            .get("done")
            .is_none()
    }));
}

#[test]
fn request_without_usable_token_is_unauthenticated_with_reason() {
    let (google, mut client) = ready();
    let expired = google.issue_token("user:operator@example.com", -1);
    for (token, reason) in [
        (None, "CREDENTIALS_MISSING"),
        (
            Some("eyJhbGciOiJSUzI1NiJ9.e30.x".to_owned()),
            "ACCESS_TOKEN_TYPE_UNSUPPORTED",
        ),
        (Some(expired), "ACCESS_TOKEN_EXPIRED"),
    ] {
        client.token = token;
        let refused = client.get(&format!("{IAM}/{PROJECT}/serviceAccounts"));
        assert_eq!(refused.api_error().1, "UNAUTHENTICATED");
        assert_eq!(refused.json()["error"]["details"][0]["reason"], reason);
    }
    client.token = Some(google.issue_token_with_scope("user:operator@example.com", 60, "openid"));
    let refused = client.get(&format!("{IAM}/{PROJECT}/serviceAccounts"));
    assert_eq!(
        refused.json()["error"]["details"][0]["reason"],
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    );
}

#[test]
fn unknown_path_and_wrong_host_are_html() {
    let (google, client) = ready();
    for url in [
        "https://iam.googleapis.com/v1/nothing",
        "https://iam.googleapis.com/v1/projects/demo-project/services",
    ] {
        let reply = client.get(url);
        assert_eq!(reply.status, 404);
        assert!(reply.text.starts_with("<!DOCTYPE html>"), "{}", reply.text);
    }
    assert_eq!(google.requests().len(), 2);
}

#[test]
fn unknown_project_is_invalid_consumer() {
    let (_google, client) = ready();
    let refused = client.get(&SERVICES.replace(PROJECT, "no-such-project"));
    assert_eq!(
        refused.json()["error"]["details"][0]["reason"],
        "CONSUMER_INVALID"
    );
}

#[test]
fn host_outside_of_google_is_refused_by_proxy() {
    let (_google, client) = ready();
    for url in [
        "https://example.com/",
        "https://google.com/",
        "https://iam.googleapis.com:8443/",
    ] {
        let request = client.request("GET", url, &serde_json::Value::Null);
        assert!(client.try_send(request).is_none(), "{url}");
    }
}
