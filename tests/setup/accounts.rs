//! The service account that `--iam-account` names is the one that is used, or the command fails.

use gcr_test_support::fake_google::{CannedError, Fault, Rule};

use crate::fixture::{Fixture, project_summary};

#[test]
fn account_that_only_google_creates_is_never_created() {
    let fixture = Fixture::prepared("setup-foreign-account");
    let before = project_summary(&fixture.google);
    for (account, texts) in [
        (
            "puller@example.com",
            [
                "error: --iam-account puller@example.com is not the address of a service account\n",
                "hint: pass the name of an account in the project, or an address that ends in gserviceaccount.com\n",
            ],
        ),
        (
            "1-compute@developer.gserviceaccount.com",
            [
                "error: service account 1-compute@developer.gserviceaccount.com not found in project demo-project\n",
                "hint: check --iam-account, and pass --project with the project of the account\n",
            ],
        ),
    ] {
        for dry_run in ["--dry-run=client", "--dry-run=none"] {
            let args = ["--iam-account", account, dry_run];
            let output = fixture.setup(args).run().failure();
            for text in texts {
                assert!(output.stderr.contains(text), "{text}\n{output}");
            }
            assert!(!output.stdout.contains("created"), "{output}");
            assert_eq!(project_summary(&fixture.google), before);
            assert!(fixture.secret().is_none());
        }
    }
}

#[test]
fn account_of_google_is_used_where_it_exists() {
    let fixture = Fixture::prepared("setup-compute-account");
    let email = fixture.google.add_account_of_compute_engine();
    let args = ["--iam-account", email.as_str()];
    let output = fixture.setup(args).run().success();
    let line = format!("iamaccount/{email} unchanged\n");
    assert!(output.stdout.contains(&line), "{output}");
    assert_eq!(fixture.google.keys_of(&email).len(), 1);
    let policy = fixture.google.repository_policy("europe-west1", "images");
    assert!(policy.to_string().contains(&email), "{policy}");
}

#[test]
fn dry_run_assumes_an_account_of_google_that_cannot_be_read() {
    let fixture = Fixture::new("setup-compute-dry");
    fixture.google.add_repository("europe-west1", "images");
    let email = fixture.google.add_account_of_compute_engine();
    let args = ["--iam-account", &email, "--dry-run=client"];
    let output = fixture.setup(args).run().success();
    let line = format!("iamaccount/{email} unchanged (dry run)\n");
    assert!(output.stdout.contains(&line), "{output}");
    let warning = format!(
        "Warning: service account {email} cannot be read before its API is enabled; the dry run assumes that it exists"
    );
    assert!(output.stderr.contains(&warning), "{output}");
}

#[test]
fn project_number_is_in_no_address_of_an_account() {
    let fixture = Fixture::prepared("setup-number");
    let number = fixture.google.project_number().to_string();
    let args = ["--project", number.as_str()];
    let output = fixture.setup(args).run().failure();
    let error = format!("error: invalid project ID \"{number}\": it is a project number");
    assert!(output.stderr.starts_with(&error), "{output}");
    assert!(fixture.google.requests().is_empty());
}

#[test]
fn created_account_with_another_address_is_a_failure() {
    let fixture = Fixture::prepared("setup-other-address");
    let body = r#"{"email": "other@demo-project.iam.gserviceaccount.com", "uniqueId": "1"}"#;
    let reply = CannedError::new(200, "application/json", body);
    fixture
        .google
        .inject(Rule::on("serviceAccounts.create"), Fault::Respond(reply));
    let output = fixture.setup([""; 0]).run().failure();
    assert!(
        output.stderr.contains(
            "it is unknown whether it was written: create service account gcr-pull@demo-project.iam.gserviceaccount.com: the response of Google does not contain this address\n"
        ),
        "{output}"
    );
    assert_eq!(fixture.google.count("setIamPolicy"), 0);
    assert_eq!(fixture.google.count("keys.create"), 0);
    fixture.google.clear_faults();
    fixture.setup([""; 0]).run().success();
    fixture.assert_complete();
}
