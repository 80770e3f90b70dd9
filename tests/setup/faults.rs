//! Each fault has a clear message, and leaves nothing that the next run does not finish.

use gcr_test_support::fake_google::{CannedError, Fault, Rule};
use gcr_test_support::{FaultProxy, fault_proxy};

use crate::fixture::{EMAIL, Fixture, REGISTRY, REPOSITORY, project_summary};

/// Transient faults: the run succeeds.
#[test]
fn transient_faults_are_survived() {
    let fixture = Fixture::new("setup-transient");
    fixture.google.add_repository("europe-west1", "images");
    for method in [
        "services.get",
        "services.enable",
        "repositories.get",
        "serviceAccounts.get",
        "serviceAccounts.create",
        "repositories.getIamPolicy",
    ] {
        fixture.google.inject(
            Rule::on(method).nth(1),
            Fault::Respond(CannedError::unavailable()),
        );
    }
    fixture.google.inject(
        Rule::on("repositories.setIamPolicy").nth(1),
        Fault::ReplyLost,
    );
    fixture
        .google
        .inject(Rule::on("keys.list").nth(2), Fault::Reset);
    let output = fixture.setup([""; 0]).run().success();
    assert!(
        output
            .stdout
            .contains("iambinding/roles/artifactregistry.reader on repositories/images granted\n"),
        "{output}"
    );
    fixture.assert_complete();
}

/// Permanent faults of one method: nothing half-done remains, and a run without the fault finishes.
#[test]
fn permanent_faults_are_named_and_a_later_run_finishes() {
    let denied = |text: &str| CannedError::api(403, "PERMISSION_DENIED", text);
    let cases: [(&str, Fault, &str); 9] = [
        (
            "services.get",
            Fault::Respond(CannedError::billing_disabled("demo-project")),
            "This API method requires billing",
        ),
        (
            "repositories.get",
            Fault::Respond(CannedError::captive_portal()),
            "it is not JSON",
        ),
        (
            "repositories.get",
            Fault::Huge(200 * 1024 * 1024),
            "larger than",
        ),
        (
            "serviceAccounts.get",
            Fault::Respond(denied("no")),
            "PERMISSION_DENIED: no",
        ),
        (
            "serviceAccounts.create",
            Fault::Respond(CannedError::quota(None)),
            "RESOURCE_EXHAUSTED",
        ),
        ("repositories.setIamPolicy", Fault::Echo, "***"),
        ("keys.create", Fault::Echo, "***"),
        (
            "keys.create",
            Fault::Respond(CannedError::bad_gateway()),
            "502",
        ),
        (
            "services.get",
            Fault::Respond(CannedError::api_with_reason(
                401,
                "UNAUTHENTICATED",
                "expired",
                "ACCESS_TOKEN_EXPIRED",
            )),
            "UNAUTHENTICATED: expired",
        ),
    ];
    let fixture = Fixture::prepared("setup-permanent");
    for (method, fault, text) in cases {
        fixture.google.clear_faults();
        fixture.google.inject(Rule::on(method), fault.clone());
        let output = fixture.setup([""; 0]).run().failure();
        assert!(output.stderr.contains(text), "{method} {fault:?}\n{output}");
        assert!(output.stderr.contains("error: "), "{output}");
        assert!(
            !output.stderr.contains(fixture.google.operator_token()),
            "{output}"
        );
        assert!(fixture.secret().is_none(), "{method}");
        assert_eq!(fixture.keys(), [""; 0], "{method} {fault:?}\n{output}");
    }
    fixture.google.clear_faults();
    fixture.setup([""; 0]).run().success();
    fixture.assert_complete();
}

#[test]
fn expired_token_is_one_error() {
    let fixture = Fixture::prepared("setup-expired");
    fixture.google.advance_clock(7200);
    let output = fixture.setup([""; 0]).run().failure();
    assert_eq!(output.stderr.matches("error: ").count(), 1, "{output}");
    assert_eq!(output.stderr.matches("hint: ").count(), 1, "{output}");
}

#[test]
fn wrong_states_are_named_before_anything_is_written() {
    let fixture = Fixture::new("setup-states");
    fixture.google.enable_services(["artifactregistry"]);
    let before = project_summary(&fixture.google);
    let output = fixture.setup([""; 0]).run().failure();
    assert!(
        output.stderr.contains("repository projects/demo-project/locations/europe-west1/repositories/images not found\n")
            && output.stderr.contains("--create-repository"),
        "{output}"
    );
    assert_eq!(project_summary(&fixture.google), before);
    fixture
        .google
        .add_repository_with_format("europe-west1", "images", "MAVEN");
    let before = project_summary(&fixture.google);
    let output = fixture.setup([""; 0]).run().failure();
    assert!(
        output.stderr.contains("has the format MAVEN, not DOCKER"),
        "{output}"
    );
    assert_eq!(project_summary(&fixture.google), before);
}

#[test]
fn disabled_account_is_named_with_the_command() {
    let fixture = Fixture::prepared("setup-disabled");
    fixture.setup(["--attach=false"]).run().success();
    fixture.google.set_account_disabled(EMAIL, true);
    let output = fixture.setup([""; 0]).run().failure();
    assert!(
        output.stderr.contains(&format!("error: service account {EMAIL} is disabled\n"))
            && output.stderr.contains(&format!("hint: enable it: gcloud iam service-accounts enable {EMAIL} --project=demo-project\n")),
        "{output}"
    );
    fixture.google.set_account_disabled(EMAIL, false);
    fixture.setup([""; 0]).run().success();
    fixture.assert_complete();
}

#[test]
fn failed_set_up_counts_namespaces_as_not_started() {
    let fixture = Fixture::prepared("setup-not-started");
    let other = fixture.cluster.create_namespace("setup-not-started");
    let both = format!("{},{other}", fixture.namespace);
    fixture.google.inject(
        Rule::on("repositories.get"),
        Fault::Respond(CannedError::internal()).clone(),
    );
    let args = [
        "--registry",
        REGISTRY,
        "-n",
        &both,
        "--report",
        "report.jsonl",
    ];
    let output = fixture.command(args).run().failure();
    // Of Google's objects, the account, the binding, the key and the proof; of each namespace two.
    assert!(
        output.stderr.trim_end().ends_with("8 not started"),
        "{output}"
    );
    let report = std::fs::read_to_string(fixture.session.work().join("report.jsonl")).unwrap();
    assert_eq!(report.matches("\"Secret\"").count(), 2, "{report}");
}

#[test]
fn lost_replies_to_creations_count_as_created() {
    let fixture = Fixture::new("setup-lost-creations");
    for method in ["serviceAccounts.create", "repositories.create"] {
        let rule = Rule::on(method).nth(1);
        fixture.google.inject(rule, Fault::ReplyLost);
    }
    let output = fixture.setup(["--create-repository"]).run().success();
    for line in [
        format!("iamaccount/{EMAIL} created\n"),
        format!("repository/{REPOSITORY} created\n"),
    ] {
        assert!(output.stdout.contains(&line), "{line}\n{output}");
    }
    fixture.assert_complete();
}

#[test]
fn repository_that_appears_meanwhile_must_have_the_right_format() {
    let fixture = Fixture::prepared("setup-format-meanwhile");
    fixture
        .google
        .add_repository_with_format("europe-west1", "jars", "MAVEN");
    let unseen = CannedError::api(404, "NOT_FOUND", "Requested entity was not found.");
    let rule = Rule::on("repositories.get").nth(1);
    fixture.google.inject(rule, Fault::Respond(unseen));
    let registry = "europe-west1-docker.pkg.dev/demo-project/jars";
    let args = ["--registry", registry, "--create-repository", "-n"];
    let command = fixture.command(args).arg(&fixture.namespace);
    let output = command.run().failure();
    let error = "repositories/jars has the format MAVEN, not DOCKER";
    assert!(output.stderr.contains(error), "{output}");
    assert!(fixture.secret().is_none());
    assert_eq!(fixture.keys(), [""; 0]);
}

#[test]
fn account_that_appears_meanwhile_is_reused() {
    let fixture = Fixture::prepared("setup-meanwhile");
    fixture.setup(["first-secret"]).run().success();
    // The first read does not see the account of the other client.
    let unseen = CannedError::api(404, "NOT_FOUND", "Unknown service account");
    fixture.google.inject(
        Rule::on("serviceAccounts.get").nth(1),
        Fault::Respond(unseen),
    );
    let output = fixture.setup([""; 0]).run().success();
    assert!(
        output
            .stdout
            .contains(&format!("iamaccount/{EMAIL} unchanged\n")),
        "{output}"
    );
}

#[test]
fn key_in_a_secret_that_admission_changed_is_kept() {
    let fixture = Fixture::prepared("setup-admission");
    fixture.setup([""; 0]).run().success();
    let proxy = FaultProxy::new(fixture.cluster);
    let rule = fault_proxy::Rule::on("patch", "secrets").namespace(&fixture.namespace);
    proxy.change_request(rule, |secret| {
        secret["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "platform".into();
    });
    let output = proxy
        .session()
        .gcr_secret(["setup", "--new-key", "--force-conflicts"])
        .args(["--registry", REGISTRY, "-n", &fixture.namespace])
        .envs(fixture.google.operator_environment())
        .run()
        .exits(1);
    assert!(
        output.stderr.contains("differs from the request"),
        "{output}"
    );
    let secret = fixture.cluster.get("secret/gcr-io", &fixture.namespace);
    let carried = &secret["metadata"]["annotations"]["kubectl-gcr-secret/key-id"];
    let keys = fixture.keys();
    assert!(keys.iter().any(|key| carried == key), "{keys:?}\n{output}");
    assert_eq!(keys.len(), 2, "{keys:?}\n{output}");
}
