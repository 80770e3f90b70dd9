//! Provides 300 namespaces, each with an account that refers to Secrets of other owners, and runs over all of them.

use std::time::Duration;

use gcr_test_support::stored::ObjectKey;
use gcr_test_support::{Invocation, Report, RunningCommand, Session, Stored, TestCluster, keys};

const NAMESPACES: usize = 300;
/// Two objects per namespace.
pub(crate) const OBJECTS: usize = 2 * NAMESPACES;
/// Selects the namespaces on a dedicated server. `default` has no account `builder`.
const ALL: [&str; 2] = ["-A", "--exclude-namespace=default"];

pub(crate) struct ManyNamespaces {
    session: Session,
    pub(crate) objects: Vec<ObjectKey>,
}

impl ManyNamespaces {
    #[track_caller]
    pub(crate) fn new(cluster: &TestCluster) -> Self {
        let names = cluster.create_namespaces("many", NAMESPACES);
        cluster.create(
            names
                .iter()
                .map(|name| Stored::initial_account(name))
                .collect(),
        );
        let session = cluster.session();
        session.file("key.json", keys::KEY, 0o600);
        let objects_in = |name: &String| {
            ["secret/gcr-io", "serviceaccount/builder"].map(|it| (name.clone(), it.to_owned()))
        };
        Self {
            session,
            objects: names.iter().flat_map(objects_in).collect(),
        }
    }

    /// Prepares a run that writes the Secret and the account of all namespaces.
    pub(crate) fn create(&self) -> Invocation {
        self.session
            .gcr_secret(["create", "--key-file=key.json", "--serviceaccount=builder"])
            .args(ALL)
            .timeout(Duration::from_secs(180))
    }

    /// Prepares a run that removes the reference from all accounts.
    pub(crate) fn detach(&self) -> Invocation {
        self.session.gcr_patch_sa(["builder", "--remove"]).args(ALL)
    }

    /// Runs again and asserts that all objects hold the desired state and that objects in `reported` are not written
    /// again.
    #[track_caller]
    pub(crate) fn assert_rerun_converges(
        &self,
        cluster: &TestCluster,
        reported: &Report,
        before: &Stored,
    ) {
        let output = self.create().run().success();
        let report = Report::parse(&output);
        report.assert_all_succeeded(OBJECTS);
        let now = Stored::fetch(cluster);
        report.assert_matches(&now, &self.objects);
        for object in reported.lines.keys() {
            assert_eq!(report.lines[object], "unchanged", "{object:?}\n{output}");
            assert_eq!(
                before.resource_version(object),
                now.resource_version(object),
                "{object:?}"
            );
        }
    }

    /// Restores the initial state: removes the references, then deletes the Secrets.
    #[track_caller]
    pub(crate) fn delete_written_objects(&self, cluster: &TestCluster) {
        self.detach().run().success();
        cluster
            .kubectl(["delete", "secrets", "-A", "--wait=false"])
            .args(["--field-selector", "metadata.name=gcr-io"])
            .run()
            .success();
    }

    /// Returns how many objects hold the desired state.
    pub(crate) fn count_written(&self, stored: &Stored) -> usize {
        self.objects
            .iter()
            .filter(|it| stored.matches_desired(it))
            .count()
    }
}

/// Waits until a run has printed this many lines or has exited.
pub(crate) fn wait_for_lines(run: &mut RunningCommand, lines: usize) {
    while run.is_running() && run.lines_so_far() < lines {
        std::thread::sleep(Duration::from_micros(500));
    }
}
