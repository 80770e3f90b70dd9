//! Which tokens are renewed.

use gcr_test_support::fake_google::{CannedError, Fault, OPERATOR, Rule};
use gcr_test_support::fault_proxy::{self, FaultProxy};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::json;

use crate::fixture::{ACCOUNT, EMAIL, EXPIRES, Fixture, OLD_TOKEN, in_minutes};

#[test]
fn token_of_set_up_is_renewed_when_it_expires_soon() {
    let fixture = Fixture::new("refresh-due");
    fixture.set_up(&["--lifetime=15m"]);
    let (before, expires) = (
        fixture.token("gcr-io"),
        fixture.annotation("gcr-io", EXPIRES),
    );
    fixture.google.reset_requests();
    let output = fixture.refresh([""; 0]).run().success();
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        (
            &*format!("accesstoken/{EMAIL} issued\nsecret/gcr-io configured\n"),
            ""
        ),
        "{output}"
    );
    assert_ne!(fixture.token("gcr-io"), before);
    let renewed = fixture.annotation("gcr-io", EXPIRES);
    assert!(
        renewed > expires && renewed > Some(in_minutes(58)),
        "{renewed:?}"
    );
    assert_eq!(fixture.google.count("generateAccessToken"), 1);
    // One call is enough: the account is neither read nor tested.
    assert_eq!(fixture.google.requests().len(), 1);
    fixture
        .session
        .gcr_secret(["verify", "-n", &fixture.namespace])
        .envs(fixture.google.operator_environment())
        .run()
        .success();
}

#[test]
fn nothing_is_done_without_a_due_token() {
    let fixture = Fixture::new("refresh-not-due");
    fixture.add_secret("gcr-io", 21);
    let version = fixture.secret("gcr-io")["metadata"]["resourceVersion"].clone();
    let output = fixture.refresh([""; 0]).run().success();
    assert_eq!(output.stdout, "secret/gcr-io unchanged\n", "{output}");
    assert_eq!(
        fixture.secret("gcr-io")["metadata"]["resourceVersion"],
        version
    );
    // A scheduled job needs no access to Google until a token is due.
    assert!(fixture.google.requests().is_empty());
    let environment = [("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", "/nonexistent")];
    fixture.refresh([""; 0]).envs(environment).run().success();
}

#[test]
fn within_moves_the_limit_and_all_ignores_it() {
    let fixture = Fixture::new("refresh-within");
    fixture.add_secret("gcr-io", 30);
    for (args, outcome) in [
        (&["--within=29m"][..], "unchanged"),
        (
            &["--within=31m", "--dry-run=server"],
            "configured (server dry run)",
        ),
        (&["--within", "0"], "unchanged"),
        (&["--all"], "configured"),
    ] {
        let output = fixture.refresh(args).run().success();
        let line = format!("secret/gcr-io {outcome}\n");
        assert!(output.stdout.ends_with(&line), "{args:?} {output}");
    }
    let output = fixture.refresh(["--all", "--within=1m"]).run().failure();
    assert!(
        output
            .stderr
            .starts_with("error: --within cannot be used with --all"),
        "{output}"
    );
    let output = fixture.refresh(["--lifetime=0"]).run().failure();
    assert!(
        output.stderr.starts_with("error: --lifetime must be"),
        "{output}"
    );
}

#[test]
fn expired_token_is_renewed() {
    let fixture = Fixture::new("refresh-expired");
    fixture.add_secret("gcr-io", -600);
    fixture.refresh(["--within=0"]).run().success();
    assert_ne!(fixture.token("gcr-io"), OLD_TOKEN);
}

#[test]
fn token_without_expires_is_due() {
    let fixture = Fixture::new("refresh-no-expires");
    for (name, expires) in [("none", None), ("garbage", Some("tomorrow"))] {
        let mut secret = fixture.secret_json(name, 0);
        secret["metadata"]["annotations"][EXPIRES] = json!(expires);
        fixture.apply(&secret);
        fixture.refresh([name, "--within=0"]).run().success();
        assert_ne!(fixture.token(name), OLD_TOKEN);
        assert!(fixture.annotation(name, EXPIRES) > Some(in_minutes(58)));
    }
}

#[test]
fn token_without_account_is_named_and_left_alone() {
    let fixture = Fixture::new("refresh-no-account");
    let mut secret = fixture.secret_json("by-hand", 1);
    secret["metadata"]["annotations"][ACCOUNT] = json!(null);
    fixture.apply(&secret);
    fixture.add_secret("gcr-io", 1);
    let output = fixture.refresh([""; 0]).run().exits(1);
    assert!(
        output.stderr.starts_with(
            "error: secret \"by-hand\" does not name the service account of its access token"
        ) && output
            .stderr
            .contains("hint: write it again with: kubectl gcr-secret setup --credential token\n"),
        "{output}"
    );
    assert_eq!(fixture.token("by-hand"), OLD_TOKEN);
    // The others are renewed all the same.
    assert_ne!(fixture.token("gcr-io"), OLD_TOKEN);
}

#[test]
fn keys_and_secrets_of_other_owners_are_left_alone() {
    let fixture = Fixture::new("refresh-others");
    let mut key = fixture.secret_json("key", 1);
    key["metadata"]["annotations"]["kubectl-gcr-secret/credential"] = json!("json-key");
    let mut foreign = fixture.secret_json("foreign", 1);
    foreign["metadata"]["labels"] = json!({});
    for secret in [&key, &foreign] {
        fixture.apply(secret);
    }
    let output = fixture.refresh(["--all"]).run().success();
    assert_eq!(output.stdout, "", "{output}");
    for name in ["key", "foreign"] {
        let output = fixture.refresh([name, "--all"]).run().success();
        let note = format!("secret/{name} skipped: it contains no access token of this plugin\n");
        assert_eq!((output.stdout.as_str(), &output.stderr), ("", &note));
        assert_eq!(fixture.token(name), OLD_TOKEN);
    }
}

#[test]
fn name_selects_one_secret() {
    let fixture = Fixture::new("refresh-name");
    fixture.add_secret("one", 1);
    fixture.add_secret("two", 1);
    fixture.refresh(["two"]).run().success();
    assert_eq!(fixture.token("one"), OLD_TOKEN);
    assert_ne!(fixture.token("two"), OLD_TOKEN);
    let output = fixture.refresh(["three"]).run().exits(1);
    assert!(
        output.stderr.starts_with("error: secret/three not found"),
        "{output}"
    );
    let output = fixture.command(["-n", "refresh-absent"]).run().exits(1);
    assert!(
        output
            .stderr
            .starts_with("Error from server (NotFound): namespaces \"refresh-absent\" not found"),
        "{output}"
    );
}

#[test]
fn expires_is_a_time_of_google_not_of_this_machine() {
    let fixture = Fixture::new("refresh-clock");
    // Google's clock is 40 minutes ahead.
    fixture.google.advance_clock(2400);
    let token = fixture.google.issue_token(OPERATOR, 3600);
    let file = fixture.session.file("operator", token, 0o600);
    fixture.add_secret("gcr-io", 1);
    let refresh = |fixture: &Fixture| {
        let args = ["--all", "--access-token-file"];
        fixture.refresh(args).arg(&file).run().success();
        fixture.annotation("gcr-io", EXPIRES)
    };
    let stated = refresh(&fixture);
    assert!(
        stated > Some(in_minutes(98)) && stated < Some(in_minutes(102)),
        "{stated:?}"
    );
    // Without a time in the response, the lifetime counts from the time of the response.
    let reply = json!({"accessToken": "ya29.without-a-time-0123456789"});
    let reply = CannedError::new(200, "application/json", reply.to_string());
    fixture
        .google
        .inject(Rule::on("generateAccessToken"), Fault::Respond(reply));
    let counted = refresh(&fixture);
    assert!(
        counted > Some(in_minutes(98)) && counted < Some(in_minutes(102)),
        "{counted:?}"
    );
}

#[test]
fn clock_of_the_cluster_decides_whether_a_token_is_due() {
    for (offset, expires_in, is_due) in [(40, 50, true), (-40, 10, false)] {
        let fixture = Fixture::new("refresh-cluster-clock");
        fixture.add_secret("gcr-io", expires_in);
        let proxy = FaultProxy::new(fixture.cluster);
        let now = (Timestamp::now() + offset.minutes()).to_zoned(TimeZone::UTC);
        let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        for verb in ["get", "list"] {
            let rule = fault_proxy::Rule::on(verb, "secrets").namespace(&fixture.namespace);
            let fault = fault_proxy::Fault::SetResponseHeader("date", date.clone());
            proxy.inject(rule, fault);
        }
        let output = proxy
            .session()
            .gcr_secret(["refresh", "-n", &fixture.namespace])
            .envs(fixture.google.operator_environment())
            .run()
            .success();
        let is_renewed = fixture.token("gcr-io") != OLD_TOKEN;
        assert_eq!(is_renewed, is_due, "{offset} minutes\n{output}");
    }
}

#[test]
fn lifetime_is_that_of_the_flag() {
    let fixture = Fixture::new("refresh-lifetime");
    fixture.add_secret("gcr-io", 1);
    fixture.refresh(["--lifetime=30m"]).run().success();
    let expires = fixture.annotation("gcr-io", EXPIRES);
    assert!(
        expires > Some(in_minutes(28)) && expires < Some(in_minutes(32)),
        "{expires:?}"
    );
    let output = fixture.refresh(["--all", "--lifetime=2h"]).run().exits(1);
    assert!(
        output
            .stderr
            .contains("The access token lifetime cannot exceed 1 hour"),
        "{output}"
    );
}
