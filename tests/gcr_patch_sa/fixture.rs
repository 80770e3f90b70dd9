//! The fixture of most tests: a namespace, a session of its administrator, and access to its ServiceAccounts.

use gcr_test_support::{ControlPlane, Invocation, Output, Session, TestCluster};
use serde_json::{Value, json};

/// A namespace and a session of its administrator.
pub(crate) struct Fixture {
    pub(crate) cluster: &'static TestCluster,
    pub(crate) namespace: String,
    pub(crate) session: Session,
}

impl Fixture {
    /// Creates a namespace that contains the ServiceAccount `default` and the Secret `gcr-io`.
    #[track_caller]
    pub(crate) fn new(prefix: &str) -> Self {
        let fixture = Self::without_secret(prefix);
        fixture.create_secret("gcr-io");
        fixture
    }

    /// Creates a namespace that contains the ServiceAccount `default` and no Secret.
    #[track_caller]
    pub(crate) fn without_secret(prefix: &str) -> Self {
        let cluster = ControlPlane::shared();
        Self {
            cluster,
            namespace: cluster.create_namespace(prefix),
            session: cluster.session(),
        }
    }

    /// Returns the command `kubectl gcr-patch-sa ARGS -n NAMESPACE`.
    pub(crate) fn via_kubectl(&self, args: &[&str]) -> Invocation {
        self.session
            .kubectl(["gcr-patch-sa"])
            .args(args)
            .args(["-n", &self.namespace])
    }

    /// Returns the same command without kubectl: the plugin's executable with ARGS and `-n NAMESPACE`.
    pub(crate) fn direct(&self, args: &[&str]) -> Invocation {
        self.session
            .gcr_patch_sa(args)
            .args(["-n", &self.namespace])
    }

    /// Creates an empty Secret.
    #[track_caller]
    pub(crate) fn create_secret(&self, name: &str) {
        create_secret(self.cluster, &self.namespace, name);
    }

    /// Creates a ServiceAccount with these `imagePullSecrets`.
    #[track_caller]
    pub(crate) fn create_account(&self, name: &str, list: Value) {
        self.cluster
            .create(vec![service_account(&self.namespace, name, list)]);
    }

    /// Replaces the `imagePullSecrets` of a ServiceAccount, as `kubectl patch`.
    #[track_caller]
    pub(crate) fn set_pull_secrets(&self, name: &str, list: Value) {
        self.patch(name, &json!({"imagePullSecrets": list}), "kubectl-patch");
    }

    /// Patches a ServiceAccount with this field manager.
    #[track_caller]
    pub(crate) fn patch(&self, name: &str, patch: &Value, field_manager: &str) {
        self.cluster
            .kubectl(["patch", "serviceaccount", name, "--type=merge", "-p"])
            .arg(patch.to_string())
            .args(["-n", &self.namespace, "--field-manager", field_manager])
            .run()
            .success();
    }

    /// Returns a ServiceAccount from the server, including its managed fields.
    #[track_caller]
    pub(crate) fn get_account(&self, name: &str) -> Value {
        self.cluster
            .get(&format!("serviceaccount/{name}"), &self.namespace)
    }

    /// Returns the `imagePullSecrets` of a ServiceAccount, or null if the field is not set.
    #[track_caller]
    pub(crate) fn pull_secrets(&self, name: &str) -> Value {
        self.get_account(name)["imagePullSecrets"].take()
    }

    /// Returns the `resourceVersion` of a ServiceAccount.
    #[track_caller]
    pub(crate) fn resource_version(&self, name: &str) -> Value {
        self.get_account(name)["metadata"]["resourceVersion"].take()
    }
}

/// Returns the manifest of a ServiceAccount with these `imagePullSecrets`.
pub(crate) fn service_account(namespace: &str, name: &str, list: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": namespace}, "imagePullSecrets": list})
}

/// Creates an empty Secret.
#[track_caller]
pub(crate) fn create_secret(cluster: &TestCluster, namespace: &str, name: &str) {
    cluster.create(vec![json!({"apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace}})]);
}

/// Asserts the complete standard output and standard error.
#[track_caller]
pub(crate) fn assert_output(output: &Output, stdout: &str, stderr: &str) {
    assert!(
        output.stdout == stdout && output.stderr == stderr,
        "expected\n--- stdout\n{stdout}\n--- stderr\n{stderr}\nand got\n{output}"
    );
}
