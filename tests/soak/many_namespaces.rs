//! Three hundred namespaces, each with an account that refers to somebody's Secrets, and the runs over all of them.

use std::time::Duration;

use gcr_test_support::report::ObjectKey;
use gcr_test_support::{Invocation, Report, RunningCommand, Session, Stored, TestCluster, keys};

const NAMESPACES: usize = 300;
/// Both objects of each.
pub(crate) const OBJECTS: usize = 2 * NAMESPACES;
/// The server is the fleet's own. `default` has no account `builder`.
const ALL: [&str; 2] = ["-A", "--exclude-namespace=default"];

pub(crate) struct ManyNamespaces {
    session: Session,
    pub(crate) objects: Vec<ObjectKey>,
}

impl ManyNamespaces {
    #[track_caller]
    pub(crate) fn new(cluster: &TestCluster) -> Self {
        let names = cluster.create_namespaces("fleet", NAMESPACES);
        cluster.create(
            names
                .iter()
                .map(|name| Stored::initial_account(name))
                .collect(),
        );
        let session = cluster.session();
        session.file("key.json", keys::KEY, 0o600);
        let of = |name: &String| {
            ["secret/gcr-io", "serviceaccount/builder"].map(|it| (name.clone(), it.to_owned()))
        };
        Self {
            session,
            objects: names.iter().flat_map(of).collect(),
        }
    }

    /// Secret and account of all.
    pub(crate) fn create(&self) -> Invocation {
        self.session
            .gcr_secret(["create", "--key-file=key.json", "--serviceaccount=builder"])
            .args(ALL)
            .timeout(Duration::from_secs(180))
    }

    /// The reference taken out of all accounts.
    pub(crate) fn detach(&self) -> Invocation {
        self.session.gcr_patch_sa(["builder", "--remove"]).args(ALL)
    }

    /// Runs it to the end: everything is as asked, and what `claimed` said was done already is left alone.
    #[track_caller]
    pub(crate) fn converge(&self, cluster: &TestCluster, claimed: &Report, before: &Stored) {
        let output = self.create().run().success();
        let report = Report::parse(&output);
        report.assert_all_succeeded(OBJECTS);
        let now = Stored::fetch(cluster);
        report.assert_matches(&now, &self.objects);
        for object in claimed.lines.keys() {
            assert_eq!(report.lines[object], "unchanged", "{object:?}\n{output}");
            assert_eq!(
                before.resource_version(object),
                now.resource_version(object),
                "{object:?}"
            );
        }
    }

    /// Back to where nothing was written: the references first.
    #[track_caller]
    pub(crate) fn clear(&self, cluster: &TestCluster) {
        self.detach().run().success();
        cluster
            .kubectl(["delete", "secrets", "-A", "--wait=false"])
            .args(["--field-selector", "metadata.name=gcr-io"])
            .run()
            .success();
    }

    /// How many objects are as asked.
    pub(crate) fn written(&self, stored: &Stored) -> usize {
        self.objects
            .iter()
            .filter(|it| stored.matches_desired(it))
            .count()
    }
}

/// Waits until a run has told so many lines, or has ended.
pub(crate) fn wait_for_lines(run: &mut RunningCommand, lines: usize) {
    while run.is_running() && run.lines_so_far() < lines {
        std::thread::sleep(Duration::from_micros(500));
    }
}
