//! Missing permissions are found before anything is written.

use std::time::{Duration, Instant};

use gcr_test_support::fake_google::{CannedError, Fault, Rule};

use crate::fixture::{EMAIL, Fixture, project_summary};

const WRITES: [(&str, &str); 4] = [
    (
        "serviceusage.services.enable",
        "roles/serviceusage.serviceUsageAdmin",
    ),
    (
        "iam.serviceAccounts.create",
        "roles/iam.serviceAccountCreator",
    ),
    (
        "iam.serviceAccountKeys.create",
        "roles/iam.serviceAccountKeyAdmin",
    ),
    (
        "artifactregistry.repositories.setIamPolicy",
        "roles/artifactregistry.admin",
    ),
];

#[test]
fn all_missing_permissions_are_named_and_nothing_is_written() {
    let fixture = Fixture::new("setup-denied");
    fixture.google.add_repository("europe-west1", "images");
    fixture.google.enable_services(["iam", "artifactregistry"]);
    for (permission, _) in &WRITES[1..] {
        fixture.google.deny(permission, "");
    }
    let before = project_summary(&fixture.google);
    let output = fixture.setup([""; 0]).run().failure();
    for (permission, role) in &WRITES[1..] {
        assert!(
            output
                .stderr
                .contains(&format!("error: missing permission {permission} on ")),
            "{output}"
        );
        assert!(
            output
                .stderr
                .contains(&format!("hint: grant the caller the role {role} on ")),
            "{output}"
        );
    }
    assert_eq!(project_summary(&fixture.google), before);
    assert!(fixture.secret().is_none());
}

#[test]
fn one_missing_permission_stops_everything() {
    let fixture = Fixture::new("setup-denied-one");
    fixture.google.add_repository("europe-west1", "images");
    fixture.google.deny(WRITES[0].0, "");
    let before = project_summary(&fixture.google);
    let output = fixture.setup([""; 0]).run().failure();
    assert!(
        output
            .stderr
            .contains("missing permission serviceusage.services.enable on project demo-project"),
        "{output}"
    );
    assert_eq!(project_summary(&fixture.google), before);
}

#[test]
fn rights_that_no_step_needs_are_not_demanded() {
    let fixture = Fixture::prepared("setup-not-needed");
    fixture.setup([""; 0]).run().success();
    for (permission, _) in WRITES {
        fixture.google.deny(permission, "");
    }
    fixture.google.deny("serviceusage.services.get", "");
    fixture.google.deny("resourcemanager.projects.get", "");
    fixture.setup([""; 0]).run().success();
}

#[test]
fn permissions_that_cannot_be_tested_count_as_held() {
    let fixture = Fixture::prepared("setup-untested");
    for method in [
        "projects.testIamPermissions",
        "repositories.testIamPermissions",
        "serviceAccounts.testIamPermissions",
    ] {
        let refused = CannedError::api(403, "PERMISSION_DENIED", "no");
        fixture
            .google
            .inject(Rule::on(method), Fault::Respond(refused));
    }
    fixture.setup([""; 0]).run().success();
    fixture.assert_complete();
}

#[test]
fn test_of_permissions_without_response_does_not_delay_the_end() {
    let fixture = Fixture::prepared("setup-untested-hang");
    fixture.setup([""; 0]).run().success();
    let rule = Rule::on("projects.testIamPermissions");
    fixture.google.inject(rule, Fault::Hang);
    let started = Instant::now();
    let output = fixture.setup([""; 0]).run().success();
    assert!(started.elapsed() < Duration::from_secs(5), "{output}");
}

#[test]
fn denied_write_names_the_role() {
    let fixture = Fixture::prepared("setup-denied-late");
    let refused = CannedError::api(
        403,
        "PERMISSION_DENIED",
        "Permission 'iam.serviceAccounts.create' denied on resource (or it may not exist).",
    );
    fixture
        .google
        .inject(Rule::on("serviceAccounts.create"), Fault::Respond(refused));
    let output = fixture.setup([""; 0]).run().failure();
    assert!(
        output.stderr.contains(&format!(
            "error: create service account {EMAIL}: PERMISSION_DENIED: "
        )),
        "{output}"
    );
    assert!(
        output.stderr.contains("roles/iam.serviceAccountCreator"),
        "{output}"
    );
    assert_eq!(fixture.google.count("keys.create"), 0);
}
