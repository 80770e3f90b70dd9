//! A namespace with a fake of Google, for the commands that contact registries.

use gcr_test_support::Output;
use gcr_test_support::fake_google::FakeGoogle;
use serde_json::Value;

use crate::fixture::Fixture;
use crate::pull_secrets::docker_config;

pub(crate) const HOST: &str = "us-docker.pkg.dev";
pub(crate) const REPOSITORY: &str = "us-docker.pkg.dev/demo-project/images";

/// A namespace, and a fake of Google with an account that may pull from [`REPOSITORY`].
pub(crate) struct Registry {
    pub(crate) fixture: Fixture,
    pub(crate) google: FakeGoogle,
    pub(crate) email: String,
    pub(crate) key: String,
}

impl Registry {
    #[track_caller]
    pub(crate) fn new() -> Self {
        let google = FakeGoogle::new();
        google.enable_services(["artifactregistry", "iam"]);
        google.add_repository("us", "images");
        let (email, key) = google.add_key("puller");
        google.allow_pulls("us", "images", &email);
        let fixture = Fixture::new("verify");
        fixture.session.file("puller.json", &key, 0o600);
        Self {
            fixture,
            google,
            email,
            key,
        }
    }

    /// Creates the Secret `gcr-io` with one entry.
    #[track_caller]
    pub(crate) fn create_secret(&self, entry: &str, user: &str, password: &str) {
        let config = docker_config(&[(entry, user, password)]);
        self.fixture.create_pull_secret("gcr-io", &config);
    }

    pub(crate) fn verify(&self, args: &[&str]) -> Output {
        let words = ["verify", "-n", &self.fixture.namespace];
        let command = self.fixture.session.gcr_secret(words).args(args);
        command.envs(self.google.environment()).run()
    }

    /// Returns the verdict about a login for [`REPOSITORY`], as the line and the JSON state it. No output contains the key.
    #[track_caller]
    pub(crate) fn verdict(&self, user: &str, password: &str) -> String {
        self.create_secret(REPOSITORY, user, password);
        let lines = self.verify(&["-o", "wide"]);
        let output = self.verify(&["-o", "json"]);
        self.fixture.kubectl(["delete", "secret", "gcr-io"]);
        for text in [&lines.stdout, &lines.stderr, &output.stdout, &output.stderr] {
            let secret = password.get(..40).filter(|_| password.len() > 100);
            let body = password.find("MII").map(|at| &password[at..at + 40]);
            for part in secret.into_iter().chain(body) {
                assert!(!text.contains(part), "{text}");
            }
        }
        let finding = finding(&output);
        let verdict = finding["verdict"].as_str().expect("a verdict").to_owned();
        let line = format!("secret/gcr-io {verdict}: {REPOSITORY}");
        assert!(lines.stdout.starts_with(&line), "{line}\n{lines}");
        assert_eq!(output.code, Some(i32::from(verdict != "ok")), "{output}");
        assert_eq!(output.code, lines.code, "{lines}");
        verdict
    }
}

/// Returns the only finding of JSON output.
#[track_caller]
pub(crate) fn finding(output: &Output) -> Value {
    let list: Value =
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{output}"));
    let items = list["items"].as_array().expect("a list");
    assert_eq!(items.len(), 1, "{output}");
    items[0].clone()
}
