//! Searches for tokens and keys wherever they must not appear, at the highest verbosity, also under hostile replies.

use gcr_test_support::Output;
use gcr_test_support::fake_google::{CannedError, Fault, Rule};
use serde_json::Value;

use crate::fixture::{Fixture, docker_config, file_in};

/// Returns the operator's token, and the secret parts of the keys in the Secrets.
fn secrets(fixture: &Fixture) -> Vec<String> {
    let mut secrets = vec![fixture.google.operator_token().to_owned()];
    for namespace in &fixture.namespaces {
        let config = docker_config(&fixture.secret(namespace));
        for entry in config["auths"]
            .as_object()
            .expect("it has the expected form")
            .values()
        {
            // The beginning of the base64 text is public.
            let auth = entry["auth"].as_str().expect("it has the expected form");
            secrets.push(auth[auth.len() / 2..].to_owned());
            let file: Value =
                serde_json::from_str(&file_in(entry)).expect("it has the expected form");
            let pem = file["private_key"]
                .as_str()
                .expect("it has the expected form");
            let body = pem.lines().filter(|line| !line.starts_with("---"));
            secrets.extend(body.map(str::to_owned));
        }
    }
    secrets
}

#[track_caller]
fn assert_absent(secrets: &[String], output: &Output) {
    for (stream, text) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        for secret in secrets {
            let window = &secret[..secret.len().min(24)];
            let place = text.find(window).map(|at| text[..at].lines().last());
            assert_eq!(place, None, "a secret is in {stream}");
        }
    }
}

#[test]
fn no_output_contains_a_secret() {
    let fixture = Fixture::new("rotate-canary", 1);
    for args in [
        &["-v=9", "--dry-run=client", "-o", "yaml"][..],
        &["-v=9"],
        &["-v=9", "-o", "yaml", "--show-managed-fields"],
        &["-v=9", "-o", "json", "--keep-old"],
    ] {
        let mut known = secrets(&fixture);
        let output = fixture.rotate(args).run().success();
        known.extend(secrets(&fixture));
        assert_absent(&known, &output);
    }
}

#[test]
fn hostile_replies_reveal_nothing_and_keep_the_key() {
    for (method, fault) in [
        ("keys.list", Fault::Echo),
        ("keys.create", Fault::Echo),
        ("keys.create", Fault::Truncated),
        ("keys.get", Fault::Huge(3_000_000)),
        (
            "keys.disable",
            Fault::Respond(CannedError::captive_portal()),
        ),
        ("keys.delete", Fault::Echo),
        ("registry.token", Fault::Echo),
    ] {
        let fixture = Fixture::new("rotate-hostile", 1);
        fixture.google.inject(Rule::on(method), fault.clone());
        let mut known = secrets(&fixture);
        let output = fixture.rotate(["-v=9", "--timeout=1s"]).run();
        known.extend(secrets(&fixture));
        assert_absent(&known, &output);
        let keys = fixture.keys();
        for carried in fixture.carried() {
            assert!(
                keys.contains(&(carried, false)),
                "{method} {fault:?} {keys:?}\n{output}"
            );
        }
    }
}
