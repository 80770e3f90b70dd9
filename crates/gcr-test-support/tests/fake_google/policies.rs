//! Repositories and read-modify-write of their policies.

use gcr_test_support::FakeGoogle;
use gcr_test_support::fake_google::{Fault, PROJECT, Rule};
use serde_json::{Value, json};

use crate::client::{Client, REGISTRY_API, ready};

const READER: &str = "roles/artifactregistry.reader";

fn repository() -> String {
    format!("{REGISTRY_API}/{PROJECT}/locations/us/repositories/images")
}

fn get_policy(client: &Client) -> Value {
    client
        .get(&format!(
            "{}:getIamPolicy?options.requestedPolicyVersion=3",
            repository()
        ))
        .ok()
}

fn set_policy(client: &Client, policy: &Value) -> crate::client::Reply {
    client.post(
        &format!("{}:setIamPolicy", repository()),
        &json!({"policy": policy}),
    )
}

fn ready_repository() -> (FakeGoogle, Client) {
    let (google, client) = ready();
    google.add_repository("us", "images");
    (google, client)
}

#[test]
fn repository_is_created_by_an_operation() {
    let (google, client) = ready();
    google.set_operation_polls(Some(1));
    let parent = format!("{REGISTRY_API}/{PROJECT}/locations/us/repositories");
    let started = client
        .post(
            &format!("{parent}?repositoryId=images"),
            &json!({"format": "DOCKER"}),
        )
        .ok();
    let poll = format!(
        "https://artifactregistry.googleapis.com/v1/{}",
        started["name"].as_str().unwrap()
    );
    assert_eq!(client.get(&poll).ok().get("done"), None);
    assert_eq!(client.get(&poll).ok()["response"]["format"], "DOCKER");
    assert_eq!(
        client.get(&repository()).ok()["registryUri"],
        "us-docker.pkg.dev/demo-project/images"
    );
    assert_eq!(
        client.post(&parent, &json!({"format": "DOCKER"})).status,
        400
    );
    let elsewhere = parent.replace("/us/", "/europe/");
    assert_eq!(
        client
            .post(
                &format!("{elsewhere}?repositoryId=gcr.io"),
                &json!({"format": "DOCKER"})
            )
            .status,
        400
    );
    assert_eq!(
        client
            .post(
                &format!("{parent}?repositoryId=gcr.io"),
                &json!({"format": "DOCKER"})
            )
            .status,
        200
    );
}

#[test]
fn policy_with_old_etag_is_aborted() {
    let (google, client) = ready_repository();
    let mut first = get_policy(&client);
    first["bindings"] = json!([{"role": READER, "members": ["user:a@example.com"]}]);
    let stale = first.clone();
    let written = set_policy(&client, &first).ok();
    assert_ne!(written["etag"], stale["etag"]);
    let (code, status, message) = set_policy(&client, &stale).api_error();
    assert_eq!((code, status.as_str()), (409, "ABORTED"));
    assert!(message.contains("exponential backoff"), "{message}");
    assert_eq!(
        google.repository_policy("us", "images"),
        json!({"bindings": first["bindings"]})
    );
}

#[test]
fn etag_in_url_alphabet_is_accepted() {
    let (_google, client) = ready_repository();
    let mut policy = get_policy(&client);
    policy["bindings"] = json!([{"role": READER, "members": ["user:a@example.com"]}]);
    let mut policy = set_policy(&client, &policy).ok();
    let etag = policy["etag"]
        .as_str()
        .unwrap()
        .replace('+', "-")
        .replace('/', "_");
    policy["etag"] = etag.into();
    set_policy(&client, &policy).ok();
}

#[test]
fn write_of_older_version_that_loses_conditions_is_refused() {
    let (google, client) = ready_repository();
    let conditional = json!({"role": READER, "members": ["user:a@example.com"],
        "condition": {"title": "t", "expression": "request.time < timestamp('2030-01-01T00:00:00Z')"}});
    google.set_repository_policy(
        "us",
        "images",
        json!({"version": 3, "bindings": [conditional]}),
    );
    let old = client.get(&format!("{}:getIamPolicy", repository())).ok();
    assert_eq!(
        (&old["version"], &old["bindings"][0]["condition"]),
        (&json!(1), &Value::Null)
    );
    assert_eq!(set_policy(&client, &old).status, 400);
    let new = get_policy(&client);
    assert_eq!(new["bindings"][0], conditional);
    set_policy(&client, &new).ok();
    assert_eq!(
        google.repository_policy("us", "images")["bindings"],
        json!([conditional])
    );
}

#[test]
fn unknown_account_in_policy_is_refused() {
    let (_google, client) = ready_repository();
    let member = "serviceAccount:nobody@demo-project.iam.gserviceaccount.com";
    let policy = json!({"bindings": [{"role": READER, "members": [member]}]});
    let (code, _, message) = set_policy(&client, &policy).api_error();
    assert_eq!(code, 400);
    assert_eq!(
        message,
        "Service account nobody@demo-project.iam.gserviceaccount.com does not exist."
    );
}

#[test]
fn member_of_deleted_account_is_renamed() {
    let (google, client) = ready_repository();
    let email = client.create_account("puller");
    let policy =
        json!({"bindings": [{"role": READER, "members": [format!("serviceAccount:{email}")]}]});
    set_policy(&client, &policy).ok();
    client
        .delete(&format!(
            "https://iam.googleapis.com/v1/projects/{PROJECT}/serviceAccounts/{email}"
        ))
        .ok();
    let policy = google.repository_policy("us", "images");
    let member = policy["bindings"][0]["members"][0].as_str().unwrap();
    assert!(
        member.starts_with(&format!("deleted:serviceAccount:{email}?uid=")),
        "{member}"
    );
}

#[test]
fn concurrent_change_aborts_the_write_and_is_kept() {
    let (google, client) = ready_repository();
    google.inject(
        Rule::on("repositories.setIamPolicy").nth(1),
        Fault::PolicyChanged,
    );
    let mut policy = get_policy(&client);
    policy["bindings"] = json!([{"role": READER, "members": ["user:a@example.com"]}]);
    assert_eq!(set_policy(&client, &policy).status, 409);
    let mut policy = get_policy(&client);
    let members = policy["bindings"][0]["members"].as_array_mut().unwrap();
    assert_eq!(members.len(), 1);
    members.push("user:a@example.com".into());
    set_policy(&client, &policy).ok();
    assert_eq!(
        google.repository_policy("us", "images")["bindings"][0]["members"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}
