//! Searches for keys, tokens and the credentials of others wherever they must not appear, at the highest verbosity.

use gcr_test_support::Output;
use serde_json::json;

use crate::fixture::{Fixture, HOST};

#[track_caller]
fn assert_absent(fixture: &Fixture, output: &Output) {
    let auth = fixture.auth();
    let key: serde_json::Value = serde_json::from_str(&fixture.key).expect("JSON");
    let pem = key["private_key"].as_str().expect("a string");
    let mut secrets: Vec<&str> = pem.lines().filter(|line| line.len() > 20).collect();
    secrets.push(&auth[..40]);
    secrets.push("password-of-another");
    for text in [&output.stdout, &output.stderr] {
        for secret in &secrets {
            assert!(!text.contains(secret), "a secret is in the output");
        }
    }
}

#[test]
fn no_output_contains_a_credential() {
    let fixture = Fixture::new();
    // base64 of robot:password-of-another.
    let others = json!({"auths": {"x.example": {"auth": "cm9ib3Q6cGFzc3dvcmQtb2YtYW5vdGhlcg==", "password": "password-of-another"}}});
    fixture.write(&others.to_string());
    for args in [
        &["-v=9", "--dry-run=client", "-o", "yaml"][..],
        &["-v=9"],
        &["-v=9", "-o", "json"],
        &["-v=9", "--registry=gcr.io/demo-project/absent"],
    ] {
        let output = fixture.login(args).run();
        assert_absent(&fixture, &output);
    }
    // A helper that prints what it has read, in both streams.
    fixture
        .session
        .script("docker-credential-echo", "tee /dev/stderr\ntest $1 = get");
    fixture.write(&json!({"credsStore": "echo"}).to_string());
    let output = fixture.login(["-v=9"]).run().exits(1);
    assert_absent(&fixture, &output);
    assert!(
        output.stderr.contains("docker-credential-echo store: "),
        "{output}"
    );
}

#[test]
fn credential_is_in_no_argument_and_no_environment() {
    let fixture = Fixture::new();
    fixture.add_helper(
        "spy",
        "tr '\\0' '\\n' < /proc/self/environ > spied; echo \"$0 $@\" >> spied",
    );
    fixture.write("{\"credsStore\":\"spy\"}");
    fixture.login([""; 0]).run().success();
    let spied = std::fs::read_to_string(fixture.session.work().join("spied")).unwrap();
    assert!(spied.contains("docker-credential-spy store"), "{spied}");
    assert!(!spied.contains("PRIVATE") && !spied.contains(&fixture.auth()[..40]));
    assert_eq!(fixture.stored()["ServerURL"], json!(HOST));
}
