//! Provides namespaces of the shared cluster with a unique label, and a session with a key file.

use gcr_test_support::{ControlPlane, Invocation, Output, Session, TestCluster, keys};

/// Labelled namespaces, each with its account `default`.
pub(crate) struct Fixture {
    pub(crate) cluster: &'static TestCluster,
    pub(crate) names: Vec<String>,
    pub(crate) session: Session,
    /// `test-group=…`, which selects exactly these namespaces.
    pub(crate) selector: String,
}

impl Fixture {
    #[track_caller]
    pub(crate) fn new(prefix: &str, count: usize) -> Self {
        let cluster = ControlPlane::shared();
        let names = cluster.create_namespaces(prefix, count);
        let (base, _) = names[0]
            .rsplit_once('-')
            .expect("the name ends in a number");
        let fixture = Self {
            cluster,
            session: with_key(cluster.session()),
            selector: format!("test-group={base}"),
            names: names.clone(),
        };
        fixture.label(&names);
        fixture
    }

    /// Adds the label to namespaces.
    #[track_caller]
    pub(crate) fn label(&self, names: &[String]) {
        let args = ["label", "namespace"];
        let label = self.cluster.kubectl(args).args(names).arg(&self.selector);
        label.run().success();
    }

    /// Prepares `kubectl-gcr_secret create --key-file key.json --attach --namespace-selector test-group=…`
    pub(crate) fn create(&self) -> Invocation {
        self.create_as(&self.session)
    }

    /// Prepares the same command in another session.
    pub(crate) fn create_as(&self, session: &Session) -> Invocation {
        let args = ["create", "--key-file=key.json", "--attach"];
        let args = session.gcr_secret(args);
        args.args(["--namespace-selector", &self.selector])
    }
}

/// Adds `key.json` to a session.
pub(crate) fn with_key(session: Session) -> Session {
    session.file("key.json", keys::KEY, 0o600);
    session
}

/// Splits standard error into the lines before the summary, and the summary on the last line.
#[track_caller]
pub(crate) fn split_summary(output: &Output) -> (Vec<&str>, &str) {
    let mut lines: Vec<&str> = output.stderr.lines().collect();
    let count = lines.pop();
    (
        lines,
        count.unwrap_or_else(|| panic!("summary not found\n{output}")),
    )
}
