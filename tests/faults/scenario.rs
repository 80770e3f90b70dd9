//! Runs the plugin against a server that fails in one namespace and works in another, and checks the result.

use std::time::Duration;

use gcr_test_support::fault_proxy::{Fault, FaultProxy, Route, Rule, RuleId};
use gcr_test_support::stored::ObjectKey;
use gcr_test_support::{
    ControlPlane, Invocation, Output, Report, Session, Stored, TestCluster, keys,
};

/// Two namespaces, each with an account `builder` that refers to Secrets of other owners, and a fault proxy of their
/// own.
pub(crate) struct Scenario {
    pub(crate) cluster: &'static TestCluster,
    pub(crate) proxy: FaultProxy,
    /// Namespace with injected faults.
    pub(crate) faulty: String,
    /// Namespace without faults.
    pub(crate) healthy: String,
    session: Session,
    direct: Session,
}

/// The account that each run patches.
pub(crate) const ACCOUNT: &str = "serviceaccount/builder";
/// The Secret that each run applies.
pub(crate) const SECRET: &str = "secret/gcr-io";

impl Scenario {
    /// Creates several scenarios at once.
    #[track_caller]
    pub(crate) fn many(noun: &str, count: usize) -> Vec<Self> {
        let cluster = ControlPlane::shared();
        let names = cluster.create_namespaces(noun, 2 * count);
        let account = |name: &String| Stored::initial_account(name);
        cluster.create(names.iter().map(account).collect());
        let pair = |pair: &[String]| Self::new(cluster, &pair[0], &pair[1]);
        names.chunks(2).map(pair).collect()
    }

    #[track_caller]
    pub(crate) fn one(noun: &str) -> Self {
        Self::many(noun, 1).remove(0)
    }

    /// Creates a scenario with so much latency that requests of both namespaces are in flight together.
    #[track_caller]
    pub(crate) fn with_latency(noun: &str) -> Self {
        let mut scenario = Self::one(noun);
        let route = Route::new().latency(Duration::from_millis(200));
        scenario.proxy = FaultProxy::start(scenario.cluster, route).expect("the proxy starts");
        scenario.session = scenario.proxy.session();
        scenario.session.file("key.json", keys::KEY, 0o600);
        scenario
    }

    fn new(cluster: &'static TestCluster, faulty: &str, healthy: &str) -> Self {
        let proxy = FaultProxy::new(cluster);
        let scenario = Self {
            cluster,
            session: proxy.session(),
            direct: cluster.session(),
            proxy,
            faulty: faulty.to_owned(),
            healthy: healthy.to_owned(),
        };
        for session in [&scenario.session, &scenario.direct] {
            session.file("key.json", keys::KEY, 0o600);
        }
        scenario
    }

    /// Injects a fault into the first `times` patches of this resource in the faulty namespace.
    pub(crate) fn fault(&self, resource: &str, times: usize, fault: Fault) -> RuleId {
        let rule = Rule::on("patch", resource).namespace(&self.faulty);
        self.proxy.inject(rule.first(times), fault)
    }

    /// Prepares a run over both namespaces through the proxy: the Secret and the account of each.
    pub(crate) fn create(&self) -> Invocation {
        self.create_in(&self.session)
    }

    /// Prepares the same run without the proxy.
    pub(crate) fn create_without_proxy(&self) -> Invocation {
        self.create_in(&self.direct)
    }

    /// Returns the session that connects through the proxy.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    fn create_in(&self, session: &Session) -> Invocation {
        let list = format!("{},{}", self.faulty, self.healthy);
        session
            .gcr_secret(["create", "--key-file=key.json", "--serviceaccount=builder"])
            .args(["-v=2", "-n", &list])
    }

    /// Returns the objects of a run.
    pub(crate) fn objects(&self) -> Vec<ObjectKey> {
        let of =
            |namespace: &String| [SECRET, ACCOUNT].map(|it| (namespace.clone(), it.to_owned()));
        [&self.faulty, &self.healthy]
            .into_iter()
            .flat_map(of)
            .collect()
    }

    /// Counts the retries in the faulty namespace that the plugin logs at `-v 2`.
    pub(crate) fn visible_retries(&self, output: &Output, resource: &str) -> usize {
        let path = format!("/namespaces/{}/{resource}", self.faulty);
        let lines = output.stderr.lines();
        lines
            .filter(|line| line.contains(&path) && line.contains("; retrying in "))
            .count()
    }

    /// Runs again without faults and asserts that all objects hold the desired state, and that the second run writes
    /// none of the objects that the first reported as successful.
    #[track_caller]
    pub(crate) fn assert_rerun_converges(&self, first: &Report, stored: &Stored) {
        let second = self.create_without_proxy().run();
        self.assert_converged(first, stored, &second, &Stored::fetch(self.cluster));
    }

    /// Makes the same assertions for a second run that has already finished.
    #[track_caller]
    pub(crate) fn assert_converged(
        &self,
        first: &Report,
        before: &Stored,
        output: &Output,
        now: &Stored,
    ) {
        assert_eq!(output.code, Some(0), "{output}");
        let second = Report::parse(output);
        second.assert_matches(now, &self.objects());
        second.assert_all_succeeded(self.objects().len());
        for object in first.lines.keys() {
            assert_eq!(second.lines[object], "unchanged", "{object:?}\n{output}");
            assert_eq!(
                before.resource_version(object),
                now.resource_version(object),
                "{object:?}"
            );
        }
    }
}
