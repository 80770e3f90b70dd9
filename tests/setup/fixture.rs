//! The fixture of the tests: a fake Google, a namespace, and a session of its administrator.

use std::ffi::OsStr;

use gcr_test_support::fake_google::PROJECT;
use gcr_test_support::{ControlPlane, FakeGoogle, Invocation, Output, Session, TestCluster};
use serde_json::{Value, json};

/// The default account.
pub(crate) const EMAIL: &str = "gcr-pull@demo-project.iam.gserviceaccount.com";
/// The registry of most tests.
pub(crate) const REGISTRY: &str = "europe-west1-docker.pkg.dev/demo-project/images";
/// Its repository.
pub(crate) const REPOSITORY: &str =
    "projects/demo-project/locations/europe-west1/repositories/images";
/// The binding of the role on it.
pub(crate) const BINDING: &str = "roles/artifactregistry.reader on repositories/images";

/// A fake Google with an empty project, and a namespace.
pub(crate) struct Fixture {
    pub(crate) google: FakeGoogle,
    pub(crate) cluster: &'static TestCluster,
    pub(crate) namespace: String,
    pub(crate) session: Session,
}

impl Fixture {
    /// Creates a project without enabled APIs.
    #[track_caller]
    pub(crate) fn new(prefix: &str) -> Self {
        let cluster = ControlPlane::shared();
        Self {
            google: FakeGoogle::new(),
            cluster,
            namespace: cluster.create_namespace(prefix),
            session: cluster.session(),
        }
    }

    /// Creates a project with enabled APIs and the repository of [`REGISTRY`].
    #[track_caller]
    pub(crate) fn prepared(prefix: &str) -> Self {
        let fixture = Self::new(prefix);
        fixture
            .google
            .enable_services(["iam", "iamcredentials", "artifactregistry"]);
        fixture.google.add_repository("europe-west1", "images");
        fixture
    }

    /// Returns `kubectl-gcr_secret setup --registry REGISTRY -n NAMESPACE ARGS` as the operator of the project.
    pub(crate) fn setup<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Invocation {
        self.command(["--registry", REGISTRY, "-n", &self.namespace])
            .args(args)
    }

    /// Returns `kubectl-gcr_secret setup ARGS` as the operator of the project.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Invocation {
        self.session
            .gcr_secret(["setup"])
            .args(args)
            .envs(self.google.operator_environment())
    }

    /// Returns the ids of the account's keys.
    pub(crate) fn keys(&self) -> Vec<String> {
        let keys = self.google.keys_of(EMAIL).into_iter();
        keys.map(|(id, _)| id).collect()
    }

    /// Returns the only key of the account.
    #[track_caller]
    pub(crate) fn key(&self) -> String {
        let keys = self.keys();
        assert_eq!(keys.len(), 1, "{keys:?}");
        keys[0].clone()
    }

    /// Returns the Secret, or `None`.
    #[track_caller]
    pub(crate) fn secret(&self) -> Option<Value> {
        self.cluster.get_opt("secret/gcr-io", &self.namespace)
    }

    /// Returns the ID of the key that the Secret carries.
    #[track_caller]
    pub(crate) fn stored_key(&self) -> Option<String> {
        let secret = self.secret()?;
        let id = &secret["metadata"]["annotations"]["kubectl-gcr-secret/key-id"];
        Some(id.as_str()?.to_owned())
    }

    /// Returns the `imagePullSecrets` of the ServiceAccount `default`.
    #[track_caller]
    pub(crate) fn pull_secrets(&self) -> Value {
        let account = self.cluster.get("serviceaccount/default", &self.namespace);
        account["imagePullSecrets"].clone()
    }

    /// Returns the Docker config in the Secret.
    #[track_caller]
    pub(crate) fn docker_config(&self) -> String {
        let template = r#"go-template={{index .data ".dockerconfigjson" | base64decode}}"#;
        let output = self.cluster.kubectl([
            "get",
            "secret",
            "gcr-io",
            "-o",
            template,
            "-n",
            &self.namespace,
        ]);
        output.run().success().stdout
    }

    /// Returns the end state of the project and of the namespace, without what differs between two runs: the key, its digest
    /// and times.
    #[track_caller]
    pub(crate) fn end_state(&self) -> Value {
        let secret = self.secret().unwrap_or_default();
        let mut annotations = secret["metadata"]["annotations"].clone();
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.remove("kubectl-gcr-secret/key-id");
            annotations.remove("kubectl-gcr-secret/content-digest");
        }
        json!({
            "project": project_summary(&self.google),
            "secret": [secret["type"], secret["metadata"]["labels"], annotations],
            "pull secrets": self.pull_secrets(),
        })
    }

    /// Asserts that the fake and the cluster have the complete end state with one key.
    #[track_caller]
    pub(crate) fn assert_complete(&self) {
        assert_eq!(self.stored_key(), Some(self.key()));
        assert_eq!(self.pull_secrets()[0]["name"], "gcr-io");
        let policy = self.google.repository_policy("europe-west1", "images");
        let member = format!("serviceAccount:{EMAIL}");
        let bindings = policy["bindings"].as_array().cloned().unwrap_or_default();
        let is_granted = |binding: &Value| {
            binding["role"] == "roles/artifactregistry.reader"
                && binding["members"]
                    .as_array()
                    .is_some_and(|it| it.contains(&member.as_str().into()))
        };
        assert!(bindings.iter().any(is_granted), "{policy}");
    }
}

/// Returns the summary of the project.
pub(crate) fn project_summary(google: &FakeGoogle) -> Value {
    let summary = google.summary();
    summary[PROJECT].clone()
}

/// Returns the lines of standard output, sorted.
pub(crate) fn sorted_lines(output: &Output) -> Vec<&str> {
    let mut lines: Vec<&str> = output.stdout.lines().collect();
    lines.sort_unstable();
    lines
}
