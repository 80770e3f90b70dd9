//! Service accounts and their keys.

use gcr_test_support::fake_google::{PROJECT, Propagation};
use serde_json::{Value, json};

use crate::client::{IAM, ready};

fn accounts() -> String {
    format!("{IAM}/{PROJECT}/serviceAccounts")
}

#[test]
fn account_that_exists_is_not_created_again() {
    let (_google, client) = ready();
    let email = client.create_account("puller");
    assert_eq!(email, "puller@demo-project.iam.gserviceaccount.com");
    let again = client.post(&accounts(), &json!({"accountId": "puller"}));
    let (code, status, message) = again.api_error();
    assert_eq!((code, status.as_str()), (409, "ALREADY_EXISTS"));
    assert_eq!(
        message,
        "Service account puller already exists within project projects/demo-project."
    );
    let listed = client.get(&accounts()).ok();
    assert_eq!(listed["accounts"].as_array().unwrap().len(), 1);
    assert_eq!(listed["accounts"][0].get("disabled"), None);
}

#[test]
fn account_with_invalid_id_is_refused() {
    let (_google, client) = ready();
    for id in [
        "short",
        "Upper-case",
        "-starts-wrong",
        "ends-wrong-",
        &"x".repeat(31),
    ] {
        let reply = client.post(&accounts(), &json!({"accountId": id}));
        assert_eq!(reply.api_error().1, "INVALID_ARGUMENT", "{id}");
    }
}

#[test]
fn account_not_yet_visible_is_not_found() {
    let (google, client) = ready();
    google.set_propagation(Propagation {
        accounts: 2,
        ..Propagation::default()
    });
    let email = client.create_account("puller");
    let url = format!("{}/{email}", accounts());
    let statuses = [(); 3].map(|()| client.get(&url).status);
    assert_eq!(statuses, [404, 404, 200]);
}

#[test]
fn missing_account_is_404_or_403_without_project() {
    let (_google, client) = ready();
    let email = "nobody@demo-project.iam.gserviceaccount.com";
    assert_eq!(client.get(&format!("{}/{email}", accounts())).status, 404);
    assert_eq!(
        client
            .get(&format!("{IAM}/-/serviceAccounts/{email}"))
            .status,
        403
    );
}

#[test]
fn eleventh_key_is_refused_without_details() {
    let (google, client) = ready();
    let email = client.create_account("puller");
    let keys = format!("{}/{email}/keys", accounts());
    for _ in 0..10 {
        client.create_key(&email);
    }
    let refused = client.post(&keys, &json!({}));
    assert_eq!(
        refused.api_error(),
        (
            400,
            "FAILED_PRECONDITION".into(),
            "Precondition check failed.".into()
        )
    );
    assert_eq!(refused.json()["error"].get("details"), None);
    assert_eq!(google.keys_of(&email).len(), 10);
    // The key that Google manages is not counted.
    let all = client.get(&keys).ok();
    assert_eq!(all["keys"].as_array().unwrap().len(), 11);
    let managed = client.get(&format!("{keys}?keyTypes=USER_MANAGED")).ok();
    assert_eq!(managed["keys"].as_array().unwrap().len(), 10);
    assert_eq!(managed["keys"][0].get("privateKeyData"), None);
}

#[test]
fn key_is_disabled_enabled_and_deleted() {
    let (google, client) = ready();
    let email = client.create_account("puller");
    let file: Value = serde_json::from_str(&client.create_key(&email)).unwrap();
    let id = file["private_key_id"].as_str().unwrap();
    assert_eq!(
        (file["type"].as_str(), id.len()),
        (Some("service_account"), 40)
    );
    let key = format!("{}/{email}/keys/{id}", accounts());
    client.post(&format!("{key}:disable"), &json!({})).ok();
    assert_eq!(client.get(&key).ok()["disabled"], true);
    assert_eq!(google.keys_of(&email), [(id.to_owned(), true)]);
    client.post(&format!("{key}:enable"), &json!({})).ok();
    assert_eq!(client.get(&key).ok().get("disabled"), None);
    assert_eq!(client.delete(&key).ok(), json!({}));
    assert_eq!(client.delete(&key).status, 404);
    assert_eq!(google.keys_of(&email), []);
}

#[test]
fn key_against_organization_policy_names_constraint() {
    let (google, client) = ready();
    google.enforce("iam.disableServiceAccountKeyCreation");
    let email = client.create_account("puller");
    let refused = client.post(&format!("{}/{email}/keys", accounts()), &json!({}));
    let violation = &refused.json()["error"]["details"][0]["violations"][0];
    assert_eq!(
        refused.api_error().2,
        "Key creation is not allowed on this service account."
    );
    assert_eq!(
        violation["type"],
        "constraints/iam.disableServiceAccountKeyCreation"
    );
}

#[test]
fn permission_taken_from_operator_is_denied_and_not_listed() {
    let (google, client) = ready();
    google.deny("iam.serviceAccounts.create", "");
    let refused = client.post(&accounts(), &json!({"accountId": "puller"}));
    assert_eq!(refused.status, 403);
    let info = &refused.json()["error"]["details"][0];
    assert_eq!(
        (&info["reason"], &info["metadata"]["permission"]),
        (
            &json!("IAM_PERMISSION_DENIED"),
            &json!("iam.serviceAccounts.create")
        )
    );
    let asked = json!({"permissions": ["iam.serviceAccounts.create", "iam.serviceAccounts.get"]});
    let url = format!(
        "https://cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}:testIamPermissions"
    );
    assert_eq!(
        client.post(&url, &asked).ok(),
        json!({"permissions": ["iam.serviceAccounts.get"]})
    );
}
