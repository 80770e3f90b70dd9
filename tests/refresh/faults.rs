//! Google and the cluster fail: each fault has its own message, and the old token stays.

use std::time::{Duration, Instant};

use gcr_test_support::fake_google::{CannedError, Fault, Rule};
use gcr_test_support::fault_proxy::{self, FaultProxy};
use gcr_test_support::{Signal, wait_until};
use serde_json::json;

use crate::fixture::{ACCOUNT, EMAIL, Fixture, OLD_TOKEN, add_account};

#[test]
fn refused_token_is_one_error_and_its_secrets_are_not_started() {
    let fixture = Fixture::new("refresh-refused");
    let (denied, _) = fixture.google.add_key("denied");
    let role = "iam.serviceAccounts.getAccessToken";
    fixture.google.deny(role, &denied);
    for (name, account) in [("a", &*denied), ("b", &denied), ("c", EMAIL)] {
        let mut secret = fixture.secret_json(name, 1);
        secret["metadata"]["annotations"][ACCOUNT] = json!(account);
        fixture.apply(&secret);
    }
    let args = ["--report", "report.jsonl", "-n", &fixture.namespace];
    let output = fixture.command(args).run().exits(1);
    assert_eq!(output.stderr.matches("error: ").count(), 1, "{output}");
    assert!(
        output.stderr.contains(&format!(
            "get an access token of {denied}: PERMISSION_DENIED: "
        )) && output
            .stderr
            .contains("roles/iam.serviceAccountTokenCreator"),
        "{output}"
    );
    assert_eq!(
        (fixture.token("a"), fixture.token("b")),
        (OLD_TOKEN.into(), OLD_TOKEN.into())
    );
    assert_ne!(fixture.token("c"), OLD_TOKEN);
    let report = std::fs::read_to_string(fixture.session.work().join("report.jsonl")).unwrap();
    assert_eq!(report.matches("\"not started\"").count(), 2, "{report}");
}

#[test]
fn transient_faults_are_survived() {
    let fixture = Fixture::new("refresh-transient");
    fixture.add_secret("gcr-io", 1);
    let rule = || Rule::on("generateAccessToken");
    let unavailable = Fault::Respond(CannedError::unavailable());
    fixture.google.inject(rule().nth(1), unavailable);
    fixture.google.inject(rule().nth(2), Fault::ReplyLost);
    fixture.refresh([""; 0]).run().success();
    assert_ne!(fixture.token("gcr-io"), OLD_TOKEN);
}

#[test]
fn permanent_faults_are_named_and_show_no_secret() {
    let fixture = Fixture::new("refresh-permanent");
    fixture.add_secret("gcr-io", 1);
    let cases = [
        (Fault::Respond(CannedError::captive_portal()), "HTML"),
        (
            Fault::Respond(CannedError::api(404, "NOT_FOUND", "no such account")),
            "NOT_FOUND: no such account",
        ),
        (
            Fault::Respond(CannedError::quota(None)),
            "RESOURCE_EXHAUSTED",
        ),
        (
            Fault::Respond(CannedError::billing_disabled("demo-project")),
            "billing",
        ),
        (Fault::Huge(200 * 1024 * 1024), "larger than"),
        (Fault::Echo, "***"),
    ];
    for (fault, text) in cases {
        fixture.google.clear_faults();
        fixture
            .google
            .inject(Rule::on("generateAccessToken"), fault.clone());
        let output = fixture.refresh(["-v=9"]).run().exits(1);
        let all = format!("{}{}", output.stdout, output.stderr);
        assert!(all.contains(text) || text == "***", "{fault:?} {output}");
        assert!(
            output.stderr.contains("error: get an access token of "),
            "{output}"
        );
        assert!(
            !all.contains(fixture.google.operator_token()) && !all.contains("ya29."),
            "{fault:?}"
        );
        assert_eq!(fixture.token("gcr-io"), OLD_TOKEN);
    }
    fixture.google.clear_faults();
    fixture.google.set_account_disabled(EMAIL, true);
    fixture.refresh([""; 0]).run().exits(1);
    fixture.google.set_account_disabled(EMAIL, false);
    fixture.refresh([""; 0]).run().success();
}

#[test]
fn missing_credentials_are_one_error_for_all_accounts() {
    let fixture = Fixture::new("refresh-no-credentials");
    let second = add_account(&fixture.google, "second");
    for (name, account) in [("a", EMAIL), ("b", &second)] {
        let mut secret = fixture.secret_json(name, 1);
        secret["metadata"]["annotations"][ACCOUNT] = json!(account);
        fixture.apply(&secret);
    }
    let environment = [("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", "/nonexistent/token")];
    let output = fixture.refresh([""; 0]).envs(environment).run().exits(1);
    assert!(output.stderr.contains("/nonexistent/token"), "{output}");
    // Each account asks for its token with the same file.
    assert!(output.stderr.matches("error: ").count() <= 2, "{output}");
    assert_eq!(fixture.token("a"), OLD_TOKEN);
}

#[test]
fn annotation_without_service_account_is_an_error_of_its_secret_alone() {
    let fixture = Fixture::new("refresh-invalid-account");
    for (account, reason) in [
        ("not/an?account\u{1b}[31m", "it is not an email address"),
        (
            "a@p.iam.gserviceaccount.com:generateIdToken?x=",
            "it contains a character that is not allowed",
        ),
        (
            "admin@example.com",
            "its domain does not end with .gserviceaccount.com",
        ),
        (
            "a@gserviceaccount.com.example.com",
            "its domain does not end with .gserviceaccount.com",
        ),
    ] {
        let mut secret = fixture.secret_json("edited", 1);
        secret["metadata"]["annotations"][ACCOUNT] = json!(account);
        fixture.apply(&secret);
        fixture.google.reset_requests();
        let output = fixture.refresh(["edited"]).run().exits(1);
        let start = format!(
            "error: secret \"edited\" names no service account in annotation {ACCOUNT}: invalid service account "
        );
        assert!(
            output.stderr.starts_with(&start)
                && output.stderr.contains(reason)
                && output.stderr.contains("\nhint: write it again with: ")
                && !output.stderr.contains('\u{1b}'),
            "{output}"
        );
        assert!(fixture.google.requests().is_empty(), "{output}");
        assert_eq!(fixture.token("edited"), OLD_TOKEN);
    }
    // The others are renewed all the same.
    fixture.add_secret("gcr-io", 1);
    let output = fixture.refresh([""; 0]).run().exits(1);
    assert_eq!(output.stderr.matches("error: ").count(), 1, "{output}");
    assert_ne!(fixture.token("gcr-io"), OLD_TOKEN);
    // Only for the account of the other Secret was a token requested.
    let requests = fixture.google.requests();
    let url = format!("serviceAccounts/{EMAIL}:generateAccessToken");
    assert!(
        requests.iter().all(|it| it.path.contains(&url)),
        "{requests:?}"
    );
}

#[test]
fn lost_response_of_the_cluster_counts_as_configured() {
    let fixture = Fixture::new("refresh-lost");
    fixture.set_up(&["--lifetime=15m"]);
    let proxy = FaultProxy::new(fixture.cluster);
    let rule = fault_proxy::Rule::on("patch", "secrets").namespace(&fixture.namespace);
    proxy.inject(rule.nth(1), fault_proxy::Fault::ResponseLost);
    let output = proxy
        .session()
        .gcr_secret(["refresh", "-n", &fixture.namespace])
        .envs(fixture.google.operator_environment())
        .run()
        .success();
    assert!(
        output.stdout.ends_with("secret/gcr-io configured\n"),
        "{output}"
    );
}

#[test]
fn interrupted_run_ends_in_time_and_the_next_finishes_it() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let fixture = Fixture::new("refresh-interrupt");
        fixture.add_secret("gcr-io", 1);
        fixture
            .google
            .inject(Rule::on("generateAccessToken"), Fault::Hang);
        let mut run = fixture.refresh([""; 0]).spawn();
        wait_until("a request", || {
            fixture.google.count("generateAccessToken") > 0
        });
        let started = Instant::now();
        run.signal(signal);
        let output = run.wait().exits(code);
        assert!(started.elapsed() < Duration::from_secs(6), "{output}");
        assert_eq!(fixture.token("gcr-io"), OLD_TOKEN);
        fixture.google.clear_faults();
        fixture.refresh([""; 0]).run().success();
        assert_ne!(fixture.token("gcr-io"), OLD_TOKEN);
    }
}

#[test]
fn accounts_of_several_projects_share_the_credentials_of_the_caller() {
    let fixture = Fixture::new("refresh-projects");
    for (name, account) in [
        ("a", EMAIL),
        ("b", "puller@second-project.iam.gserviceaccount.com"),
        ("c", "puller@third-project.iam.gserviceaccount.com"),
    ] {
        let mut secret = fixture.secret_json(name, 1);
        secret["metadata"]["annotations"][ACCOUNT] = json!(account);
        fixture.apply(&secret);
    }
    let file = fixture.google.user_credential_file();
    let file = fixture.session.file("user.json", file, 0o600);
    let output = fixture
        .session
        .gcr_secret(["refresh", "-n", &fixture.namespace])
        .envs(fixture.google.environment())
        .env("GOOGLE_APPLICATION_CREDENTIALS", file)
        .run()
        .exits(1);
    assert_ne!(fixture.token("a"), OLD_TOKEN, "{output}");
    assert_eq!(fixture.google.count("oauth2.token"), 1, "{output}");
}
