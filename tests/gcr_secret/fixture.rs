//! The fixture of most tests: a namespace and a session of its administrator with key files.

use std::ffi::OsStr;

use gcr_test_support::{ControlPlane, Invocation, Output, Session, TestCluster, keys};
use serde_json::{Value, json};

/// A namespace and a session of its administrator, whose work directory contains `key.json` and `rotated-key.json`.
pub(crate) struct Fixture {
    pub(crate) cluster: &'static TestCluster,
    pub(crate) namespace: String,
    pub(crate) session: Session,
}

impl Fixture {
    /// Creates a new namespace. `prefix` becomes part of its name.
    #[track_caller]
    pub(crate) fn new(prefix: &str) -> Self {
        let cluster = ControlPlane::shared();
        let session = cluster.session();
        write_key_files(&session);
        Self {
            cluster,
            namespace: cluster.create_namespace(prefix),
            session,
        }
    }

    /// Returns the command `kubectl gcr-secret create --key-file key.json -n NAMESPACE`.
    pub(crate) fn create_via_kubectl(&self) -> Invocation {
        self.session
            .kubectl(["gcr-secret"])
            .args(self.create_args())
    }

    /// Returns the same command without kubectl, with the plugin's executable.
    pub(crate) fn create(&self) -> Invocation {
        self.session.gcr_secret(self.create_args())
    }

    /// Returns the command of the plugin's executable without a credential: `create -n NAMESPACE`.
    pub(crate) fn create_without_key(&self) -> Invocation {
        self.session.gcr_secret(["create", "-n", &self.namespace])
    }

    fn create_args(&self) -> [&str; 5] {
        ["create", "--key-file", "key.json", "-n", &self.namespace]
    }

    /// Runs `kubectl ARGS -n NAMESPACE` as the administrator and asserts success.
    #[track_caller]
    pub(crate) fn kubectl<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        self.cluster
            .kubectl(args)
            .args(["-n", &self.namespace])
            .run()
            .success()
    }

    /// Creates an object in the namespace. The manifest needs no namespace.
    #[track_caller]
    pub(crate) fn create_object(&self, mut object: Value) {
        object["metadata"]["namespace"] = self.namespace.as_str().into();
        self.cluster.create(vec![object]);
    }

    /// Creates a Secret with `kubectl create secret docker-registry`, for `gcr.io` and with another credential.
    #[track_caller]
    pub(crate) fn create_docker_registry_secret(&self, name: &str) {
        self.kubectl([
            "create",
            "secret",
            "docker-registry",
            name,
            "--docker-server=gcr.io",
            "--docker-username=user",
            "--docker-password=password",
        ]);
    }

    /// Creates a pod that references these Secrets. It is never scheduled.
    #[track_caller]
    pub(crate) fn create_pod(&self, name: &str, secrets: &[&str]) {
        let secrets: Vec<Value> = secrets.iter().map(|name| json!({"name": name})).collect();
        self.create_object(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"containers": [{"name": "c", "image": "gcr.io/p/i"}], "imagePullSecrets": secrets},
        }));
    }

    /// Returns the Secret `gcr-io`.
    #[track_caller]
    pub(crate) fn secret(&self) -> Value {
        self.get("secret/gcr-io")
    }

    /// Returns an object that must exist.
    #[track_caller]
    pub(crate) fn get(&self, object: &str) -> Value {
        self.cluster.get(object, &self.namespace)
    }

    /// Returns an object, or `None` if it does not exist.
    #[track_caller]
    pub(crate) fn find(&self, object: &str) -> Option<Value> {
        self.cluster.get_opt(object, &self.namespace)
    }

    /// Returns the text of a Secret's docker config, decoded by kubectl.
    #[track_caller]
    pub(crate) fn docker_config_text(&self, secret: &str) -> String {
        let template = r#"go-template={{index .data ".dockerconfigjson" | base64decode}}"#;
        self.kubectl(["get", "secret", secret, "-o", template])
            .stdout
    }

    /// Returns a Secret's docker config.
    #[track_caller]
    pub(crate) fn docker_config(&self, secret: &str) -> Value {
        let text = self.docker_config_text(secret);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// Returns the `imagePullSecrets` of a ServiceAccount.
    #[track_caller]
    pub(crate) fn pull_secrets(&self, account: &str) -> Value {
        self.get(&format!("serviceaccount/{account}"))["imagePullSecrets"].clone()
    }
}

/// Returns the annotations of a Secret without the digest, which must have the form `sha256:` and 64 hexadecimal digits.
#[track_caller]
pub(crate) fn annotations_without_digest(secret: &Value) -> Value {
    let mut annotations = secret["metadata"]["annotations"].clone();
    let digest = annotations
        .as_object_mut()
        .and_then(|annotations| annotations.remove("kubectl-gcr-secret/content-digest"));
    let digest = digest.unwrap_or_else(|| panic!("no digest in {secret}"));
    let hex = digest
        .as_str()
        .and_then(|text| text.strip_prefix("sha256:"));
    let is_hex = |hex: &str| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(hex.is_some_and(is_hex), "{digest}");
    annotations
}

/// Writes `key.json` and `rotated-key.json` to the session's work directory.
pub(crate) fn write_key_files(session: &Session) {
    session.file("key.json", keys::KEY, 0o600);
    session.file("rotated-key.json", keys::ROTATED_KEY, 0o600);
}

/// Returns the `resourceVersion` of an object, which changes with each write.
#[track_caller]
pub(crate) fn resource_version(object: &Value) -> &str {
    object["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or_else(|| panic!("no resourceVersion in {object}"))
}

/// Asserts the exit code and the complete lines of standard output and standard error.
#[track_caller]
pub(crate) fn assert_output(output: &Output, code: i32, stdout: &[&str], stderr: &[&str]) {
    let lines = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect();
    let expected: (Option<i32>, String, String) = (Some(code), lines(stdout), lines(stderr));
    assert!(
        (output.code, &output.stdout, &output.stderr) == (expected.0, &expected.1, &expected.2),
        "expected exit code {code}\n--- stdout\n{}\n--- stderr\n{}\nand got\n{output}",
        expected.1,
        expected.2
    );
}

/// Asserts exit code 1, empty standard output and a single error line, and returns the line.
#[track_caller]
pub(crate) fn single_error(output: &Output) -> &str {
    let line = output.stderr.trim_end_matches('\n');
    assert!(
        output.code == Some(1)
            && output.stdout.is_empty()
            && line.starts_with("error: ")
            && !line.contains('\n'),
        "expected one error line\n{output}"
    );
    line
}
