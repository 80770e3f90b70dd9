//! The guards of a write: those of `create`, and that nothing is overwritten that was changed meanwhile.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::fault_proxy::{Fault, FaultProxy, Rule};
use gcr_test_support::{PolicyRule, Session, wait_until};
use serde_json::json;

use crate::fixture::{Fixture, HOST, OLD_TOKEN};

/// Returns `refresh -n NAMESPACE` in another session, as the operator of the project.
fn refresh(fixture: &Fixture, session: &Session, args: &[&str]) -> gcr_test_support::Invocation {
    session
        .gcr_secret(["refresh", "-n", &fixture.namespace])
        .args(args)
        .envs(fixture.google.operator_environment())
}

#[test]
fn field_of_another_manager_is_a_conflict_that_the_flag_resolves() {
    let fixture = Fixture::new("refresh-conflict");
    let mut secret = fixture.secret_json("gcr-io", 1);
    fixture.apply(&secret);
    secret["metadata"]["annotations"] =
        json!({"kubectl-gcr-secret/expires": "2026-01-01T00:00:00Z"});
    secret["metadata"]["labels"] = json!({});
    fixture.apply_as("flux", &secret);
    let output = fixture.refresh([""; 0]).run().exits(1);
    assert!(
        output
            .stderr
            .starts_with("error: secret \"gcr-io\" is held by \"flux\"")
            && output.stderr.contains("--force-conflicts"),
        "{output}"
    );
    assert_eq!(fixture.token("gcr-io"), OLD_TOKEN);
    fixture.refresh(["--force-conflicts"]).run().success();
    assert_ne!(fixture.token("gcr-io"), OLD_TOKEN);
}

#[test]
fn immutable_secret_and_secret_of_another_type_are_errors_with_a_way_out() {
    let fixture = Fixture::new("refresh-immutable");
    let mut secret = fixture.secret_json("gcr-io", 1);
    secret["immutable"] = json!(true);
    fixture.apply(&secret);
    let output = fixture.refresh([""; 0]).run().exits(1);
    assert!(
        output
            .stderr
            .contains("error: secret \"gcr-io\" is immutable")
            && output.stderr.contains(
                "hint: replace it with: kubectl gcr-secret setup --credential token --recreate\n"
            ),
        "{output}"
    );
}

#[test]
fn change_of_another_client_is_never_overwritten() {
    let fixture = Fixture::new("refresh-race");
    fixture.set_up(&["--lifetime=15m"]);
    let proxy = FaultProxy::new(fixture.cluster);
    let session = proxy.session();
    // While the write is under way, another client replaces the token by a key.
    let rule = Rule::on("patch", "secrets").namespace(&fixture.namespace);
    let rule = proxy.inject(rule.nth(1), Fault::Delay(Duration::from_secs(3)));
    let run = refresh(&fixture, &session, &[]).spawn();
    wait_until("the write", || proxy.hits(rule) > 0);
    let mut key = fixture.secret_json("gcr-io", 600);
    key["metadata"]["annotations"]["kubectl-gcr-secret/credential"] = json!("json-key");
    fixture.apply(&key);
    let output = run.wait().success();
    assert!(
        output
            .stderr
            .contains("secret/gcr-io skipped: it contains no access token any more\n"),
        "{output}"
    );
    assert_eq!(fixture.token("gcr-io"), OLD_TOKEN);
}

#[test]
fn host_that_another_client_adds_meanwhile_is_kept() {
    let fixture = Fixture::new("refresh-race-host");
    fixture.add_secret("gcr-io", 1);
    let proxy = FaultProxy::new(fixture.cluster);
    let session = proxy.session();
    let rule = Rule::on("patch", "secrets").namespace(&fixture.namespace);
    let rule = proxy.inject(rule.nth(1), Fault::Delay(Duration::from_secs(3)));
    let run = refresh(&fixture, &session, &["--force-conflicts"]).spawn();
    wait_until("the write", || proxy.hits(rule) > 0);
    let mut merged = fixture.secret_json("gcr-io", 1);
    let mut config = fixture.docker_config("gcr-io");
    let robot = json!({"auth": "cm9ib3Q6cGFzc3dvcmQ="});
    config["auths"]["docker.io"] = robot.clone();
    merged["data"][".dockerconfigjson"] = json!(STANDARD.encode(config.to_string()));
    fixture.apply(&merged);
    let output = run.wait().success();
    assert!(
        output.stdout.ends_with("secret/gcr-io configured\n"),
        "{output}"
    );
    let config = fixture.docker_config("gcr-io");
    assert_eq!(config["auths"]["docker.io"], robot);
    assert_ne!(fixture.token("gcr-io"), OLD_TOKEN);
    // The second attempt uses the token of the first.
    assert_eq!(fixture.google.count("generateAccessToken"), 1);
}

#[test]
fn documented_rules_are_sufficient_and_needed() {
    let fixture = Fixture::new("refresh-rights");
    for (args, verbs, names) in [
        (&[][..], "list,get,patch", ""),
        (&["gcr-io"], "get,patch", "gcr-io"),
    ] {
        let rule = |verbs: &str| {
            let rule = PolicyRule::new(verbs, "secrets");
            if names.is_empty() {
                rule
            } else {
                rule.resource_names(names)
            }
        };
        fixture.add_secret("gcr-io", 1);
        let user = fixture
            .cluster
            .user()
            .allow(&fixture.namespace, &[rule(verbs)]);
        let output = refresh(&fixture, &user.session(), args).run().success();
        assert!(
            output.stdout.ends_with("secret/gcr-io configured\n"),
            "{output}"
        );
        assert_ne!(fixture.token("gcr-io"), OLD_TOKEN);
        for verb in verbs.split(',') {
            fixture.add_secret("gcr-io", 1);
            let others: Vec<&str> = verbs.split(',').filter(|it| *it != verb).collect();
            let user = fixture
                .cluster
                .user()
                .allow(&fixture.namespace, &[rule(&others.join(","))]);
            let output = refresh(&fixture, &user.session(), args).run().exits(1);
            assert!(
                output.stderr.contains("(Forbidden)")
                    && output.stderr.contains("hint: grant this Role rule: {"),
                "{verb} {output}"
            );
            assert_eq!(fixture.token("gcr-io"), OLD_TOKEN, "{verb}");
        }
    }
    assert_eq!(
        fixture.docker_config("gcr-io")["auths"]
            .as_object()
            .map(|it| it.len()),
        Some(1)
    );
    assert!(fixture.docker_config("gcr-io")["auths"][HOST].is_object());
}
