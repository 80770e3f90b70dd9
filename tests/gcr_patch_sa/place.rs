//! Where a test works: a namespace of its own, a person at a shell there, and what the server holds of its accounts.

use gcr_test_support::{ControlPlane, Invocation, Output, Session, TestCluster};
use serde_json::{Value, json};

/// A namespace, and an administrator at a shell.
pub(crate) struct Place {
    pub(crate) cluster: &'static TestCluster,
    pub(crate) namespace: String,
    pub(crate) session: Session,
}

impl Place {
    /// A new namespace that holds the account `default` and the Secret `gcr-io`.
    #[track_caller]
    pub(crate) fn new(prefix: &str) -> Self {
        let place = Self::without_secret(prefix);
        place.secret("gcr-io");
        place
    }

    /// A new namespace that holds the account `default` alone.
    #[track_caller]
    pub(crate) fn without_secret(prefix: &str) -> Self {
        let cluster = ControlPlane::shared();
        Self {
            cluster,
            namespace: cluster.create_namespace(prefix),
            session: cluster.session(),
        }
    }

    /// `kubectl gcr-patch-sa … -n NAMESPACE`
    pub(crate) fn typed(&self, words: &[&str]) -> Invocation {
        self.session
            .kubectl(["gcr-patch-sa"])
            .args(words)
            .args(["-n", &self.namespace])
    }

    /// The plugin called directly, with `-n NAMESPACE`.
    pub(crate) fn called(&self, words: &[&str]) -> Invocation {
        self.session
            .gcr_patch_sa(words)
            .args(["-n", &self.namespace])
    }

    /// Makes a Secret.
    #[track_caller]
    pub(crate) fn secret(&self, name: &str) {
        put_secret(self.cluster, &self.namespace, name);
    }

    /// Makes an account that refers to these.
    #[track_caller]
    pub(crate) fn account(&self, name: &str, list: Value) {
        self.cluster
            .create(vec![account(&self.namespace, name, list)]);
    }

    /// Replaces the whole list of an account.
    #[track_caller]
    pub(crate) fn put(&self, name: &str, list: Value) {
        self.patch(name, &json!({"imagePullSecrets": list}), "kubectl-patch");
    }

    /// Changes an account under a field manager's name.
    #[track_caller]
    pub(crate) fn patch(&self, name: &str, patch: &Value, field_manager: &str) {
        self.cluster
            .kubectl(["patch", "serviceaccount", name, "--type=merge", "-p"])
            .arg(patch.to_string())
            .args(["-n", &self.namespace, "--field-manager", field_manager])
            .run()
            .success();
    }

    /// The account as the server holds it.
    #[track_caller]
    pub(crate) fn stored(&self, name: &str) -> Value {
        self.cluster
            .get(&format!("serviceaccount/{name}"), &self.namespace)
    }

    /// Its `imagePullSecrets`; null where the field is not there.
    #[track_caller]
    pub(crate) fn entries(&self, name: &str) -> Value {
        self.stored(name)["imagePullSecrets"].take()
    }

    /// Its `resourceVersion`.
    #[track_caller]
    pub(crate) fn version(&self, name: &str) -> Value {
        self.stored(name)["metadata"]["resourceVersion"].take()
    }
}

/// An account that refers to these Secrets.
pub(crate) fn account(namespace: &str, name: &str, list: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": namespace}, "imagePullSecrets": list})
}

/// Makes a Secret that an account can refer to.
#[track_caller]
pub(crate) fn put_secret(cluster: &TestCluster, namespace: &str, name: &str) {
    cluster.create(vec![json!({"apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace}})]);
}

/// Asserts both streams, whole.
#[track_caller]
pub(crate) fn says(output: &Output, stdout: &str, stderr: &str) {
    assert!(
        output.stdout == stdout && output.stderr == stderr,
        "expected\n--- stdout\n{stdout}\n--- stderr\n{stderr}\nand got\n{output}"
    );
}
