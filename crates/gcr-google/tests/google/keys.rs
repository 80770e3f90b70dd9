//! Tests the creation of keys: at most once, and never an orphan without a name.

use gcr_google::api_error::Reason;
use gcr_google::iam_keys::{AccountRef, KeyCreationError};
use gcr_google::names::{ProjectId, ServiceAccountEmail};
use gcr_test_support::fake_google::{CannedError, Fault, Rule};
use serde_json::json;

use crate::operator::Operator;
use crate::stub::{Reply, Stub};

/// Returns the project and the address of the account whose keys the stub has.
fn account_of_stub() -> (ProjectId, ServiceAccountEmail) {
    let email = "gcr-pull@p.iam.gserviceaccount.com";
    ("p".parse().unwrap(), email.parse().unwrap())
}

async fn key_ids(operator: &Operator) -> Vec<String> {
    let keys = operator.api.keys(operator.account(), false).await.unwrap();
    keys.iter().map(|key| key.id().to_owned()).collect()
}

#[tokio::test]
async fn created_key_is_the_only_one() {
    let operator = Operator::prepared().await;
    let created = operator
        .api
        .create_key(operator.account(), None)
        .await
        .unwrap();
    assert_eq!(created.file.client_email(), operator.email.as_str());
    assert_eq!(key_ids(&operator).await, [created.id.as_str()]);
    assert_eq!(operator.google.count("keys.create"), 1);
    let (api, account, id) = (&operator.api, operator.account(), &created.id);
    api.disable_key(account, id).await.unwrap();
    let key = api.key(account, id).await.unwrap().unwrap();
    assert!(key.disabled);
    assert!(api.delete_key(account, id).await.unwrap());
    assert!(!api.delete_key(account, id).await.unwrap());
    assert_eq!(api.key(account, id).await.unwrap(), None);
}

#[tokio::test]
async fn lost_key_is_deleted_and_another_created() {
    for fault in [
        Fault::ReplyLost,
        Fault::Truncated,
        Fault::RespondAfterCommit(CannedError::unavailable()),
    ] {
        let operator = Operator::prepared().await;
        operator
            .google
            .inject(Rule::on("keys.create").nth(1), fault.clone());
        let created = operator.api.create_key(operator.account(), None).await;
        let created = created.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(key_ids(&operator).await, [created.id.as_str()], "{fault:?}");
        assert_eq!(operator.google.count("keys.create"), 2, "{fault:?}");
        assert_eq!(operator.google.count("keys.delete"), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn key_lost_twice_is_an_error_and_leaves_none() {
    let operator = Operator::prepared().await;
    operator
        .google
        .inject(Rule::on("keys.create"), Fault::ReplyLost);
    let error = operator
        .api
        .create_key(operator.account(), None)
        .await
        .unwrap_err();
    assert!(matches!(error, KeyCreationError::Google(_)), "{error}");
    assert_eq!(key_ids(&operator).await, [""; 0]);
    assert_eq!(operator.google.count("keys.create"), 2);
}

#[tokio::test]
async fn lost_key_that_cannot_be_deleted_is_named_with_the_command() {
    let operator = Operator::prepared().await;
    operator
        .google
        .inject(Rule::on("keys.create").nth(1), Fault::ReplyLost);
    operator.google.deny("iam.serviceAccountKeys.delete", "");
    let error = operator
        .api
        .create_key(operator.account(), None)
        .await
        .unwrap_err();
    let ids = key_ids(&operator).await;
    assert_eq!(ids.len(), 1);
    assert!(
        error
            .to_string()
            .contains(&format!("key {} (created ", ids[0])),
        "{error}"
    );
    assert_eq!(
        error.hint(operator.account()).unwrap(),
        format!(
            "delete the lost key: gcloud iam service-accounts keys delete {} --iam-account={} --project=demo-project",
            ids[0], operator.email
        )
    );
}

/// Google lists the key of another client first, and ours later.
#[tokio::test]
async fn key_of_another_client_that_is_listed_first_is_not_deleted() {
    let listed = std::sync::atomic::AtomicUsize::new(0);
    let stub = Stub::start(move |request| {
        if request.target.ends_with("/keys") {
            return Reply::json(
                503,
                json!({"error": {"code": 503, "status": "UNAVAILABLE", "message": "no"}}),
            );
        }
        let keys = |ids: &[&str]| {
            let keys: Vec<_> = ids
                .iter()
                .map(|id| json!({"name": format!("a/keys/{id}")}))
                .collect();
            Reply::json(200, json!({"keys": keys}))
        };
        match listed.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => keys(&[]),
            1 => keys(&["foreign"]),
            _ => keys(&["foreign", "ours"]),
        }
    })
    .await;
    let (project, email) = account_of_stub();
    let account = AccountRef {
        project: &project,
        email: &email,
    };
    let error = stub
        .api_client()
        .create_key(account, None)
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("key foreign") && text.contains("key ours"),
        "{text}"
    );
    let received = stub.received();
    assert!(
        !received.iter().any(|it| it.target.contains("/keys/")),
        "{received:?}"
    );
}

#[tokio::test]
async fn tenth_key_and_forbidden_keys_are_told_apart() {
    let operator = Operator::prepared().await;
    for _ in 0..10 {
        operator
            .api
            .create_key(operator.account(), None)
            .await
            .unwrap();
    }
    let error = operator
        .api
        .create_key(operator.account(), None)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "create a key of {}: the account has 10 of 10 keys",
            operator.email
        )
    );
    assert_eq!(operator.google.count("keys.create"), 11);
    let operator = Operator::prepared().await;
    operator
        .google
        .enforce("iam.disableServiceAccountKeyCreation");
    let error = operator
        .api
        .create_key(operator.account(), None)
        .await
        .unwrap_err();
    let KeyCreationError::Google(google) = &error else {
        panic!("{error}")
    };
    assert!(
        matches!(google.reason(), Some(Reason::OrganizationPolicy { .. })),
        "{error}"
    );
    assert!(
        error
            .hint(operator.account())
            .unwrap()
            .contains("--credential token"),
        "{error}"
    );
}

#[tokio::test]
async fn several_new_keys_are_named_and_none_is_deleted() {
    let listed = std::sync::atomic::AtomicUsize::new(0);
    let stub = Stub::start(move |request| {
        if request.target.ends_with("/keys") {
            return Reply::json(200, "{\"name\":");
        }
        match listed.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => Reply::json(200, json!({"keys": [{"name": "a/keys/old"}]})),
            _ => Reply::json(
                200,
                json!({"keys": [{"name": "a/keys/old"}, {"name": "a/keys/one", "validAfterTime": "2026-01-01T00:00:00Z"},
                    {"name": "a/keys/two", "validAfterTime": "2026-01-01T00:00:01Z"}]}),
            ),
        }
    })
    .await;
    let api = stub.api_client();
    let (project, email) = account_of_stub();
    let account = AccountRef {
        project: &project,
        email: &email,
    };
    let error = api.create_key(account, None).await.unwrap_err();
    let text = error.to_string();
    assert!(text.ends_with("new keys: key one (created 2026-01-01T00:00:00Z), key two (created 2026-01-01T00:00:01Z)"), "{text}");
    let hint = error.hint(account).unwrap();
    assert!(
        hint.contains("keys delete one ") && hint.contains("keys delete two "),
        "{hint}"
    );
    assert!(
        stub.received()
            .iter()
            .all(|request| !request.target.contains("keys/o")),
        "a key was deleted"
    );
}
