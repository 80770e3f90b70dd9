//! Searches for tokens and keys wherever they must not appear, at the highest verbosity.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::Output;
use gcr_test_support::fake_google::{Fault, Rule};
use serde_json::Value;

use crate::fixture::{Fixture, REGISTRY};

/// Returns every secret of the run: the operator's token, the lines of the private key, and the `auth` of the Secret.
fn secrets(fixture: &Fixture) -> Vec<String> {
    let mut secrets = vec![fixture.google.operator_token().to_owned()];
    let config: Value = serde_json::from_str(&fixture.docker_config()).expect("the config is JSON");
    let entries = config["auths"].as_object().expect("the config has entries");
    for entry in entries.values() {
        let auth = entry["auth"].as_str().expect("an entry has auth");
        let decoded = String::from_utf8(STANDARD.decode(auth).expect("auth is base64"))
            .expect("auth is text");
        let (_, password) = decoded.split_once(':').expect("auth has a password");
        if let Ok(file) = serde_json::from_str::<Value>(password) {
            let pem = file["private_key"].as_str().expect("the file has a key");
            let body = pem.lines().filter(|line| !line.starts_with("---"));
            secrets.extend(body.map(str::to_owned));
        } else {
            secrets.push(password.to_owned());
        }
        secrets.push(auth.to_owned());
    }
    secrets
}

#[track_caller]
fn assert_absent(secrets: &[String], output: &Output) {
    for (stream, text) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        for secret in secrets {
            let window = &secret[..secret.len().min(24)];
            assert!(!text.contains(window), "a secret is in {stream}");
        }
    }
}

#[test]
fn no_output_contains_a_secret() {
    let fixture = Fixture::prepared("setup-canary");
    let first = fixture.setup(["-v=9"]).run().success();
    let mut outputs = vec![first];
    for args in [
        &["-v=9"][..],
        &["-v=9", "-o", "yaml", "--show-managed-fields"],
        &["-v=9", "-o", "json"],
        &["-v=9", "--dry-run=client", "-o", "yaml"],
        &["-v=9", "--dry-run=client"],
    ] {
        outputs.push(fixture.setup(args).run().success());
    }
    let secrets = secrets(&fixture);
    for output in &outputs {
        assert_absent(&secrets, output);
        assert!(
            output
                .stderr
                .contains("https://serviceusage.googleapis.com/v1/projects/demo-project/services/"),
            "{output}"
        );
        assert!(!output.stderr.contains("ya29."), "{output}");
    }
}

#[test]
fn echoed_requests_show_no_secret() {
    let fixture = Fixture::prepared("setup-echo");
    fixture.setup([""; 0]).run().success();
    let secrets = secrets(&fixture);
    for method in [
        "services.get",
        "repositories.get",
        "serviceAccounts.get",
        "keys.list",
        "repositories.getIamPolicy",
    ] {
        fixture.google.clear_faults();
        fixture.google.inject(Rule::on(method), Fault::Echo);
        let output = fixture.setup(["-v=9"]).run().failure();
        assert_absent(&secrets, &output);
        assert!(output.stderr.contains("***"), "{method}\n{output}");
    }
    // The registry's own endpoints get the key itself.
    fixture.google.clear_faults();
    for rule in [
        Rule::on("*").path("/v2/token"),
        Rule::on("*").path("/token"),
    ] {
        fixture.google.clear_faults();
        fixture.google.inject(rule, Fault::Echo);
        let output = fixture.setup(["-v=9", "--timeout", "1s"]).run().failure();
        assert_absent(&secrets, &output);
    }
}

#[test]
fn key_is_nowhere_on_disk() {
    let fixture = Fixture::prepared("setup-disk");
    fixture.setup(["--report", "report.jsonl"]).run().success();
    let secrets = secrets(&fixture);
    for directory in [fixture.session.work(), fixture.session.home()] {
        for entry in std::fs::read_dir(directory).unwrap().flatten() {
            let Ok(text) = std::fs::read_to_string(entry.path()) else {
                continue;
            };
            assert!(
                secrets.iter().all(|secret| !text.contains(secret.as_str())),
                "{:?}",
                entry.path()
            );
        }
    }
}

#[test]
fn unverified_connection_gets_no_key_and_none_is_made() {
    let fixture = Fixture::prepared("setup-unverified-tls");
    let config = std::fs::read_to_string(fixture.session.kubeconfig()).unwrap();
    let insecure: String = config
        .lines()
        .map(|line| {
            if line.trim_start().starts_with("certificate-authority") {
                format!(
                    "{}insecure-skip-tls-verify: true\n",
                    &line[..line.len() - line.trim_start().len()]
                )
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    std::fs::write(fixture.session.kubeconfig(), insecure).unwrap();
    let output = fixture
        .command(["--registry", REGISTRY, "-n", &fixture.namespace])
        .run()
        .failure();
    assert!(
        output.stderr.contains("refusing to send the key"),
        "{output}"
    );
    assert!(fixture.google.requests().is_empty());
}
