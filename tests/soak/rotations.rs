//! Namespaces whose pull Secret carries a key of a fake Google, and runs of `rotate` over them.

use std::collections::BTreeSet;
use std::time::Duration;

use gcr_test_support::{ControlPlane, FakeGoogle, Invocation, Options, Session};

pub(crate) const EMAIL: &str = "gcr-pull@demo-project.iam.gserviceaccount.com";
const REGISTRY: &str = "europe-west1-docker.pkg.dev/demo-project/images";

pub(crate) struct Rotations {
    pub(crate) plane: ControlPlane,
    pub(crate) google: FakeGoogle,
    session: Session,
}

impl Rotations {
    #[track_caller]
    pub(crate) fn new(namespaces: usize) -> Self {
        let plane = ControlPlane::dedicated(Options::new());
        let google = FakeGoogle::new();
        google.enable_services(["iam", "artifactregistry"]);
        google.add_repository("europe-west1", "images");
        let (email, file) = google.add_key("gcr-pull");
        google.allow_pulls("europe-west1", "images", &email);
        plane.create_namespaces("rotate", namespaces);
        let session = plane.session();
        session.file("key.json", &file, 0o600);
        session
            .gcr_secret(["create", "--key-file=key.json", "--registry", REGISTRY])
            .args(["-A", "--exclude-namespace=default"])
            .timeout(Duration::from_secs(180))
            .run()
            .success();
        Self {
            plane,
            google,
            session,
        }
    }

    /// Prepares a rotation in a session, directly or through a proxy.
    pub(crate) fn rotate_in(&self, session: &Session) -> Invocation {
        session
            .gcr_secret(["rotate", "-A"])
            .envs(self.google.operator_environment())
            .timeout(Duration::from_secs(180))
    }

    /// Prepares a rotation.
    pub(crate) fn rotate(&self) -> Invocation {
        self.rotate_in(&self.session)
    }

    /// Returns the keys in the annotations of the Secrets, and the number of Secrets.
    #[track_caller]
    pub(crate) fn carried(&self) -> (BTreeSet<String>, usize) {
        let secrets = self.plane.list("secrets");
        let id = "/metadata/annotations/kubectl-gcr-secret~1key-id";
        let ids = secrets.iter().filter_map(|it| it.pointer(id)?.as_str());
        let ids: Vec<&str> = ids.collect();
        let count = ids.len();
        (ids.into_iter().map(str::to_owned).collect(), count)
    }

    /// Returns the enabled keys of the account.
    pub(crate) fn enabled(&self) -> BTreeSet<String> {
        let keys = self.google.keys_of(EMAIL).into_iter();
        let enabled = keys.filter(|(_, disabled)| !disabled);
        enabled.map(|(id, _)| id).collect()
    }
}
