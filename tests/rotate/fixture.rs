//! The fixture of the tests: a fake Google with a key that Secrets of several namespaces carry.

use std::ffi::OsStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::{ControlPlane, FakeGoogle, Invocation, Session, TestCluster};
use serde_json::{Value, json};

/// The account.
pub(crate) const EMAIL: &str = "gcr-pull@demo-project.iam.gserviceaccount.com";
/// The registry.
pub(crate) const REGISTRY: &str = "europe-west1-docker.pkg.dev/demo-project/images";
const PREVIOUS: &str = "kubectl-gcr-secret/previous-key-id";

/// A fake Google with one key, and namespaces whose Secret `gcr-io` carries it.
pub(crate) struct Fixture<'a> {
    pub(crate) google: FakeGoogle,
    pub(crate) cluster: &'a TestCluster,
    pub(crate) namespaces: Vec<String>,
    pub(crate) session: Session,
    /// The ID of the key.
    pub(crate) old: String,
}

impl Fixture<'static> {
    /// Creates `count` namespaces with the Secret in the cluster that all tests share.
    #[track_caller]
    pub(crate) fn new(prefix: &str, count: usize) -> Self {
        Self::in_cluster(ControlPlane::shared(), prefix, count)
    }
}

impl<'a> Fixture<'a> {
    /// Creates `count` namespaces with the Secret in a cluster.
    #[track_caller]
    pub(crate) fn in_cluster(cluster: &'a TestCluster, prefix: &str, count: usize) -> Self {
        let google = FakeGoogle::new();
        google.enable_services(["iam", "artifactregistry"]);
        google.add_repository("europe-west1", "images");
        let namespaces = cluster.create_namespaces(prefix, count);
        let session = cluster.session();
        let mut fixture = Self {
            google,
            cluster,
            namespaces,
            session,
            old: String::new(),
        };
        fixture.old = fixture.add_account("gcr-pull", "gcr-io", &fixture.scope());
        fixture
    }

    /// Creates an account with a key that the Secret `name` of these namespaces carries. Returns the ID of the key.
    #[track_caller]
    pub(crate) fn add_account(&self, account: &str, name: &str, namespaces: &str) -> String {
        let (email, file) = self.google.add_key(account);
        let policy = self.google.repository_policy("europe-west1", "images");
        let mut members = policy["bindings"][0]["members"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        members.push(format!("serviceAccount:{email}").into());
        let role = "roles/artifactregistry.reader";
        let policy = json!({"bindings": [{"role": role, "members": members}]});
        self.google
            .set_repository_policy("europe-west1", "images", policy);
        self.session.file("key.json", &file, 0o600);
        self.create(name, namespaces, ["--registry", REGISTRY]);
        key_id(&file)
    }

    /// Runs `create NAME --key-file key.json ARGS` in these namespaces.
    #[track_caller]
    pub(crate) fn create<A: AsRef<OsStr>>(
        &self,
        name: &str,
        namespaces: &str,
        args: impl IntoIterator<Item = A>,
    ) {
        self.session
            .gcr_secret(["create", name, "--key-file", "key.json", "-n", namespaces])
            .args(args)
            .run()
            .success();
    }

    /// Returns the namespaces as the value of a flag.
    pub(crate) fn scope(&self) -> String {
        self.namespaces.join(",")
    }

    /// Returns `kubectl-gcr_secret rotate -n NAMESPACES ARGS` as the operator of the project.
    pub(crate) fn rotate<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Invocation {
        self.rotate_in(&self.scope(), args)
    }

    /// Returns `kubectl-gcr_secret rotate -n NAMESPACES ARGS` as the operator of the project.
    pub(crate) fn rotate_in<A: AsRef<OsStr>>(
        &self,
        namespaces: &str,
        args: impl IntoIterator<Item = A>,
    ) -> Invocation {
        self.session
            .gcr_secret(["rotate", "-n", namespaces])
            .args(args)
            .envs(self.google.operator_environment())
    }

    /// Returns the ids of the account's keys and whether they are disabled.
    pub(crate) fn keys(&self) -> Vec<(String, bool)> {
        self.google.keys_of(EMAIL)
    }

    /// Returns the only key of the account, which is enabled.
    #[track_caller]
    pub(crate) fn key(&self) -> String {
        let keys = self.keys();
        assert!(keys.len() == 1 && !keys[0].1, "{keys:?}");
        keys[0].0.clone()
    }

    /// Returns the Secret of a namespace.
    #[track_caller]
    pub(crate) fn secret(&self, namespace: &str) -> Value {
        self.cluster.get("secret/gcr-io", namespace)
    }

    /// Returns the ID of the key in the annotation and in the data of each Secret.
    #[track_caller]
    pub(crate) fn carried(&self) -> Vec<String> {
        let namespaces = self.namespaces.iter();
        namespaces
            .map(|namespace| carried_key(&self.secret(namespace)))
            .collect()
    }

    /// Returns the previous keys in the annotations of the Secrets that have any.
    #[track_caller]
    pub(crate) fn previous(&self) -> Vec<String> {
        let secrets = self.namespaces.iter().map(|it| self.secret(it));
        let values = secrets.map(|it| it["metadata"]["annotations"][PREVIOUS].clone());
        values
            .filter_map(|it| it.as_str().map(str::to_owned))
            .collect()
    }

    /// Asserts that the account has one key, which every Secret carries and which is not the first.
    #[track_caller]
    pub(crate) fn assert_rotated(&self) {
        let key = self.key();
        assert_ne!(key, self.old);
        assert_eq!(self.carried(), vec![key; self.namespaces.len()]);
        assert_eq!(self.previous(), [""; 0]);
    }

    /// Asserts that nothing has changed.
    #[track_caller]
    pub(crate) fn assert_untouched(&self) {
        assert_eq!(self.keys(), [(self.old.clone(), false)]);
        let expected = vec![self.old.clone(); self.namespaces.len()];
        assert_eq!(self.carried(), expected);
        assert_eq!(self.previous(), [""; 0]);
    }
}

/// Returns the ids of the keys in the data of a Secret, per entry.
#[track_caller]
pub(crate) fn contained_keys(secret: &Value) -> Vec<String> {
    let config = docker_config(secret);
    let entries = config["auths"].as_object().expect("the config has entries");
    let files = entries.values().map(file_in);
    files.map(|file| key_id(&file)).collect()
}

/// Returns the ID of the key in a key file.
#[track_caller]
pub(crate) fn key_id(file: &str) -> String {
    let file: Value = serde_json::from_str(file).expect("it has the expected form");
    file["private_key_id"]
        .as_str()
        .expect("it has the expected form")
        .to_owned()
}

/// Returns the Docker config in a Secret.
#[track_caller]
pub(crate) fn docker_config(secret: &Value) -> Value {
    let data = secret["data"][".dockerconfigjson"]
        .as_str()
        .expect("it has the expected form");
    serde_json::from_slice(&STANDARD.decode(data).expect("it has the expected form"))
        .expect("it has the expected form")
}

/// Returns the key file in an entry of a Docker config.
#[track_caller]
pub(crate) fn file_in(entry: &Value) -> String {
    let pair = STANDARD
        .decode(entry["auth"].as_str().expect("it has the expected form"))
        .expect("it has the expected form");
    let pair = String::from_utf8(pair).expect("it has the expected form");
    let (user, password) = pair.split_once(':').expect("it has the expected form");
    if user == "_json_key_base64" {
        return String::from_utf8(STANDARD.decode(password).expect("it has the expected form"))
            .expect("it has the expected form");
    }
    password.to_owned()
}

/// Returns the ID of the key that a Secret carries, in its data and in its annotation.
#[track_caller]
pub(crate) fn carried_key(secret: &Value) -> String {
    let config = docker_config(secret);
    let entries = config["auths"]
        .as_object()
        .expect("it has the expected form");
    let id = key_id(&file_in(
        entries.values().next().expect("it has the expected form"),
    ));
    let annotation = &secret["metadata"]["annotations"]["kubectl-gcr-secret/key-id"];
    assert_eq!(annotation.as_str(), Some(id.as_str()));
    id
}
