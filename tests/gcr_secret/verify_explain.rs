//! Tests `verify --explain`: what Google tells the operator about a refusal.

use gcr_test_support::Output;
use serde_json::{Value, json};

use crate::registry::{HOST, REPOSITORY, Registry, finding};

impl Registry {
    fn explain(&self, args: &[&str]) -> Output {
        let words = ["verify", "--explain", "-n", &self.fixture.namespace];
        let command = self.fixture.session.gcr_secret(words).args(args);
        command.envs(self.google.operator_environment()).run()
    }

    /// Returns verdict and message, and the status of the last step.
    #[track_caller]
    fn explained(&self, args: &[&str]) -> (String, String, Value) {
        let found = finding(&self.explain(&[&["-o", "json"], args].concat()).exits(1));
        let text = |name: &str| found[name].as_str().expect("a text").to_owned();
        let step = found["steps"]
            .as_array()
            .and_then(|it| it.last())
            .expect("a step");
        assert_eq!(step["name"], "explain");
        (text("verdict"), text("message"), step["status"].clone())
    }
}

#[test]
fn missing_role_and_missing_repository_are_told_apart() {
    let registry = Registry::new();
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry
        .google
        .set_repository_policy("us", "images", json!({}));
    let start = format!(
        "secret/gcr-io permission-denied: {REPOSITORY}: the repository exists, and {} lacks the role \
         roles/artifactregistry.reader on it (DENIED: ",
        registry.email
    );
    let output = registry.explain(&["--registry", REPOSITORY]).exits(1);
    assert!(output.stdout.starts_with(&start), "{output}");
    let absent = format!("{HOST}/demo-project/absent");
    let (verdict, message, status) = registry.explained(&["--registry", &absent]);
    assert_eq!(
        (verdict.as_str(), status),
        ("repository-not-found", json!(404))
    );
    let start =
        "the repository absent does not exist in location us of project demo-project (DENIED: ";
    assert!(message.starts_with(start), "{message}");
    // Without the flag, Google's answer stays as vague as it is.
    let vague = registry.verify(&["--registry", &absent]).exits(1);
    let start = format!(
        "secret/gcr-io permission-denied: {absent}: the role is missing, or the repository does not exist (DENIED: "
    );
    assert!(vague.stdout.starts_with(&start), "{vague}");
}

#[test]
fn end_of_key_is_named() {
    let registry = Registry::new();
    registry.create_secret(HOST, "_json_key", &registry.key);
    let id = registry.google.keys_of(&registry.email)[0].0.clone();
    registry.google.disable_keys(&registry.email);
    let (verdict, message, status) = registry.explained(&[]);
    assert_eq!((verdict.as_str(), status), ("key-revoked", json!(200)));
    assert!(
        message.starts_with(&format!("the key {id} is disabled (")),
        "{message}"
    );
    registry.google.delete_key(&registry.email, &id);
    let (verdict, message, status) = registry.explained(&[]);
    assert_eq!((verdict.as_str(), status), ("key-revoked", json!(404)));
    assert!(
        message.starts_with(&format!("the key {id} was deleted (")),
        "{message}"
    );
}

#[test]
fn operator_without_rights_or_credentials_leaves_the_verdict() {
    let registry = Registry::new();
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry
        .google
        .set_repository_policy("us", "images", json!({}));
    registry
        .google
        .deny("artifactregistry.repositories.get", "demo-project");
    let (verdict, message, status) = registry.explained(&["--registry", REPOSITORY]);
    assert_eq!(
        (verdict.as_str(), status),
        ("permission-denied", json!(null))
    );
    let start = "the role is missing, or the repository does not exist; --explain does not tell: get repository ";
    assert!(message.starts_with(start), "{message}");
    let words = [
        "verify",
        "--explain",
        "-n",
        &registry.fixture.namespace,
        "--registry",
        REPOSITORY,
    ];
    let command = registry.fixture.session.gcr_secret(words);
    let output = command.envs(registry.google.environment()).run().exits(1);
    assert!(
        output.stdout.contains("; --explain does not tell: "),
        "{output}"
    );
}

#[test]
fn working_credential_needs_no_operator() {
    let registry = Registry::new();
    registry.create_secret(REPOSITORY, "_json_key", &registry.key);
    let output = registry.explain(&[]).success();
    assert_eq!(output.stdout, format!("secret/gcr-io ok: {REPOSITORY}\n"));
    assert_eq!(registry.google.count("repositories.get"), 0);
}
