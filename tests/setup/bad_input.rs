//! Bad input and faults of Google: each has a clear message and changes nothing that the next run does not finish. The end states
//! of the project and of the namespace are compared with those of an undisturbed run.

use gcr_test_support::fake_google::{CannedError, Fault, Rule};
use serde_json::Value;

use crate::fixture::{EMAIL, Fixture, project_summary};

/// A fault, the user's view of it, and its remedy.
struct Case {
    name: &'static str,
    break_it: fn(&Fixture),
    args: &'static [&'static str],
    /// Parts of standard error.
    texts: &'static [&'static str],
    /// Whether Google's side is as it was before the run.
    changes_nothing: bool,
    mend: fn(&Fixture),
}

const CLEAR: fn(&Fixture) = |fixture| fixture.google.clear_faults();
const NOTHING: fn(&Fixture) = |_| {};

fn respond(fixture: &Fixture, method: &str, error: CannedError) {
    let fault = Fault::Respond(error);
    fixture.google.inject(Rule::on(method), fault);
}

/// Runs the cases, and compares the end state after each with that of an undisturbed run.
#[track_caller]
fn check(new: fn(&str) -> Fixture, cases: &[Case]) {
    let reference = new("setup-reference");
    reference.setup([""; 0]).run().success();
    let reference = reference.end_state();
    for case in cases {
        let name = case.name;
        let fixture = new("setup-bad");
        (case.break_it)(&fixture);
        let before = project_summary(&fixture.google);
        let output = fixture.setup(case.args).run().failure();
        for text in case.texts {
            assert!(output.stderr.contains(text), "{name}: {text}\n{output}");
        }
        assert_eq!(fixture.secret(), None, "{name}\n{output}");
        assert_eq!(fixture.pull_secrets(), Value::Null, "{name}");
        assert_eq!(fixture.keys(), [""; 0], "{name}\n{output}");
        if case.changes_nothing {
            assert_eq!(project_summary(&fixture.google), before, "{name}\n{output}");
        }
        (case.mend)(&fixture);
        fixture.setup([""; 0]).run().success();
        assert_eq!(fixture.end_state(), reference, "{name}");
    }
}

/// Returns a project without enabled APIs, with a repository.
fn with_repository(prefix: &str) -> Fixture {
    let fixture = Fixture::new(prefix);
    fixture.google.add_repository("europe-west1", "images");
    fixture
}

#[test]
fn unknown_names_are_found_before_anything_is_written() {
    check(
        Fixture::prepared,
        &[
            Case {
                name: "project",
                break_it: NOTHING,
                args: &[
                    "--registry",
                    "europe-west1-docker.pkg.dev/other-project/images",
                    "--project",
                    "demo-project",
                ],
                texts: &["other-project", "PERMISSION_DENIED"],
                changes_nothing: true,
                mend: NOTHING,
            },
            Case {
                name: "location",
                break_it: NOTHING,
                args: &[
                    "--registry",
                    "nowhere-west9-docker.pkg.dev/demo-project/images",
                ],
                texts: &["nowhere-west9"],
                changes_nothing: true,
                mend: NOTHING,
            },
            Case {
                name: "repository",
                break_it: NOTHING,
                args: &[
                    "--registry",
                    "europe-west1-docker.pkg.dev/demo-project/other",
                ],
                texts: &[
                    "error: repository projects/demo-project/locations/europe-west1/repositories/other not found\n",
                    "hint: check --registry, or pass --create-repository to create it\n",
                ],
                changes_nothing: true,
                mend: NOTHING,
            },
            Case {
                name: "account of an unknown project",
                break_it: NOTHING,
                args: &[
                    "--iam-account",
                    "gcr-pull@other-project.iam.gserviceaccount.com",
                ],
                texts: &["other-project", "PERMISSION_DENIED"],
                changes_nothing: true,
                mend: NOTHING,
            },
            Case {
                name: "account with an invalid name",
                break_it: NOTHING,
                args: &["--iam-account", "x"],
                texts: &["error: ", "\"x\""],
                changes_nothing: true,
                mend: NOTHING,
            },
        ],
    );
}

#[test]
fn states_of_the_project_are_named() {
    check(
        with_repository,
        &[
            Case {
                name: "API disabled, and no right to enable it",
                break_it: |fixture| fixture.google.deny("serviceusage.services.enable", ""),
                args: &[],
                texts: &[
                    "error: missing permission serviceusage.services.enable on project demo-project\n",
                    "hint: grant the caller the role roles/serviceusage.serviceUsageAdmin on project demo-project\n",
                ],
                changes_nothing: true,
                mend: |fixture| fixture.google.allow("serviceusage.services.enable"),
            },
            Case {
                name: "no billing account",
                break_it: |fixture| fixture.google.set_billing(false),
                args: &[],
                texts: &["FAILED_PRECONDITION: ", "Billing", "hint: "],
                changes_nothing: false,
                mend: |fixture| fixture.google.set_billing(true),
            },
            Case {
                name: "operation that fails",
                break_it: |fixture| fixture.google.set_operation_error(13, "internal failure"),
                args: &[],
                texts: &["INTERNAL: internal failure"],
                changes_nothing: false,
                mend: |fixture| fixture.google.clear_operation_error(),
            },
            Case {
                name: "organization policy",
                break_it: |fixture| {
                    let text = "Service account creation is not allowed on this project.";
                    let error = CannedError::api(400, "FAILED_PRECONDITION", text);
                    respond(fixture, "serviceAccounts.create", error);
                },
                args: &[],
                texts: &[
                    "FAILED_PRECONDITION: Service account creation is not allowed on this project.",
                ],
                changes_nothing: false,
                mend: CLEAR,
            },
        ],
    );
}

#[test]
fn unusable_tokens_are_named_once() {
    let unauthenticated = |fixture: &Fixture, reason: &str| {
        let text = "Request had invalid authentication credentials.";
        let error = CannedError::api_with_reason(401, "UNAUTHENTICATED", text, reason);
        respond(fixture, "*", error);
    };
    let fixture = Fixture::prepared("setup-tokens");
    for (reason, text) in [
        ("ACCESS_TOKEN_EXPIRED", "get a new access token"),
        ("ACCESS_TOKEN_TYPE_UNSUPPORTED", "access token"),
        ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "scope"),
        ("ACCOUNT_STATE_INVALID", "account"),
    ] {
        fixture.google.clear_faults();
        unauthenticated(&fixture, reason);
        let output = fixture.setup([""; 0]).run().failure();
        assert_eq!(output.stderr.matches("error: ").count(), 1, "{output}");
        let hint = output
            .stderr
            .lines()
            .find(|line| line.starts_with("hint: "));
        let hint = hint.unwrap_or_else(|| panic!("{reason}\n{output}"));
        assert!(hint.contains(text), "{reason}\n{output}");
    }
    fixture.google.clear_faults();
    // A token of an account without rights.
    let (email, _) = fixture.google.add_key("setup-other");
    let member = format!("serviceAccount:{email}");
    let token = fixture.google.issue_token(&member, 3599);
    let file = fixture.session.file("other-token", &token, 0o600);
    let args = ["--access-token-file", file.to_str().unwrap()];
    let output = fixture.setup(args).run().failure();
    assert!(output.stderr.contains("PERMISSION_DENIED"), "{output}");
    assert!(!output.stderr.contains(&token), "a token is in stderr");
    assert_eq!(fixture.secret(), None);
    fixture.setup([""; 0]).run().success();
    fixture.assert_complete();
}

#[test]
fn quota_is_waited_for_where_google_names_the_pause() {
    let fixture = Fixture::prepared("setup-quota");
    let fault = Fault::Respond(CannedError::quota(Some("0.2s")));
    let rule = Rule::on("serviceAccounts.create").first(2);
    let hits = fixture.google.inject(rule, fault);
    fixture.setup([""; 0]).run().success();
    assert_eq!(fixture.google.hits(hits), 2);
    fixture.assert_complete();
}

#[test]
fn endless_policy_changes_are_given_up_and_lose_nothing() {
    let fixture = Fixture::prepared("setup-endless-policy");
    let race = fixture
        .google
        .inject(Rule::on("repositories.setIamPolicy"), Fault::PolicyChanged);
    let output = fixture.setup([""; 0]).run().failure();
    assert!(
        output.stderr.contains(
            "grant roles/artifactregistry.reader on repository projects/demo-project/locations/europe-west1/repositories/images: ABORTED: "
        ),
        "{output}"
    );
    let hits = fixture.google.hits(race);
    let policy = fixture.google.repository_policy("europe-west1", "images");
    let members = policy["bindings"][0]["members"].as_array().unwrap();
    assert_eq!(members.len(), hits, "{policy}");
    assert_eq!(fixture.keys(), [""; 0], "{output}");
    fixture.google.clear_faults();
    fixture.setup([""; 0]).run().success();
    fixture.assert_complete();
}

#[test]
fn disabled_resource_manager_is_no_obstacle() {
    let fixture = Fixture::prepared("setup-no-manager");
    fixture.google.disable_service("cloudresourcemanager");
    fixture.setup([""; 0]).run().success();
    assert!(fixture.google.keys_of(EMAIL).len() == 1);
    fixture.assert_complete();
}
