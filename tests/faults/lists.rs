//! Injects every fault into the lists of namespaces, of Secrets by name, and of ServiceAccounts. If a list of objects
//! fails, the plugin reads each object instead. If the list of namespaces fails, the run reports the error and stops.

use gcr_test_support::fault_proxy::{CannedResponse, Fault, FaultProxy, Rule};
use gcr_test_support::stored::ObjectKey;
use gcr_test_support::{
    ControlPlane, Invocation, Output, Report, Session, Stored, TestCluster, keys,
};
use serde_json::{Value, json};

use crate::cases::{CASES, Case, Expected};
use crate::concurrency::run_concurrently;

/// More namespaces than the plugins read one by one.
const NAMESPACES: usize = 51;
/// Number of namespaces that hold the desired state from the start.
const ALREADY_WRITTEN: usize = 5;

/// Many namespaces with a common label.
pub(crate) struct ManyNamespaces {
    pub(crate) cluster: &'static TestCluster,
    pub(crate) label: String,
    pub(crate) names: Vec<String>,
    direct: Session,
}

impl ManyNamespaces {
    #[track_caller]
    pub(crate) fn new() -> Self {
        let cluster = ControlPlane::shared();
        let prefix = cluster.create_namespace_unready("group");
        let names: Vec<_> = (0..NAMESPACES)
            .map(|at| format!("{prefix}-{at:02}"))
            .collect();
        let namespace = |name: &String| {
            json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "labels": {"group": prefix}}})
        };
        cluster.create(names.iter().map(namespace).collect());
        let direct = cluster.session();
        direct.file("key.json", keys::KEY, 0o600);
        Self {
            cluster,
            label: format!("group={prefix}"),
            names,
            direct,
        }
    }

    fn objects(&self, object: &str) -> Vec<ObjectKey> {
        let names = self.names.iter().cloned();
        names.map(|name| (name, object.to_owned())).collect()
    }

    /// Injects every fault into the list of `resource`, in runs that write one Secret each.
    fn secrets(&self, resource: &str) {
        let name = |at: usize| format!("list-{at:02}");
        let args = |session: &Session, at: usize| {
            session.gcr_secret(["create", &name(at), "--key-file=key.json"])
        };
        for at in 0..CASES.len() {
            let done = self.names[..ALREADY_WRITTEN].join(",");
            args(&self.direct, at).args(["-n", &done]).run().success();
        }
        let label = "--selector=app.kubernetes.io/managed-by=kubectl-gcr-secret";
        let fetch = || Stored::fetch_matching(self.cluster, &[("secret", label)]);
        let object = |at| format!("secret/{}", name(at));
        self.check_every_fault(resource, "created", &args, &fetch, &object);
    }

    /// Injects every fault into the list of ServiceAccounts, in runs that patch one account per namespace each.
    fn accounts(&self) {
        let name = |at: usize| format!("list-{at:02}");
        let account = |namespace: &String, at: usize, done: bool| -> Value {
            let mut account = if done {
                Stored::desired_account(namespace)
            } else {
                Stored::initial_account(namespace)
            };
            account["metadata"]["name"] = name(at).into();
            account["metadata"]["labels"] = json!({"listed": "yes"});
            account
        };
        let namespaces = self.names.iter().enumerate();
        let accounts = namespaces.flat_map(|(nth, namespace)| {
            (0..CASES.len()).map(move |at| account(namespace, at, nth < ALREADY_WRITTEN))
        });
        self.cluster.create(accounts.collect());
        let args = |session: &Session, at: usize| session.gcr_patch_sa([name(at)]);
        let fetch =
            || Stored::fetch_matching(self.cluster, &[("serviceaccount", "--selector=listed=yes")]);
        let object = |at| format!("serviceaccount/{}", name(at));
        self.check_every_fault("serviceaccounts", "patched", &args, &fetch, &object);
    }

    #[track_caller]
    fn check_every_fault(
        &self,
        resource: &str,
        outcome: &str,
        args: &(dyn Fn(&Session, usize) -> Invocation + Sync),
        fetch: &dyn Fn() -> Stored,
        object: &dyn Fn(usize) -> String,
    ) {
        let outputs = run_concurrently(CASES.len(), |at| {
            self.run_with_fault(&CASES[at], resource, |it| args(it, at))
        });
        let stored = fetch();
        let reruns: Vec<Output> = run_concurrently(CASES.len(), |at| {
            let run = args(&self.direct, at);
            run.args(["--namespace-selector", &self.label])
                .run()
                .success()
        });
        let now = fetch();
        for (at, ((case, output), rerun)) in CASES.iter().zip(&outputs).zip(&reruns).enumerate() {
            let (name, objects) = (case.name, self.objects(&object(at)));
            let report = Report::parse(output);
            let is_required =
                resource == "namespaces" && !matches!(case.expected, Expected::Succeeds);
            if is_required {
                assert_eq!(
                    (output.code, report.total()),
                    (Some(1), 0),
                    "{name}\n{output}"
                );
            } else {
                assert_eq!(output.code, Some(0), "{name}\n{output}");
                report.assert_matches(&stored, &objects);
                for (nth, namespace) in self.names.iter().enumerate() {
                    let expected = if nth < ALREADY_WRITTEN {
                        "unchanged"
                    } else {
                        outcome
                    };
                    let actual = report.outcome(namespace, &object(at));
                    assert_eq!(actual, Some(expected), "{name}: {namespace}\n{output}");
                }
            }
            let second = Report::parse(rerun);
            second.assert_matches(&now, &objects);
            second.assert_all_succeeded(objects.len());
            for object in report.lines.keys() {
                assert_eq!(
                    second.lines[object], "unchanged",
                    "{name}: {object:?}\n{rerun}"
                );
                assert_eq!(
                    stored.resource_version(object),
                    now.resource_version(object),
                    "{name}: {object:?}"
                );
            }
        }
    }

    /// Runs a command whose list gets a fault.
    fn run_with_fault(
        &self,
        case: &Case,
        resource: &str,
        args: impl Fn(&Session) -> Invocation,
    ) -> Output {
        let proxy = FaultProxy::new(self.cluster);
        let session = proxy.session();
        session.file("key.json", keys::KEY, 0o600);
        let rule = Rule::on("list", resource);
        // A run does not retry if its first request cannot connect, so the proxy answers that request with a 429.
        let shed_requests = usize::from(resource == "namespaces");
        if shed_requests > 0 {
            let shed = Fault::Replace(CannedResponse::too_many_requests(0));
            proxy.inject(rule.clone().first(1), shed);
        }
        let rule = proxy.inject(
            rule.skip(shed_requests).first(case.times),
            (case.fault)(proxy.url()),
        );
        let output = args(&session)
            .args(["-v=2", "--namespace-selector", &self.label])
            .arg(case.time_limit())
            .run();
        let (name, hits) = (case.name, proxy.hits(rule));
        assert_eq!(hits, case.times, "{name}\n{output}");
        let final_failure = usize::from(!matches!(case.expected, Expected::Succeeds));
        let request_line = format!("GET /api/v1/{resource}?");
        let lines = output.stderr.lines();
        let retries =
            lines.filter(|line| line.contains(&request_line) && line.contains("; retrying in "));
        assert_eq!(
            retries.count(),
            shed_requests + hits - final_failure,
            "retries of {name}\n{output}"
        );
        output
    }
}

#[test]
fn namespace_list_with_each_fault_has_expected_outcome() {
    ManyNamespaces::new().secrets("namespaces");
}

#[test]
fn secret_list_with_each_fault_has_expected_outcome() {
    ManyNamespaces::new().secrets("secrets");
}

#[test]
fn account_list_with_each_fault_has_expected_outcome() {
    ManyNamespaces::new().accounts();
}

#[test]
fn unresponsive_server_on_first_list_is_reported_after_three_attempts() {
    let cluster = ControlPlane::shared();
    let proxy = FaultProxy::new(cluster);
    let rule = proxy.inject(Rule::on("list", "namespaces"), Fault::Hang);
    let output = proxy
        .session()
        .gcr_patch_sa(["-A", "-v=2", "--request-timeout=2s"])
        .run()
        .exits(1);
    assert_eq!(proxy.hits(rule), 3, "{output}");
    let timeout = "Unable to connect to the server: no answer within 2s (--request-timeout)";
    let retry = format!("GET /api/v1/namespaces?limit=500: {timeout}; retrying in ");
    let (retries, lines): (Vec<_>, Vec<_>) = output
        .stderr
        .lines()
        .partition(|line| line.starts_with(&retry));
    assert_eq!(retries.len(), 2, "{output}");
    assert_eq!(
        lines,
        [timeout, "0 failed, 0 unknown, 0 not started"],
        "{output}"
    );
}

#[test]
fn non_list_response_to_list_is_ignored_or_fails() {
    let namespaces = ManyNamespaces::new();
    let args = |session: &Session| {
        session.file("key.json", keys::KEY, 0o600);
        session
            .gcr_secret(["create", "--key-file=key.json", "--attach"])
            .args(["--namespace-selector", &namespaces.label])
    };
    args(&namespaces.direct).run().success();
    for resource in ["secrets", "serviceaccounts", "namespaces"] {
        let proxy = FaultProxy::new(namespaces.cluster);
        let pod = json!({"kind": "Pod", "apiVersion": "v1"}).to_string();
        let pod = Fault::Replace(CannedResponse::new(200, "application/json", &pod));
        proxy.inject(Rule::on("list", resource), pod);
        let output = args(&proxy.session()).run();
        if resource == "namespaces" {
            assert_eq!(output.code, Some(1), "{output}");
            assert_eq!(
                output.stderr,
                "error: the server returned a Pod instead of a list\n0 failed, 0 unknown, 0 not started\n"
            );
        } else {
            let report = Report::parse(&output);
            assert_eq!(
                report.count_of("unchanged"),
                2 * NAMESPACES as u64,
                "{output}"
            );
        }
    }
}

#[test]
fn account_changed_after_list_is_read_again_and_patched() {
    let namespaces = ManyNamespaces::new();
    namespaces.cluster.create(
        namespaces
            .names
            .iter()
            .map(|it| Stored::initial_account(it))
            .collect(),
    );
    let proxy = FaultProxy::new(namespaces.cluster);
    let rule = Rule::on("patch", "serviceaccounts").first(10);
    let rule = proxy.inject(rule, Fault::ConcurrentWrite);
    let output = proxy
        .session()
        .gcr_patch_sa(["builder", "--namespace-selector", &namespaces.label])
        .run()
        .success();
    assert_eq!(proxy.hits(rule), 10, "{output}");
    let report = Report::parse(&output);
    report.assert_all_succeeded(NAMESPACES);
    let objects = namespaces.objects("serviceaccount/builder");
    report.assert_matches(&Stored::fetch(namespaces.cluster), &objects);
}

#[test]
fn hanging_object_lists_do_not_delay_the_run() {
    let namespaces = ManyNamespaces::new();
    let proxy = FaultProxy::new(namespaces.cluster);
    let hang = |resource| {
        // A list of the whole cluster has no namespace.
        let rule = Rule::on("list", resource).namespace("");
        proxy.inject(rule, Fault::Hang)
    };
    let hangs = ["secrets", "serviceaccounts"].map(hang);
    let session = proxy.session();
    session.file("key.json", keys::KEY, 0o600);
    // With the default timeouts, under which an unresponsive server would be given up.
    let output = session
        .gcr_secret(["create", "--key-file=key.json", "--attach"])
        .args(["--namespace-selector", &namespaces.label])
        .run()
        .success();
    assert_eq!(hangs.map(|hang| proxy.hits(hang)), [1, 1], "{output}");
    Report::parse(&output).assert_all_succeeded(2 * NAMESPACES);
}
