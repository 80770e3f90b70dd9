//! `bench verify` and `bench doctor`: measures the commands that contact registries, and counts their requests.

use std::num::NonZeroUsize;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::fake_google::{CannedError, Fault, Rule};
use gcr_test_support::{ControlPlane, Error, FakeGoogle, Options, Result, Session};
use serde_json::{Value, json};

use crate::figures::{Figure, Threshold};
use crate::process::{Measured, measure};
use crate::scale::SizeOptions;

/// Number of Secrets of `verify`, one per namespace, and of pods of `doctor`, of which a tenth is stuck.
const SECRETS: usize = 1_000;
const PODS: usize = 2_000;
/// Number of namespaces of the pods.
const POD_NAMESPACES: usize = 20;
const REPOSITORY: &str = "us-docker.pkg.dev/demo-project/images";

/// A cluster, and a fake of Google with a key that may pull from [`REPOSITORY`].
struct Setting {
    cluster: ControlPlane,
    session: Session,
    google: FakeGoogle,
    secret: Value,
}

impl Setting {
    fn new() -> Result<Self> {
        let cluster = ControlPlane::start(Options::new().throwaway())?;
        let session = Session::open(Some(cluster.kubeconfig()))?;
        let google = FakeGoogle::start(0)?;
        google.enable_services(["artifactregistry", "iam"]);
        google.add_repository("us", "images");
        let (email, key) = google.add_key("puller");
        google.allow_pulls("us", "images", &email);
        let manifest = CannedError::new(200, "application/vnd.oci.image.manifest.v1+json", "{}");
        google.inject(Rule::on("registry.content"), Fault::Respond(manifest));
        let auth = STANDARD.encode(format!("_json_key:{key}"));
        let config = json!({"auths": {REPOSITORY: {"auth": auth}}}).to_string();
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": "gcr-io"}, "data": {".dockerconfigjson": STANDARD.encode(config)}});
        Ok(Self {
            cluster,
            session,
            google,
            secret,
        })
    }

    fn create_secrets(&self, namespaces: &[String]) {
        let secrets = namespaces.iter().map(|namespace| {
            let mut secret = self.secret.clone();
            secret["metadata"]["namespace"] = namespace.as_str().into();
            secret
        });
        self.cluster.create(secrets.collect());
    }

    /// Runs the plugin over all namespaces and returns the measurement with the number of requests to the API server.
    fn run(&self, command: &str) -> Result<(Measured, usize)> {
        let words = [command, "-A", "-o", "name", "-v=6"];
        let invocation = self
            .session
            .gcr_secret(words)
            .envs(self.google.environment());
        let measured = measure(invocation.into_command())?;
        let requests = measured
            .stderr
            .lines()
            .filter(|line| line.contains("/api/v1/"));
        let count = requests.count();
        Ok((measured, count))
    }

    /// Measures kubectl's list of the same objects.
    fn kubectl(&self, words: &[&str]) -> Result<f64> {
        let measured = measure(self.session.kubectl(words).into_command())?;
        if !measured.succeeded {
            return Err(Error::during("kubectl get", measured.stderr));
        }
        Ok(measured.wall)
    }
}

/// Measures `verify -A`: equal credentials share one handshake per registry and repository.
///
/// # Errors
/// A command fails, or a handshake is made twice.
pub(crate) fn verify(size: &SizeOptions) -> Result<Vec<Figure>> {
    let count = size.namespaces.map_or(SECRETS, NonZeroUsize::get);
    let setting = Setting::new()?;
    let namespaces = setting.cluster.create_namespaces("verify", count);
    setting.create_secrets(&namespaces);
    let list = [
        "get",
        "secrets",
        "-A",
        "--field-selector=metadata.name=gcr-io",
        "-o",
        "json",
    ];
    let baseline = setting.kubectl(&list)?;
    let (measured, requests) = setting.run("verify")?;
    if !measured.succeeded {
        return Err(Error::during("verify", measured.stderr));
    }
    let label = |what: &str| format!("verify, {count} Secrets: {what}");
    let handshakes = setting.google.count("registry.token") as f64;
    let exchanges = setting.google.count("registry.ping") as f64;
    Ok(vec![
        Figure::times(
            label("time"),
            measured.wall,
            ("kubectl get secrets", baseline),
            Threshold::None,
        ),
        Figure::number(label("tokens"), handshakes, "", Threshold::Exactly(1.0)),
        Figure::number(label("challenges"), exchanges, "", Threshold::Exactly(1.0)),
        Figure::number(
            label("requests to the API server"),
            requests as f64,
            "",
            Threshold::None,
        ),
        Figure::number(label("memory"), measured.peak, "MiB", Threshold::None),
    ])
}

/// Measures `doctor -A`: lists replace requests per pod.
///
/// # Errors
/// A command fails, or does not find the stuck pods.
pub(crate) fn doctor(size: &SizeOptions) -> Result<Vec<Figure>> {
    let count = size.namespaces.map_or(PODS, NonZeroUsize::get);
    let setting = Setting::new()?;
    let namespaces = setting
        .cluster
        .create_namespaces("doctor", POD_NAMESPACES + 1);
    setting.create_secrets(&namespaces);
    let name = |index: usize| format!("web-{index:04}");
    let pods = (0..count).map(|index| {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name(index), "namespace": namespaces[index % namespaces.len()]},
            "spec": {"imagePullSecrets": [{"name": "gcr-io"}],
                "containers": [{"name": "web", "image": format!("{REPOSITORY}/web:1")}]}})
    });
    setting.cluster.create(pods.collect());
    let waiting = json!({"reason": "ImagePullBackOff", "message": "ErrImagePull: 403 Forbidden"});
    let status = json!({"status": {"phase": "Pending", "containerStatuses": [{"name": "web", "image": "x",
        "imageID": "", "ready": false, "restartCount": 0, "state": {"waiting": waiting}}]}});
    for index in (0..count).step_by(10) {
        let namespace = &namespaces[index % namespaces.len()];
        let words = [
            "patch",
            "pod",
            &name(index),
            "-n",
            namespace,
            "--subresource=status",
            "--type=merge",
            "-p",
        ];
        setting
            .cluster
            .kubectl(words)
            .arg(status.to_string())
            .run()
            .success();
    }
    let baseline = setting.kubectl(&["get", "pods", "-A", "-o", "json"])?;
    let (measured, requests) = setting.run("doctor")?;
    if !measured.succeeded {
        return Err(Error::during("doctor", measured.stderr));
    }
    let label = |what: &str| format!("doctor, {count} pods, a tenth of them stuck: {what}");
    let handshakes = setting.google.count("registry.token") as f64;
    Ok(vec![
        Figure::times(
            label("time"),
            measured.wall,
            ("kubectl get pods", baseline),
            Threshold::None,
        ),
        Figure::number(label("tokens"), handshakes, "", Threshold::Exactly(1.0)),
        Figure::number(
            label("requests to the API server"),
            requests as f64,
            "",
            Threshold::None,
        ),
        Figure::number(label("memory"), measured.peak, "MiB", Threshold::None),
    ])
}
