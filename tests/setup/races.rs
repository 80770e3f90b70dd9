//! Another client changes the same policy: nothing of it is lost.

use gcr_test_support::fake_google::{CannedError, Fault, Rule};
use serde_json::{Value, json};

use crate::fixture::{BINDING, Fixture};

#[test]
fn policies_of_other_clients_stay_as_they_are() {
    let fixture = Fixture::prepared("setup-policy");
    let foreign = json!({
        "role": "roles/artifactregistry.reader",
        "members": ["user:a@example.com"],
        "condition": {"title": "t", "expression": "request.time < timestamp('2030-01-01T00:00:00Z')"},
    });
    let audit = json!([{"service": "allServices", "auditLogConfigs": [{"logType": "DATA_READ"}]}]);
    let policy = json!({"version": 3, "bindings": [foreign], "auditConfigs": audit});
    fixture
        .google
        .set_repository_policy("europe-west1", "images", policy);
    // Another client is faster three times.
    let race = fixture.google.inject(
        Rule::on("repositories.setIamPolicy").first(3),
        Fault::PolicyChanged,
    );
    fixture.setup([""; 0]).run().success();
    assert_eq!(fixture.google.hits(race), 3);
    let policy = fixture.google.repository_policy("europe-west1", "images");
    let bindings = policy["bindings"].as_array().unwrap();
    assert!(bindings.contains(&foreign), "{policy}");
    assert_eq!(policy["auditConfigs"], audit);
    let members: Vec<&Value> = bindings
        .iter()
        .flat_map(|it| it["members"].as_array().unwrap())
        .collect();
    let concurrent = members
        .iter()
        .filter(|it| it.as_str().is_some_and(|it| it.contains("concurrent-")));
    assert_eq!(concurrent.count(), 3, "{policy}");
    fixture.assert_complete();
}

#[test]
fn role_that_another_client_grants_meanwhile_is_unchanged() {
    let fixture = Fixture::prepared("setup-granted-meanwhile");
    // Google refuses the write, because the binding is there already.
    let aborted = CannedError::api(409, "ABORTED", "There were concurrent policy changes.");
    let rule = Rule::on("repositories.setIamPolicy").nth(1);
    let fault = Fault::RespondAfterCommit(aborted);
    fixture.google.inject(rule, fault);
    let output = fixture.setup([""; 0]).run().success();
    let line = format!("iambinding/{BINDING} unchanged\n");
    assert!(output.stdout.contains(&line), "{output}");
    fixture.assert_complete();
}

#[test]
fn two_runs_at_once_share_the_account_and_lose_no_binding() {
    let fixture = Fixture::prepared("setup-twice");
    fixture.google.add_repository("us", "images");
    let other = fixture.cluster.create_namespace("setup-twice");
    for round in 0..3 {
        let account = format!("gcr-pull-{round}");
        let first = fixture.setup(["--iam-account", &account]).spawn();
        let args = [
            "--registry",
            "europe-west1-docker.pkg.dev/demo-project/images",
            "-n",
            &other,
            "--role",
            "writer",
            "--iam-account",
            &account,
        ];
        let second = fixture.command(args).spawn();
        second.wait().success();
        first.wait().success();
        let policy = fixture
            .google
            .repository_policy("europe-west1", "images")
            .to_string();
        let member = format!("serviceAccount:{account}@demo-project.iam.gserviceaccount.com");
        assert!(policy.contains(&member), "{policy}");
    }
    let policy = fixture.google.repository_policy("europe-west1", "images");
    for round in 0..3 {
        let member =
            format!("serviceAccount:gcr-pull-{round}@demo-project.iam.gserviceaccount.com");
        assert!(policy.to_string().contains(&member), "{policy}");
    }
}
