//! Tests `--verify` against a fake Google, through the real plugin gcr-secret.

use gcr_test_support::{FakeGoogle, Invocation};
use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output};

const REPOSITORY: &str = "europe-west1-docker.pkg.dev/demo-project/images";

/// A namespace whose Secret `gcr-io` holds a key of the fake.
struct Verified {
    fixture: Fixture,
    google: FakeGoogle,
    email: String,
}

impl Verified {
    fn new() -> Self {
        let fixture = Fixture::without_secret("verify");
        let google = FakeGoogle::new();
        google.enable_services(["artifactregistry", "iam"]);
        google.add_repository("europe-west1", "images");
        let (email, file) = google.add_key("gcr-pull");
        google.allow_pulls("europe-west1", "images", &email);
        fixture.session.file("key.json", file, 0o600);
        let create = ["create", "--key-file=key.json", "--registry", REPOSITORY];
        let create = fixture.session.gcr_secret(create);
        create.args(["-n", &fixture.namespace]).run().success();
        Self {
            fixture,
            google,
            email,
        }
    }

    fn patch(&self, args: &[&str]) -> Invocation {
        self.fixture.direct(args).envs(self.google.environment())
    }
}

#[test]
fn secret_that_the_registry_accepts_is_added() {
    let verified = Verified::new();
    let output = verified.patch(&["--verify"]).run().success();
    assert_output(&output, "serviceaccount/default patched\n", "");
    assert!(verified.google.count("registry.token") > 0);
    let list = verified.fixture.pull_secrets("default");
    assert_eq!(list, json!([{"name": "gcr-io"}]));
}

#[test]
fn secret_that_the_registry_refuses_is_not_added() {
    let verified = Verified::new();
    verified.google.disable_keys(&verified.email);
    let output = verified.patch(&["--verify"]).run().exits(1);
    assert_eq!(output.stdout, "");
    let mut lines = output.stderr.lines();
    let problem = lines.find(|line| line.contains("key-revoked")).unwrap();
    assert!(problem.starts_with("error: secret/gcr-io key-revoked: "));
    assert!(problem.ends_with("; nothing was written"), "{problem}");
    assert_eq!(verified.fixture.pull_secrets("default"), Value::Null);
}

#[test]
fn missing_secret_is_not_added() {
    let verified = Verified::new();
    let output = verified
        .patch(&["--verify", "--secret=mirror", "-o", "json"])
        .run()
        .exits(1);
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains("secrets \"mirror\" not found"));
    assert!(output.stderr.contains("nothing was written"));
    assert_eq!(verified.fixture.pull_secrets("default"), Value::Null);
}

#[test]
fn missing_plugin_is_named_with_its_installation() {
    let fixture = Fixture::new("verify");
    let output = fixture
        .direct(&["--verify"])
        .env("PATH", "/nonexistent")
        .run()
        .exits(1);
    let expected = "error: --verify runs the plugin gcr-secret, but kubectl-gcr_secret is not in PATH; nothing was written\n\
                    hint: install it with `kubectl krew install gcr-secret`\n";
    assert!(output.stderr.starts_with(expected), "{output}");
    assert_eq!(fixture.pull_secrets("default"), Value::Null);
}

#[test]
fn removal_verifies_nothing() {
    let fixture = Fixture::new("verify");
    let output = fixture.direct(&["--remove", "--verify"]).run().exits(1);
    let expected = "error: --verify cannot be used with --remove\n";
    assert_output(&output, "", expected);
}
