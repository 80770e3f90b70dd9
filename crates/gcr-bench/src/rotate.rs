//! `bench rotate`: measures `kubectl gcr-secret rotate` of one key in many namespaces, beside `create` with a new key over the
//! same Secrets.

use std::num::NonZeroUsize;

use gcr_test_support::{ControlPlane, Error, FakeGoogle, Options, Result, Session};

use crate::figures::{Figure, Threshold};
use crate::interleave::{Variant, interleave};
use crate::process::{Measured, measure};
use crate::samples::print_table;
use crate::scale::SizeOptions;

/// Usual number of namespaces.
const NAMESPACES: usize = 1_000;
const ROUNDS: usize = 3;
const REGISTRY: &str = "europe-west1-docker.pkg.dev/demo-project/images";
const EMAIL: &str = "gcr-pull@demo-project.iam.gserviceaccount.com";
const CREATE: &str = "kubectl-gcr_secret create -A, a new key";
const ROTATE: &str = "kubectl-gcr_secret rotate -A";
/// Maximum ratio of the rotation's time to that of `create`. A rotation also searches the cluster before and after the writes, and
/// removes an annotation from some of the Secrets after the end of the old key.
const THRESHOLD: f64 = 1.3;

/// Maximum number of writes per Secret: at most 100 Secrets get a second one, which removes the annotation with the previous key.
const WRITES: f64 = 1.1;

/// A cluster, and a fake of Google with the account whose key the Secrets carry.
struct Setting {
    cluster: ControlPlane,
    session: Session,
    google: FakeGoogle,
    /// Number of Secrets: those of the created namespaces, and that of `default`.
    count: usize,
}

impl Setting {
    fn new(count: usize) -> Result<Self> {
        let cluster = ControlPlane::start(Options::new().throwaway())?;
        let session = Session::open(Some(cluster.kubeconfig()))?;
        let google = FakeGoogle::start(0)?;
        google.enable_services(["artifactregistry", "iam"]);
        google.add_repository("europe-west1", "images");
        google.add_key("gcr-pull");
        google.allow_pulls("europe-west1", "images", EMAIL);
        cluster.create_namespaces("rotate", count.saturating_sub(1));
        Ok(Self {
            cluster,
            session,
            google,
            count,
        })
    }

    /// Runs the plugin, asserts that every Secret carries the only key of the account, and returns the measurement.
    fn measure(&self, arguments: &[&str]) -> Result<Measured> {
        let invocation = self.session.gcr_secret(arguments);
        let environment = self.google.operator_environment();
        let measured = measure(invocation.envs(environment).into_command())?;
        if !measured.succeeded {
            return Err(Error::during(arguments.join(" "), measured.stderr));
        }
        let keys = self.google.keys_of(EMAIL);
        let [(key, false)] = keys.as_slice() else {
            return Err(Error::new(format!("expected one enabled key: {keys:?}")));
        };
        let secrets = self.cluster.list("secrets");
        let carries = |secret: &&serde_json::Value| {
            secret["metadata"]["annotations"]["kubectl-gcr-secret/key-id"] == key.as_str()
        };
        let carried = secrets.iter().filter(carries).count();
        if carried != self.count {
            let count = self.count;
            let text = format!("{carried} of {count} Secrets carry the key");
            return Err(Error::during(arguments.join(" "), text));
        }
        Ok(measured)
    }

    /// Replaces the keys of the account by a new one and writes that to every namespace.
    fn create(&self) -> Result<f64> {
        for (key, _) in self.google.keys_of(EMAIL) {
            self.google.delete_key(EMAIL, &key);
        }
        let (_, file) = self.google.add_key("gcr-pull");
        self.session.file("key.json", &file, 0o600);
        let flags = ["create", "--key-file=key.json", "--registry", REGISTRY];
        let measured = self.measure(&[&flags[..], &["-A", "-o", "name"]].concat())?;
        Ok(measured.wall)
    }
}

/// Measures both, alternately.
///
/// # Errors
/// A command fails, or a Secret does not carry the new key afterwards.
pub(crate) fn run(size: &SizeOptions) -> Result<Vec<Figure>> {
    let count = size.namespaces.map_or(NAMESPACES, NonZeroUsize::get);
    let rounds = size.rounds.map_or(ROUNDS, NonZeroUsize::get);
    let setting = Setting::new(count)?;
    let (mut peak, mut created) = (0.0_f64, 0);
    let create = Variant::new(CREATE, || setting.create());
    let rotate = Variant::new(ROTATE, || {
        setting.google.reset_requests();
        let measured = setting.measure(&["rotate", "-A", "-o", "name"])?;
        peak = peak.max(measured.peak);
        created = created.max(setting.google.count("keys.create"));
        Ok(measured.wall)
    });
    let samples = interleave(rounds, vec![create, rotate], || Ok(()))?;
    // A run of its own, because the log of the requests takes time.
    let logged = setting.measure(&["rotate", "-A", "-o", "name", "-v=6"])?;
    let lines = logged.stderr.lines();
    let patches = lines.filter(|it| it.contains("PATCH") && it.contains("/secrets/"));
    let patches = patches.count();
    println!("rotation of the key in {count} namespaces, {rounds} rounds\n");
    print_table(&samples);
    println!();
    let label = |what: &str| format!("rotate, {count} Secrets: {what}");
    let (create, rotate) = (samples[0].median(), samples[1].median());
    let per_secret = patches as f64 / count as f64;
    Ok(vec![
        Figure::times(
            label("time"),
            rotate,
            (CREATE, create),
            Threshold::Within(THRESHOLD),
        ),
        Figure::number(
            label("created keys"),
            created as f64,
            "",
            Threshold::Exactly(1.0),
        ),
        Figure::number(
            label("writes per Secret"),
            per_secret,
            "",
            Threshold::AtMost(WRITES),
        ),
        Figure::number(label("memory"), peak, "MiB", Threshold::None),
    ])
}
