//! Searches for every secret that the fake has issued, at the highest verbosity, while replies echo, break or are cut off.

use gcr_test_support::fake_google::{CannedError, Fault, OPERATOR, PROJECT, Rule};
use gcr_test_support::{Invocation, Output};

use crate::fixture::{EMAIL, Fixture, REGISTRY};

const ADMIN: &str = "setup-admin@demo-project.iam.gserviceaccount.com";

/// The faults of a method that sees a secret.
fn faults() -> Vec<Fault> {
    let with_body =
        |status, media, body: &str| Fault::Respond(CannedError::new(status, media, body));
    vec![
        Fault::Echo,
        Fault::Truncated,
        Fault::RespondAfterCommit(CannedError::internal()),
        with_body(
            200,
            "application/json",
            "{\"accessToken\": 1, \"name\": []}",
        ),
        with_body(200, "text/html", "<html><title>Sign in</title></html>"),
        with_body(
            403,
            "text/html",
            "<html><title>Blocked by the proxy</title></html>",
        ),
    ]
}

#[track_caller]
fn assert_silent(fixture: &Fixture, what: &str, output: &Output) {
    for secret in fixture.google.secrets() {
        // The ends of long lines and tokens differ; their beginnings may be alike.
        let window = &secret[secret.len().saturating_sub(24)..];
        if window.len() < 16 {
            continue;
        }
        for (stream, text) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            assert!(!text.contains(window), "{what}: a secret is in {stream}");
        }
    }
}

/// Returns the command with `-v 9` and without the operator's credential. Little time, so that faults that last end soon.
fn setup(fixture: &Fixture) -> Invocation {
    let flags = [
        "setup",
        "-v=9",
        "--timeout=1s",
        "--registry",
        REGISTRY,
        "-n",
    ];
    let command = fixture.session.gcr_secret(flags).arg(&fixture.namespace);
    command.envs(fixture.google.environment())
}

/// Runs the command once with each fault of each method.
#[track_caller]
fn run_with_faults(fixture: &Fixture, methods: &[&str], command: impl Fn() -> Invocation) {
    for method in methods {
        for fault in faults() {
            fixture.google.clear_faults();
            let name = format!("{method} {fault:?}");
            fixture.google.inject(Rule::on(method).nth(1), fault);
            let output = command().run();
            assert_silent(fixture, &name, &output);
        }
    }
    fixture.google.clear_faults();
    let output = command().run().success();
    assert_silent(fixture, "without faults", &output);
}

fn with_file(fixture: &Fixture, text: &str) -> Invocation {
    let file = fixture.session.file("credentials.json", text, 0o600);
    setup(fixture).env("GOOGLE_APPLICATION_CREDENTIALS", file)
}

fn prepared(prefix: &str) -> (Fixture, String) {
    let fixture = Fixture::prepared(prefix);
    let (_, key) = fixture.google.add_key("setup-admin");
    let member = format!("serviceAccount:{ADMIN}");
    fixture
        .google
        .grant_on_project(PROJECT, "roles/owner", &member);
    (fixture, key)
}

#[test]
fn keys_stay_secret_whatever_google_replies() {
    let fixture = Fixture::prepared("canary-keys");
    let methods = [
        "keys.create",
        "keys.delete",
        "registry.token",
        "registry.ping",
    ];
    run_with_faults(&fixture, &methods, || {
        for key in fixture.keys() {
            fixture.google.delete_key(EMAIL, &key);
        }
        let environment = fixture.google.operator_environment();
        setup(&fixture).envs(environment)
    });
    assert!(fixture.google.count("keys.create") >= 10);
}

#[test]
fn service_account_keys_of_the_operator_stay_secret() {
    let (fixture, key) = prepared("canary-service-account");
    run_with_faults(&fixture, &["oauth2.token", "services.get"], || {
        with_file(&fixture, &key)
    });
}

#[test]
fn refresh_tokens_stay_secret() {
    let fixture = Fixture::prepared("canary-user");
    let file = fixture.google.user_credential_file();
    run_with_faults(&fixture, &["oauth2.token", "repositories.get"], || {
        with_file(&fixture, &file)
    });
    let file = fixture
        .google
        .refused_user_credential_file("invalid_grant", "Bad Request");
    let output = with_file(&fixture, &file).run().failure();
    assert_silent(&fixture, "refused", &output);
}

#[test]
fn subject_tokens_and_impersonated_tokens_stay_secret() {
    let (fixture, _) = prepared("canary-federation");
    let google = &fixture.google;
    let subject = "eyJhbGciOiJSUzI1NiJ9.subject-token-of-the-ci-system.signature-of-it";
    let file = fixture.session.file("subject-token", subject, 0o600);
    let member = google.accept_subject_token(subject, "job-1");
    let role = "roles/iam.serviceAccountTokenCreator";
    google.grant_on_account(ADMIN, role, &member);
    let file = google.federated_credential_file(&file, Some(ADMIN));
    run_with_faults(&fixture, &["sts.token", "generateAccessToken"], || {
        with_file(&fixture, &file)
    });
}

#[test]
fn issued_tokens_stay_secret() {
    let (fixture, _) = prepared("canary-token");
    fixture.google.add_key("gcr-pull");
    let role = "roles/iam.serviceAccountTokenCreator";
    fixture.google.grant_on_account(EMAIL, role, OPERATOR);
    let methods = ["generateAccessToken", "registry.token"];
    run_with_faults(&fixture, &methods, || {
        let environment = fixture.google.operator_environment();
        setup(&fixture)
            .args(["--credential", "token"])
            .envs(environment)
    });
}
