//! The flags that say who calls Google.

use gcr_test_support::fake_google::{OPERATOR, PROJECT};
use serde_json::Value;

use crate::fixture::{Fixture, REGISTRY};

#[test]
fn credentials_project_and_billing_follow_the_flags() {
    let fixture = Fixture::prepared("setup-operator");
    let token = fixture.google.operator_token_file();
    let command = |args: &[&str]| {
        fixture
            .session
            .gcr_secret(["setup", "--registry", REGISTRY, "-n", &fixture.namespace])
            .args(args)
            .envs(fixture.google.environment())
    };
    let output = command(&[]).run().failure();
    assert!(
        output.stderr.starts_with("error: no Google credentials"),
        "{output}"
    );
    let file = token.to_str().unwrap();
    let args = [
        "--access-token-file",
        file,
        "--billing-project",
        PROJECT,
        "-v=1",
    ];
    let output = command(&args).run().success();
    assert!(output.stderr.contains("access token file"), "{output}");
    let requests = fixture.google.requests();
    assert!(
        requests
            .iter()
            .any(|it| it.quota_project.as_deref() == Some(PROJECT)),
        "{requests:?}"
    );
    let output = fixture
        .session
        .gcr_secret([
            "setup",
            "-n",
            &fixture.namespace,
            "--access-token-file",
            file,
        ])
        .envs(fixture.google.environment())
        .run()
        .failure();
    for way in [
        "--project",
        "--registry",
        "CLOUDSDK_CORE_PROJECT",
        "gcloud config set project",
    ] {
        assert!(output.stderr.contains(way), "{output}");
    }
}

#[test]
fn impersonation_calls_google_as_the_account() {
    let fixture = Fixture::prepared("setup-impersonation");
    fixture.setup([""; 0]).run().success();
    let admin = "setup-admin@demo-project.iam.gserviceaccount.com";
    fixture
        .setup(["admin-secret", "--iam-account", "setup-admin"])
        .run()
        .success();
    let flag = ["--impersonate-service-account", admin];
    let output = fixture.setup(flag).run().failure();
    assert!(output.stderr.contains("PERMISSION_DENIED"), "{output}");
    fixture
        .google
        .grant_on_account(admin, "roles/iam.serviceAccountTokenCreator", OPERATOR);
    fixture
        .google
        .grant_on_project(PROJECT, "roles/owner", &format!("serviceAccount:{admin}"));
    fixture.setup(flag).run().success();
}

#[test]
fn impersonated_accounts_are_a_chain_whose_last_calls_google() {
    let fixture = Fixture::prepared("setup-chain");
    let google = &fixture.google;
    let [first, last] = ["chain-first", "chain-last"].map(|name| google.add_key(name).0);
    let role = "roles/iam.serviceAccountTokenCreator";
    google.grant_on_account(&first, role, OPERATOR);
    google.grant_on_account(&last, role, &format!("serviceAccount:{first}"));
    google.grant_on_project(PROJECT, "roles/owner", &format!("serviceAccount:{last}"));
    let setup = |list: &str| fixture.setup(["--impersonate-service-account", list]).run();
    let output = setup(&format!("{last},{first}")).failure();
    assert!(output.stderr.contains("PERMISSION_DENIED"), "{output}");
    setup(&format!("{first},{last}")).success();
    fixture.assert_complete();
}

#[test]
fn user_without_quota_project_bills_the_project() {
    let fixture = Fixture::prepared("setup-user-billing");
    let file = fixture.google.user_credential_file();
    let mut file: Value = serde_json::from_str(&file).expect("the file is JSON");
    file.as_object_mut()
        .expect("an object")
        .remove("quota_project_id");
    let file = fixture.session.file("user.json", file.to_string(), 0o600);
    let output = fixture
        .session
        .gcr_secret(["setup", "--registry", REGISTRY, "-n", &fixture.namespace])
        .envs(fixture.google.environment())
        .env("GOOGLE_APPLICATION_CREDENTIALS", file)
        .run();
    output.success();
    let requests = fixture.google.requests();
    let of_iam = requests.iter().filter(|it| it.method.starts_with("iam."));
    let projects: Vec<_> = of_iam.map(|it| it.quota_project.as_deref()).collect();
    assert!(projects.len() > 2, "{requests:?}");
    assert!(
        projects.iter().all(|it| *it == Some(PROJECT)),
        "{projects:?}"
    );
}
