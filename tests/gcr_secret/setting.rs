//! What most tests start from: a namespace of their own, and somebody at a shell there with a key in a file.

use std::ffi::OsStr;

use gcr_test_support::{ControlPlane, Invocation, Output, Session, TestCluster, keys};
use serde_json::Value;

/// A namespace and its administrator, whose work directory holds `key.json` and `rotated-key.json`.
pub(crate) struct Setting {
    pub(crate) cluster: &'static TestCluster,
    pub(crate) namespace: String,
    pub(crate) session: Session,
}

impl Setting {
    /// `noun` becomes part of the namespace's name.
    #[track_caller]
    pub(crate) fn new(noun: &str) -> Self {
        let cluster = ControlPlane::shared();
        let session = cluster.session();
        give_keys(&session);
        Self {
            cluster,
            namespace: cluster.create_namespace(noun),
            session,
        }
    }

    /// `kubectl gcr-secret create --key-file key.json -n NAMESPACE`
    pub(crate) fn typed(&self) -> Invocation {
        self.session.kubectl(["gcr-secret"]).args(self.key_words())
    }

    /// The same with the plugin called directly.
    pub(crate) fn create(&self) -> Invocation {
        self.session.gcr_secret(self.key_words())
    }

    /// The plugin called directly, without a credential: `gcr-secret create -n NAMESPACE`.
    pub(crate) fn bare(&self) -> Invocation {
        self.session.gcr_secret(["create", "-n", &self.namespace])
    }

    fn key_words(&self) -> [&str; 5] {
        ["create", "--key-file", "key.json", "-n", &self.namespace]
    }

    /// `kubectl … -n NAMESPACE` as the administrator; it must succeed.
    #[track_caller]
    pub(crate) fn kubectl<A: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = A>) -> Output {
        self.cluster
            .kubectl(words)
            .args(["-n", &self.namespace])
            .run()
            .success()
    }

    /// An object of the namespace, given whole but for its namespace.
    #[track_caller]
    pub(crate) fn object(&self, mut object: Value) {
        object["metadata"]["namespace"] = self.namespace.as_str().into();
        self.cluster.create(vec![object]);
    }

    /// A Secret as kubectl makes it by hand, for `gcr.io` with another credential.
    #[track_caller]
    pub(crate) fn made_by_hand(&self, name: &str) {
        self.kubectl([
            "create",
            "secret",
            "docker-registry",
            name,
            "--docker-server=gcr.io",
            "--docker-username=somebody",
            "--docker-password=else",
        ]);
    }

    /// `secret/gcr-io`.
    #[track_caller]
    pub(crate) fn secret(&self) -> Value {
        self.get("secret/gcr-io")
    }

    /// An object that is there.
    #[track_caller]
    pub(crate) fn get(&self, object: &str) -> Value {
        self.cluster.get(object, &self.namespace)
    }

    /// An object that may not be there.
    #[track_caller]
    pub(crate) fn find(&self, object: &str) -> Option<Value> {
        self.cluster.get_opt(object, &self.namespace)
    }

    /// The text of a Secret's docker config, decoded by kubectl.
    #[track_caller]
    pub(crate) fn config_text(&self, secret: &str) -> String {
        let template = r#"go-template={{index .data ".dockerconfigjson" | base64decode}}"#;
        self.kubectl(["get", "secret", secret, "-o", template])
            .stdout
    }

    /// A Secret's docker config.
    #[track_caller]
    pub(crate) fn config(&self, secret: &str) -> Value {
        let text = self.config_text(secret);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// The names in an account's `imagePullSecrets`.
    #[track_caller]
    pub(crate) fn pull_secrets(&self, account: &str) -> Value {
        self.get(&format!("serviceaccount/{account}"))["imagePullSecrets"].clone()
    }
}

/// Puts `key.json` and `rotated-key.json` where commands run.
pub(crate) fn give_keys(session: &Session) {
    session.file("key.json", keys::KEY, 0o600);
    session.file("rotated-key.json", keys::ROTATED_KEY, 0o600);
}

/// What shows whether an object was written.
#[track_caller]
pub(crate) fn version(object: &Value) -> &str {
    object["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or_else(|| panic!("no resourceVersion in {object}"))
}

/// The exit code and all that was said, line by line.
#[track_caller]
pub(crate) fn assert_said(output: &Output, code: i32, stdout: &[&str], stderr: &[&str]) {
    let lines = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect();
    let wanted: (Option<i32>, String, String) = (Some(code), lines(stdout), lines(stderr));
    assert!(
        (output.code, &output.stdout, &output.stderr) == (wanted.0, &wanted.1, &wanted.2),
        "expected exit code {code}\n--- stdout\n{}\n--- stderr\n{}\nand got\n{output}",
        wanted.1,
        wanted.2
    );
}

/// Exit code 1, nothing on standard output, and one line of error, which is returned.
#[track_caller]
pub(crate) fn one_error(output: &Output) -> &str {
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
