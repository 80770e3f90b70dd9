//! A real client pulls from a real registry behind the fake.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::Registry;
use serde_json::json;

use crate::client::ready;

fn docker_config(host: &str, user: &str, password: &str) -> String {
    let auth = STANDARD.encode(format!("{user}:{password}"));
    json!({"auths": {host: {"auth": auth}}}).to_string()
}

#[test]
fn image_is_pulled_by_key_from_granted_repository_only() {
    let (google, client) = ready();
    google.add_repository("us", "gcr.io");
    google.add_repository("us", "other");
    let registry = Registry::new(&google);
    let operator = |host: &str| docker_config(host, "oauth2accesstoken", google.operator_token());
    let pushed = registry
        .push("gcr.io/demo-project/app:1", &operator("gcr.io"))
        .unwrap();
    registry
        .push(
            "us-docker.pkg.dev/demo-project/other/app:1",
            &operator("us-docker.pkg.dev"),
        )
        .unwrap();

    let email = client.create_account("puller");
    let file = client.create_key(&email);
    let secret = docker_config("gcr.io", "_json_key", &file);
    let refused = registry
        .pull("gcr.io/demo-project/app:1", &secret)
        .unwrap_err();
    assert!(
        refused.contains("downloadArtifacts") && refused.contains("DENIED"),
        "{refused}"
    );
    let url = "https://artifactregistry.googleapis.com/v1/projects/demo-project/locations/us/repositories/gcr.io:setIamPolicy";
    let binding = json!({"role": "roles/artifactregistry.reader", "members": [format!("serviceAccount:{email}")]});
    client
        .post(url, &json!({"policy": {"bindings": [binding]}}))
        .ok();
    assert_eq!(
        registry.pull("gcr.io/demo-project/app:1", &secret).as_ref(),
        Ok(&pushed)
    );
    let missing = registry
        .pull("gcr.io/demo-project/app:2", &secret)
        .unwrap_err();
    assert!(missing.contains("MANIFEST_UNKNOWN"), "{missing}");
    let push = registry
        .push("gcr.io/demo-project/app:3", &secret)
        .unwrap_err();
    assert!(push.contains("uploadArtifacts"), "{push}");

    // The same repository under its other name, and a repository without a grant.
    let secret = docker_config(
        "us-docker.pkg.dev",
        "_json_key_base64",
        &STANDARD.encode(&file),
    );
    let same = "us-docker.pkg.dev/demo-project/gcr.io/app:1";
    assert_eq!(registry.pull(same, &secret), Ok(pushed));
    let other = registry
        .pull("us-docker.pkg.dev/demo-project/other/app:1", &secret)
        .unwrap_err();
    assert!(other.contains("DENIED"), "{other}");

    let id = google.keys_of(&email)[0].0.clone();
    client.post(&format!("https://iam.googleapis.com/v1/projects/demo-project/serviceAccounts/{email}/keys/{id}:disable"), &json!({})).ok();
    let disabled = registry.pull(same, &secret).unwrap_err();
    assert!(disabled.contains("authentication failed"), "{disabled}");
}
