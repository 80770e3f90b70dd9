//! The fixture of the tests: a fake Google with a service account whose tokens the operator may get, and a namespace.

use std::ffi::OsStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::fake_google::OPERATOR;
use gcr_test_support::{ControlPlane, FakeGoogle, Invocation, Session, TestCluster};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

/// The account of most Secrets.
pub(crate) const EMAIL: &str = "puller@demo-project.iam.gserviceaccount.com";
/// The registry of most Secrets, as an entry of a Docker config.
pub(crate) const HOST: &str = "europe-west1-docker.pkg.dev";
/// The token that [`Fixture::secret_json`] writes.
pub(crate) const OLD_TOKEN: &str = "ya29.old-token-of-the-test-0123456789";

/// The annotation with the time at which a token expires.
pub(crate) const EXPIRES: &str = "kubectl-gcr-secret/expires";
/// The annotation with the service account.
pub(crate) const ACCOUNT: &str = "kubectl-gcr-secret/account";
/// The annotation with the registry hosts.
pub(crate) const REGISTRIES: &str = "kubectl-gcr-secret/registries";
/// The annotation with the digest.
pub(crate) const DIGEST: &str = "kubectl-gcr-secret/content-digest";

/// A fake Google and a namespace.
pub(crate) struct Fixture<'a> {
    pub(crate) google: FakeGoogle,
    pub(crate) cluster: &'a TestCluster,
    pub(crate) namespace: String,
    pub(crate) session: Session,
}

impl Fixture<'static> {
    /// Creates a namespace in the cluster that all tests share.
    #[track_caller]
    pub(crate) fn new(prefix: &str) -> Self {
        Self::in_cluster(ControlPlane::shared(), prefix)
    }
}

impl<'a> Fixture<'a> {
    /// Creates a namespace in a cluster.
    #[track_caller]
    pub(crate) fn in_cluster(cluster: &'a TestCluster, prefix: &str) -> Self {
        let google = FakeGoogle::new();
        google.enable_services(["iam", "iamcredentials", "artifactregistry"]);
        google.add_repository("europe-west1", "images");
        add_account(&google, "puller");
        google.allow_pulls("europe-west1", "images", EMAIL);
        Self {
            google,
            cluster,
            namespace: cluster.create_namespace(prefix),
            session: cluster.session(),
        }
    }

    /// Returns `kubectl-gcr_secret refresh -n NAMESPACE ARGS` as the operator of the project.
    pub(crate) fn refresh<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Invocation {
        self.command(["-n", &self.namespace]).args(args)
    }

    /// Returns `kubectl-gcr_secret refresh ARGS` as the operator of the project.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Invocation {
        self.session
            .gcr_secret(["refresh"])
            .args(args)
            .envs(self.google.operator_environment())
    }

    /// Writes the Secret `gcr-io` with a token of [`EMAIL`] as `setup` does.
    #[track_caller]
    pub(crate) fn set_up(&self, args: &[&str]) {
        let registry = format!("{HOST}/demo-project/images");
        self.session
            .gcr_secret(["setup", "--credential=token", "--attach=false", "-n"])
            .args([
                self.namespace.as_str(),
                "--iam-account=puller",
                "--registry",
            ])
            .arg(registry)
            .args(args)
            .envs(self.google.operator_environment())
            .run()
            .success();
    }

    /// Returns a Secret with the token [`OLD_TOKEN`], as another run of the plugin would have written it, without a digest. It
    /// expires in `minutes`.
    pub(crate) fn secret_json(&self, name: &str, minutes: i64) -> Value {
        let auth = STANDARD.encode(format!("oauth2accesstoken:{OLD_TOKEN}"));
        let config = json!({"auths": {HOST: {"auth": auth}}}).to_string();
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {
                "name": name, "namespace": self.namespace,
                "labels": {"app.kubernetes.io/managed-by": "kubectl-gcr-secret"},
                "annotations": {
                    "kubectl-gcr-secret/credential": "access-token",
                    ACCOUNT: EMAIL, EXPIRES: in_minutes(minutes), REGISTRIES: HOST,
                },
            },
            "data": {".dockerconfigjson": STANDARD.encode(config)},
        })
    }

    /// Applies an object as the field manager of the plugin.
    #[track_caller]
    pub(crate) fn apply(&self, object: &Value) {
        self.apply_as("kubectl-gcr-secret", object);
    }

    /// Applies an object as this field manager.
    #[track_caller]
    pub(crate) fn apply_as(&self, manager: &str, object: &Value) {
        let manager = format!("--field-manager={manager}");
        self.cluster
            .kubectl([
                "apply",
                "--server-side",
                "--force-conflicts",
                &manager,
                "-f",
                "-",
            ])
            .stdin(object.to_string())
            .run()
            .success();
    }

    /// Applies the Secret of [`Fixture::secret_json`].
    #[track_caller]
    pub(crate) fn add_secret(&self, name: &str, minutes: i64) {
        self.apply(&self.secret_json(name, minutes));
    }

    /// Returns a Secret.
    #[track_caller]
    pub(crate) fn secret(&self, name: &str) -> Value {
        self.cluster.get(&format!("secret/{name}"), &self.namespace)
    }

    /// Returns an annotation of a Secret.
    #[track_caller]
    pub(crate) fn annotation(&self, name: &str, key: &str) -> Option<String> {
        let secret = self.secret(name);
        Some(secret["metadata"]["annotations"][key].as_str()?.to_owned())
    }

    /// Returns the Docker config in a Secret.
    #[track_caller]
    pub(crate) fn docker_config(&self, name: &str) -> Value {
        docker_config(&self.secret(name))
    }

    /// Returns the token in the entry for [`HOST`], or a repository of it, of a Secret.
    #[track_caller]
    pub(crate) fn token(&self, name: &str) -> String {
        let config = self.docker_config(name);
        let auths = config["auths"].as_object().expect("the config has entries");
        let entry = auths.iter().find(|(host, _)| host.starts_with(HOST));
        token_in(entry.expect("the config has the host").1)
    }
}

/// Adds a service account to the project whose tokens the operator may get. Returns its email address.
pub(crate) fn add_account(google: &FakeGoogle, name: &str) -> String {
    let (email, _) = google.add_key(name);
    google.grant_on_account(&email, "roles/iam.serviceAccountTokenCreator", OPERATOR);
    email
}

/// Returns the time in this number of minutes, as the annotation has it.
pub(crate) fn in_minutes(minutes: i64) -> String {
    (Timestamp::now() + minutes.minutes()).to_string()
}

/// Returns the Docker config in a Secret.
#[track_caller]
pub(crate) fn docker_config(secret: &Value) -> Value {
    let data = secret["data"][".dockerconfigjson"]
        .as_str()
        .expect("the Secret has data");
    let config = STANDARD.decode(data).expect("the data is base64");
    serde_json::from_slice(&config).expect("the config is JSON")
}

/// Returns the access token in an entry of a Docker config.
#[track_caller]
pub(crate) fn token_in(entry: &Value) -> String {
    let auth = entry["auth"].as_str().expect("the entry has auth");
    let pair = STANDARD.decode(auth).expect("auth is base64");
    let pair = String::from_utf8(pair).expect("auth is text");
    let token = pair.strip_prefix("oauth2accesstoken:");
    token.expect("the user is that of access tokens").to_owned()
}
