//! Tests the APIs against the fake of Google: services, accounts, repositories, policies.

use std::time::Duration;

use gcr_google::api_error::Reason;
use gcr_google::artifact_registry::{RepositoryRole, RoleGrant};
use gcr_google::iam::AccountCreation;
use gcr_google::iam_credentials::{CLOUD_PLATFORM, DEFAULT_LIFETIME, TokenRequest};
use gcr_test_support::fake_google::{CannedError, Fault, OPERATOR, Propagation, Rule};
use serde_json::json;

use crate::operator::Operator;

const MINUTE: Duration = Duration::from_secs(60);
const SERVICE: &str = "artifactregistry.googleapis.com";

#[tokio::test]
async fn service_is_enabled_when_its_operation_ends() {
    let operator = Operator::new().await;
    let (api, project) = (&operator.api, &operator.project);
    operator.google.set_operation_polls(Some(2));
    operator.google.inject(
        Rule::on("services.enable").nth(1),
        Fault::Respond(CannedError::activation_in_progress()),
    );
    assert!(!api.is_enabled(project, SERVICE).await.unwrap());
    api.enable(project, SERVICE, MINUTE).await.unwrap();
    assert!(api.is_enabled(project, SERVICE).await.unwrap());
    assert!(operator.google.count("operations.get") >= 2);
}

#[tokio::test]
async fn operation_that_never_ends_reaches_the_deadline() {
    let operator = Operator::new().await;
    operator.google.set_operation_polls(None);
    let error = operator
        .api
        .enable(&operator.project, SERVICE, Duration::from_secs(1))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("enable service {SERVICE}: not finished after 1 seconds")
    );
}

#[tokio::test]
async fn service_without_billing_is_refused_with_a_hint() {
    let operator = Operator::new().await;
    operator.google.set_billing(false);
    let error = operator
        .api
        .enable(&operator.project, SERVICE, MINUTE)
        .await
        .unwrap_err();
    assert_eq!(error.reason(), Some(&Reason::BillingDisabled), "{error}");
    assert!(
        error
            .to_string()
            .contains("FAILED_PRECONDITION: Billing account"),
        "{error}"
    );
}

#[tokio::test]
async fn disabled_api_is_named() {
    let operator = Operator::new().await;
    let error = operator
        .api
        .repository(&operator.repository)
        .await
        .unwrap_err();
    assert_eq!(
        error.hint().as_deref(),
        Some("enable the API: gcloud services enable artifactregistry.googleapis.com"),
        "{error}"
    );
}

#[tokio::test]
async fn account_is_created_once_and_waited_for() {
    let operator = Operator::new().await;
    operator.google.enable_services(["iam"]);
    operator.google.set_propagation(Propagation {
        accounts: 2,
        ..Propagation::default()
    });
    let (api, project, email) = (&operator.api, &operator.project, &operator.email);
    assert_eq!(
        api.service_account(project, email, false).await.unwrap(),
        None
    );
    let created = api
        .create_service_account(project, email, "Pulls images", "x")
        .await
        .unwrap();
    let AccountCreation::Created(account) = created else {
        panic!("{created:?}")
    };
    assert_eq!(
        (account.email.as_str(), account.disabled),
        (email.as_str(), false)
    );
    assert!(
        api.service_account(project, email, true)
            .await
            .unwrap()
            .is_some()
    );
    let again = api
        .create_service_account(project, email, "Pulls images", "x")
        .await
        .unwrap();
    assert!(
        matches!(again, AccountCreation::Existing(same) if same.unique_id == account.unique_id)
    );
    operator.google.set_account_disabled(email.as_str(), true);
    let account = api.service_account(project, email, false).await.unwrap();
    assert!(account.unwrap().disabled);
}

#[tokio::test]
async fn repository_is_created_once() {
    let operator = Operator::new().await;
    operator.google.enable_services(["artifactregistry"]);
    operator.google.set_operation_polls(Some(1));
    let (api, name) = (&operator.api, &operator.repository);
    assert_eq!(api.repository(name).await.unwrap(), None);
    for is_new in [true, false] {
        let created = api.create_repository(name, "Images", MINUTE).await;
        assert_eq!(created.unwrap().1, is_new);
    }
    let found = api.repository(name).await.unwrap().unwrap();
    assert_eq!(
        (found.format.as_str(), found.name),
        ("DOCKER", name.resource())
    );
    assert!(
        api.locations(&operator.project)
            .await
            .unwrap()
            .contains(&"europe-west1".to_owned())
    );
}

#[tokio::test]
async fn creation_with_lost_response_is_one_of_this_client() {
    let operator = Operator::new().await;
    operator.google.enable_services(["artifactregistry", "iam"]);
    let (api, name) = (&operator.api, &operator.repository);
    for method in ["repositories.create", "serviceAccounts.create"] {
        let rule = Rule::on(method).nth(1);
        operator.google.inject(rule, Fault::ReplyLost);
    }
    let created = api.create_repository(name, "Images", MINUTE).await;
    let (found, is_new) = created.unwrap();
    assert_eq!((found.format.as_str(), is_new), ("DOCKER", true));
    let (project, email) = (&operator.project, &operator.email);
    let created = api.create_service_account(project, email, "", "").await;
    assert!(
        matches!(created, Ok(AccountCreation::Created(_))),
        "{created:?}"
    );
}

#[tokio::test]
async fn role_is_granted_beside_a_concurrent_change() {
    let operator = Operator::prepared().await;
    let condition =
        json!({"title": "t", "expression": "request.time < timestamp('2030-01-01T00:00:00Z')"});
    let foreign = json!({"role": "roles/artifactregistry.reader", "members": ["user:a@example.com"], "condition": condition});
    operator.google.set_repository_policy(
        "europe-west1",
        "images",
        json!({"version": 3, "bindings": [foreign]}),
    );
    let race = operator.google.inject(
        Rule::on("repositories.setIamPolicy").nth(1),
        Fault::PolicyChanged,
    );
    let grant = || {
        operator.api.grant_repository_role(
            &operator.repository,
            RepositoryRole::Reader,
            &operator.email,
            false,
            MINUTE,
        )
    };
    assert_eq!(grant().await.unwrap(), RoleGrant::Granted);
    assert_eq!(operator.google.hits(race), 1);
    let policy = operator.google.repository_policy("europe-west1", "images");
    let bindings = policy["bindings"].as_array().unwrap();
    assert!(bindings.contains(&foreign), "{policy}");
    // The other client's binding has the same role and no condition, so that the member joins it.
    let members = bindings[1]["members"].as_array().unwrap();
    assert!(
        members[0].as_str().unwrap().starts_with("user:concurrent-"),
        "{policy}"
    );
    assert_eq!(members[1], operator.email.member(), "{policy}");
    assert_eq!((bindings.len(), members.len()), (2, 2), "{policy}");
    let unchanged = RoleGrant::Unchanged("roles/artifactregistry.reader".to_owned());
    let writes = operator.google.count("repositories.setIamPolicy");
    assert_eq!(grant().await.unwrap(), unchanged);
    assert_eq!(operator.google.count("repositories.setIamPolicy"), writes);
    assert_eq!(
        operator.google.repository_policy("europe-west1", "images"),
        policy
    );
}

#[tokio::test]
async fn grant_with_lost_response_is_confirmed() {
    let operator = Operator::prepared().await;
    operator.google.inject(
        Rule::on("repositories.setIamPolicy").nth(1),
        Fault::ReplyLost,
    );
    let grant = operator.api.grant_repository_role(
        &operator.repository,
        RepositoryRole::Reader,
        &operator.email,
        false,
        MINUTE,
    );
    assert_eq!(grant.await.unwrap(), RoleGrant::Granted);
}

#[tokio::test]
async fn permissions_of_the_caller_are_tested() {
    let operator = Operator::prepared().await;
    operator
        .google
        .deny("artifactregistry.repositories.setIamPolicy", "");
    let wanted = [
        "artifactregistry.repositories.get",
        "artifactregistry.repositories.setIamPolicy",
    ];
    let held = operator
        .api
        .test_repository_permissions(&operator.repository, &wanted)
        .await
        .unwrap();
    assert_eq!(held, ["artifactregistry.repositories.get"]);
    let held = operator
        .api
        .test_project_permissions(&operator.project, &["serviceusage.services.enable"])
        .await
        .unwrap();
    assert_eq!(held, ["serviceusage.services.enable"]);
    let error = operator
        .api
        .grant_repository_role(
            &operator.repository,
            RepositoryRole::Reader,
            &operator.email,
            false,
            MINUTE,
        )
        .await
        .unwrap_err();
    assert_eq!(
        error.hint().as_deref().map(|hint| hint
            .contains("grant the caller a role with artifactregistry.repositories.setIamPolicy")),
        Some(true),
        "{error}"
    );
}

#[tokio::test]
async fn access_token_of_account_needs_a_role_on_it() {
    let operator = Operator::prepared().await;
    let wanted = TokenRequest {
        delegates: &[],
        scopes: &[CLOUD_PLATFORM],
        lifetime: DEFAULT_LIFETIME,
    };
    operator.google.grant_on_account(
        operator.email.as_str(),
        "roles/iam.serviceAccountTokenCreator",
        OPERATOR,
    );
    let token = operator
        .api
        .access_token_of(&operator.email, wanted, false)
        .await
        .unwrap();
    assert!(token.expires_at.is_some());
    let too_long = TokenRequest {
        lifetime: DEFAULT_LIFETIME * 5,
        ..wanted
    };
    let error = operator
        .api
        .access_token_of(&operator.email, too_long, false)
        .await
        .unwrap_err();
    assert!(
        error.to_string().starts_with(&format!(
            "get an access token of {}: INVALID_ARGUMENT",
            operator.email
        )),
        "{error}"
    );
}

#[tokio::test]
async fn refused_token_is_read_again_once() {
    let operator = Operator::prepared().await;
    let refused =
        CannedError::api_with_reason(401, "UNAUTHENTICATED", "expired", "ACCESS_TOKEN_EXPIRED");
    let rule = operator.google.inject(
        Rule::on("repositories.get").first(1),
        Fault::Respond(refused.clone()),
    );
    assert!(
        operator
            .api
            .repository(&operator.repository)
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(operator.google.hits(rule), 1);
    operator.google.clear_faults();
    let rule = operator
        .google
        .inject(Rule::on("repositories.get"), Fault::Respond(refused));
    let error = operator
        .api
        .repository(&operator.repository)
        .await
        .unwrap_err();
    assert_eq!(error.reason(), Some(&Reason::AccessTokenExpired));
    assert_eq!(operator.google.hits(rule), 2);
}

#[tokio::test]
async fn responses_of_other_programs_and_echoes_show_no_secret() {
    let operator = Operator::prepared().await;
    let portal = operator.google.inject(
        Rule::on("repositories.get").nth(1),
        Fault::Respond(CannedError::captive_portal()),
    );
    let error = operator
        .api
        .repository(&operator.repository)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("invalid response from artifactregistry.googleapis.com: it is not JSON"),
        "{error}"
    );
    assert_eq!(operator.google.hits(portal), 1);
    operator.google.clear_faults();
    operator
        .google
        .inject(Rule::on("repositories.get"), Fault::Echo);
    let error = operator
        .api
        .repository(&operator.repository)
        .await
        .unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("***"), "{shown}");
    assert!(!shown.contains(operator.google.operator_token()), "{shown}");
}
