//! Every fault of the table, met by the lists: of namespaces, of Secrets by name, and of ServiceAccounts. A list of
//! objects that cannot be had is no failure: each namespace is looked at by itself. Without the namespaces there is nothing
//! to do, and that is said.

use gcr_test_support::fault_proxy::{CannedResponse, Fault, FaultProxy, Rule};
use gcr_test_support::report::ObjectKey;
use gcr_test_support::{
    ControlPlane, Invocation, Output, Report, Session, Stored, TestCluster, keys,
};
use serde_json::{Value, json};

use crate::cases::{CASES, Case, Expected};
use crate::concurrency::run_concurrently;

/// More than are looked at one by one.
const NAMESPACES: usize = 51;
/// Namespaces that hold what is asked already.
const ALREADY_WRITTEN: usize = 5;

/// Namespaces with a label of their own.
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
        let first = cluster.create_namespace_unready("crowd");
        let names: Vec<_> = (0..NAMESPACES)
            .map(|at| format!("{first}-{at:02}"))
            .collect();
        let namespace = |name: &String| {
            json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "labels": {"crowd": first}}})
        };
        cluster.create(names.iter().map(namespace).collect());
        let direct = cluster.session();
        direct.file("key.json", keys::KEY, 0o600);
        Self {
            cluster,
            label: format!("crowd={first}"),
            names,
            direct,
        }
    }

    fn objects(&self, object: &str) -> Vec<ObjectKey> {
        let names = self.names.iter().cloned();
        names.map(|name| (name, object.to_owned())).collect()
    }

    /// Every fault, met by the list of `resource` in a run that writes a Secret of its own.
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
        let look = || Stored::fetch_matching(self.cluster, &[("secret", label)]);
        let object = |at| format!("secret/{}", name(at));
        self.every_fault(resource, "created", &args, &look, &object);
    }

    /// Every fault, met by the list of ServiceAccounts in a run that writes accounts of its own.
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
        let look =
            || Stored::fetch_matching(self.cluster, &[("serviceaccount", "--selector=listed=yes")]);
        let object = |at| format!("serviceaccount/{}", name(at));
        self.every_fault("serviceaccounts", "patched", &args, &look, &object);
    }

    #[track_caller]
    fn every_fault(
        &self,
        resource: &str,
        word: &str,
        args: &(dyn Fn(&Session, usize) -> Invocation + Sync),
        look: &dyn Fn() -> Stored,
        object: &dyn Fn(usize) -> String,
    ) {
        let outputs = run_concurrently(CASES.len(), |at| {
            self.met(&CASES[at], resource, |it| args(it, at))
        });
        let stored = look();
        let again: Vec<Output> = run_concurrently(CASES.len(), |at| {
            let run = args(&self.direct, at);
            run.args(["--namespace-selector", &self.label])
                .run()
                .success()
        });
        let now = look();
        for (at, ((case, output), again)) in CASES.iter().zip(&outputs).zip(&again).enumerate() {
            let (name, objects) = (case.name, self.objects(&object(at)));
            let report = Report::parse(output);
            let needed = resource == "namespaces" && !matches!(case.expected, Expected::Succeeds);
            if needed {
                assert_eq!(
                    (output.code, report.total()),
                    (Some(1), 0),
                    "{name}\n{output}"
                );
            } else {
                assert_eq!(output.code, Some(0), "{name}\n{output}");
                report.assert_matches(&stored, &objects);
                for (nth, namespace) in self.names.iter().enumerate() {
                    let wanted = if nth < ALREADY_WRITTEN {
                        "unchanged"
                    } else {
                        word
                    };
                    let said = report.outcome(namespace, &object(at));
                    assert_eq!(said, Some(wanted), "{name}: {namespace}\n{output}");
                }
            }
            let second = Report::parse(again);
            second.assert_matches(&now, &objects);
            second.assert_all_succeeded(objects.len());
            for object in report.lines.keys() {
                assert_eq!(
                    second.lines[object], "unchanged",
                    "{name}: {object:?}\n{again}"
                );
                assert_eq!(
                    stored.resource_version(object),
                    now.resource_version(object),
                    "{name}: {object:?}"
                );
            }
        }
    }

    /// One run whose list meets a fault.
    fn met(&self, case: &Case, resource: &str, args: impl Fn(&Session) -> Invocation) -> Output {
        let proxy = FaultProxy::new(self.cluster);
        let session = proxy.session();
        session.file("key.json", keys::KEY, 0o600);
        let rule = Rule::on("list", resource);
        // The first request of a run. What cannot be reached at all is not tried again, so it answers once.
        let first = usize::from(resource == "namespaces");
        if first > 0 {
            let shed = Fault::Replace(CannedResponse::too_many_requests(0));
            proxy.inject(rule.clone().first(1), shed);
        }
        let rule = proxy.inject(
            rule.skip(first).first(case.times),
            (case.fault)(proxy.url()),
        );
        let output = args(&session)
            .args(["-v=2", "--namespace-selector", &self.label])
            .arg(case.time_limit())
            .run();
        let (name, met) = (case.name, proxy.hits(rule));
        assert_eq!(met, case.times, "{name}\n{output}");
        let last = usize::from(!matches!(case.expected, Expected::Succeeds));
        let place = format!("GET /api/v1/{resource}?");
        let lines = output.stderr.lines();
        let retries = lines.filter(|line| line.contains(&place) && line.contains("; again in "));
        assert_eq!(
            retries.count(),
            first + met - last,
            "retries of {name}\n{output}"
        );
        output
    }
}

#[test]
fn every_fault_of_the_list_of_namespaces_ends_as_promised() {
    ManyNamespaces::new().secrets("namespaces");
}

#[test]
fn every_fault_of_the_list_of_secrets_ends_as_promised() {
    ManyNamespaces::new().secrets("secrets");
}

#[test]
fn every_fault_of_the_list_of_accounts_ends_as_promised() {
    ManyNamespaces::new().accounts();
}

#[test]
fn a_server_that_never_answers_the_first_list_is_reported_at_once() {
    let cluster = ControlPlane::shared();
    let proxy = FaultProxy::new(cluster);
    let rule = proxy.inject(Rule::on("list", "namespaces"), Fault::Hang);
    let output = proxy
        .session()
        .gcr_patch_sa(["-A", "-v=2", "--request-timeout=2s"])
        .run()
        .exits(1);
    assert_eq!(proxy.hits(rule), 1, "{output}");
    assert_eq!(
        output.stderr,
        "Unable to connect to the server: no answer within 2s (--request-timeout)\n\
         0 failed, 0 unknown, 0 not started\n",
        "{output}"
    );
}

#[test]
fn an_object_that_is_no_list_shows_nothing() {
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
                "error: the server's answer is no list but a Pod\n0 failed, 0 unknown, 0 not started\n"
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
fn an_account_that_was_changed_since_it_was_listed_is_read_and_patched() {
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
fn a_list_that_does_not_come_is_not_waited_for() {
    let namespaces = ManyNamespaces::new();
    let proxy = FaultProxy::new(namespaces.cluster);
    let hang = |resource| {
        // Only a list of the whole cluster is without a namespace.
        let rule = Rule::on("list", resource).namespace("");
        proxy.inject(rule, Fault::Hang)
    };
    let hangs = ["secrets", "serviceaccounts"].map(hang);
    let session = proxy.session();
    session.file("key.json", keys::KEY, 0o600);
    // By the usual time limits, under which the server would be given up with the list.
    let output = session
        .gcr_secret(["create", "--key-file=key.json", "--attach"])
        .args(["--namespace-selector", &namespaces.label])
        .run()
        .success();
    assert_eq!(hangs.map(|hang| proxy.hits(hang)), [1, 1], "{output}");
    Report::parse(&output).assert_all_succeeded(2 * NAMESPACES);
}
