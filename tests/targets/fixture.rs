//! Namespaces of a shared cluster that carry a label nobody else has, and somebody at a shell with a key in a file.

use gcr_test_support::{ControlPlane, Invocation, Output, Session, TestCluster, keys};

/// Labelled namespaces, each with its account `default`.
pub(crate) struct Fixture {
    pub(crate) cluster: &'static TestCluster,
    pub(crate) names: Vec<String>,
    pub(crate) session: Session,
    /// `fleet=…`, which selects them and nothing else.
    pub(crate) selector: String,
}

impl Fixture {
    #[track_caller]
    pub(crate) fn new(noun: &str, count: usize) -> Self {
        let cluster = ControlPlane::shared();
        let names = cluster.create_namespaces(noun, count);
        let (base, _) = names[0].rsplit_once('-').expect("a number at the end");
        let fixture = Self {
            cluster,
            session: with_key(cluster.session()),
            selector: format!("fleet={base}"),
            names: names.clone(),
        };
        fixture.label(&names);
        fixture
    }

    /// Puts the label on namespaces.
    #[track_caller]
    pub(crate) fn label(&self, names: &[String]) {
        let args = ["label", "namespace"];
        let label = self.cluster.kubectl(args).args(names).arg(&self.selector);
        label.run().success();
    }

    /// `kubectl-gcr_secret create --key-file key.json --attach --namespace-selector fleet=…`
    pub(crate) fn create(&self) -> Invocation {
        self.create_as(&self.session)
    }

    /// The same by somebody else, or by another way.
    pub(crate) fn create_as(&self, session: &Session) -> Invocation {
        let args = ["create", "--key-file=key.json", "--attach"];
        let args = session.gcr_secret(args);
        args.args(["--namespace-selector", &self.selector])
    }
}

/// A session that has `key.json`.
pub(crate) fn with_key(session: Session) -> Session {
    session.file("key.json", keys::KEY, 0o600);
    session
}

/// The lines of standard error but the last, and the last: the closing count.
#[track_caller]
pub(crate) fn split_summary(output: &Output) -> (Vec<&str>, &str) {
    let mut lines: Vec<&str> = output.stderr.lines().collect();
    let count = lines.pop();
    (lines, count.unwrap_or_else(|| panic!("no count\n{output}")))
}
