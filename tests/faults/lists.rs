//! Every fault of the table, met by the lists: of namespaces, of Secrets by name, and of ServiceAccounts. A list of
//! objects that cannot be had is no failure: each namespace is looked at by itself. Without the namespaces there is nothing
//! to do, and that is said.

use gcr_test_support::fault_proxy::{Answer, Fault, FaultProxy, Rule};
use gcr_test_support::report::Object;
use gcr_test_support::{Cluster, ControlPlane, Invocation, Output, Report, Session, Stored, keys};
use serde_json::{Value, json};

use crate::cases::{CASES, Case, End};
use crate::side_by_side::side_by_side;

/// More than are looked at one by one.
const NAMESPACES: usize = 51;
/// Namespaces that hold what is asked already.
const DONE: usize = 5;

/// Namespaces with a label of their own.
pub(crate) struct Crowd {
    pub(crate) cluster: &'static Cluster,
    pub(crate) label: String,
    pub(crate) names: Vec<String>,
    direct: Session,
}

impl Crowd {
    #[track_caller]
    pub(crate) fn new() -> Self {
        let cluster = ControlPlane::shared();
        let first = cluster.bare_namespace("crowd");
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

    fn objects(&self, object: &str) -> Vec<Object> {
        let names = self.names.iter().cloned();
        names.map(|name| (name, object.to_owned())).collect()
    }

    /// Every fault, met by the list of `resource` in a run that writes a Secret of its own.
    fn secrets(&self, resource: &str) {
        let name = |at: usize| format!("list-{at:02}");
        let words = |session: &Session, at: usize| {
            session.gcr_secret(["create", &name(at), "--key-file=key.json"])
        };
        for at in 0..CASES.len() {
            let done = self.names[..DONE].join(",");
            words(&self.direct, at).args(["-n", &done]).run().success();
        }
        let label = "--selector=app.kubernetes.io/managed-by=kubectl-gcr-secret";
        let look = || Stored::select(self.cluster, &[("secret", label)]);
        let object = |at| format!("secret/{}", name(at));
        self.every_fault(resource, "created", &words, &look, &object);
    }

    /// Every fault, met by the list of ServiceAccounts in a run that writes accounts of its own.
    fn accounts(&self) {
        let name = |at: usize| format!("list-{at:02}");
        let account = |namespace: &String, at: usize, done: bool| -> Value {
            let mut account = if done {
                Stored::account_as_asked(namespace)
            } else {
                Stored::account(namespace)
            };
            account["metadata"]["name"] = name(at).into();
            account["metadata"]["labels"] = json!({"listed": "yes"});
            account
        };
        let namespaces = self.names.iter().enumerate();
        let accounts = namespaces.flat_map(|(nth, namespace)| {
            (0..CASES.len()).map(move |at| account(namespace, at, nth < DONE))
        });
        self.cluster.create(accounts.collect());
        let words = |session: &Session, at: usize| session.gcr_patch_sa([name(at)]);
        let look = || Stored::select(self.cluster, &[("serviceaccount", "--selector=listed=yes")]);
        let object = |at| format!("serviceaccount/{}", name(at));
        self.every_fault("serviceaccounts", "patched", &words, &look, &object);
    }

    #[track_caller]
    fn every_fault(
        &self,
        resource: &str,
        word: &str,
        words: &(dyn Fn(&Session, usize) -> Invocation + Sync),
        look: &dyn Fn() -> Stored,
        object: &dyn Fn(usize) -> String,
    ) {
        let outputs = side_by_side(CASES.len(), |at| {
            self.met(&CASES[at], resource, |it| words(it, at))
        });
        let stored = look();
        let again: Vec<Output> = side_by_side(CASES.len(), |at| {
            let run = words(&self.direct, at);
            run.args(["--namespace-selector", &self.label])
                .run()
                .success()
        });
        let now = look();
        for (at, ((case, output), again)) in CASES.iter().zip(&outputs).zip(&again).enumerate() {
            let (name, objects) = (case.name, self.objects(&object(at)));
            let report = Report::read(output);
            let needed = resource == "namespaces" && !matches!(case.end, End::Done);
            if needed {
                assert_eq!(
                    (output.code, report.total()),
                    (Some(1), 0),
                    "{name}\n{output}"
                );
            } else {
                assert_eq!(output.code, Some(0), "{name}\n{output}");
                report.is_true(&stored, &objects);
                for (nth, namespace) in self.names.iter().enumerate() {
                    let wanted = if nth < DONE { "unchanged" } else { word };
                    let said = report.word(namespace, &object(at));
                    assert_eq!(said, Some(wanted), "{name}: {namespace}\n{output}");
                }
            }
            let second = Report::read(again);
            second.is_true(&now, &objects);
            second.all_done(objects.len());
            for object in report.lines.keys() {
                assert_eq!(
                    second.lines[object], "unchanged",
                    "{name}: {object:?}\n{again}"
                );
                assert_eq!(
                    stored.version(object),
                    now.version(object),
                    "{name}: {object:?}"
                );
            }
        }
    }

    /// One run whose list meets a fault.
    fn met(&self, case: &Case, resource: &str, words: impl Fn(&Session) -> Invocation) -> Output {
        let proxy = FaultProxy::before(self.cluster);
        let session = proxy.session();
        session.file("key.json", keys::KEY, 0o600);
        let rule = Rule::on("list", resource);
        // The first request of a run. What cannot be reached at all is not tried again, so it answers once.
        let first = usize::from(resource == "namespaces");
        if first > 0 {
            let shed = Fault::Instead(Answer::too_many_requests(0));
            proxy.when(rule.clone().first(1), shed);
        }
        let rule = proxy.when(
            rule.after(first).first(case.times),
            (case.fault)(proxy.url()),
        );
        let output = words(&session)
            .args(["-v=2", "--namespace-selector", &self.label])
            .arg(case.time_limit())
            .run();
        let (name, met) = (case.name, proxy.met(rule));
        assert_eq!(met, case.times, "{name}\n{output}");
        let last = usize::from(!matches!(case.end, End::Done));
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
    Crowd::new().secrets("namespaces");
}

#[test]
fn every_fault_of_the_list_of_secrets_ends_as_promised() {
    Crowd::new().secrets("secrets");
}

#[test]
fn every_fault_of_the_list_of_accounts_ends_as_promised() {
    Crowd::new().accounts();
}

#[test]
fn a_server_that_never_answers_the_first_list_is_reported_at_once() {
    let cluster = ControlPlane::shared();
    let proxy = FaultProxy::before(cluster);
    let rule = proxy.when(Rule::on("list", "namespaces"), Fault::Hang);
    let output = proxy
        .session()
        .gcr_patch_sa(["-A", "-v=2", "--request-timeout=2s"])
        .run()
        .exits(1);
    assert_eq!(proxy.met(rule), 1, "{output}");
    assert_eq!(
        output.stderr,
        "Unable to connect to the server: no answer within 2s (--request-timeout)\n\
         0 failed, 0 unknown, 0 not started\n",
        "{output}"
    );
}

#[test]
fn an_object_that_is_no_list_shows_nothing() {
    let crowd = Crowd::new();
    let words = |session: &Session| {
        session.file("key.json", keys::KEY, 0o600);
        session
            .gcr_secret(["create", "--key-file=key.json", "--attach"])
            .args(["--namespace-selector", &crowd.label])
    };
    words(&crowd.direct).run().success();
    for resource in ["secrets", "serviceaccounts", "namespaces"] {
        let proxy = FaultProxy::before(crowd.cluster);
        let pod = json!({"kind": "Pod", "apiVersion": "v1"}).to_string();
        let pod = Fault::Instead(Answer::new(200, "application/json", &pod));
        proxy.when(Rule::on("list", resource), pod);
        let output = words(&proxy.session()).run();
        if resource == "namespaces" {
            assert_eq!(output.code, Some(1), "{output}");
            assert_eq!(
                output.stderr,
                "error: the server's answer is no list but a Pod\n0 failed, 0 unknown, 0 not started\n"
            );
        } else {
            let report = Report::read(&output);
            assert_eq!(
                report.counted("unchanged"),
                2 * NAMESPACES as u64,
                "{output}"
            );
        }
    }
}

#[test]
fn an_account_that_was_changed_since_it_was_listed_is_read_and_patched() {
    let crowd = Crowd::new();
    crowd
        .cluster
        .create(crowd.names.iter().map(|it| Stored::account(it)).collect());
    let proxy = FaultProxy::before(crowd.cluster);
    let rule = Rule::on("patch", "serviceaccounts").first(10);
    let rule = proxy.when(rule, Fault::Overtaken);
    let output = proxy
        .session()
        .gcr_patch_sa(["builder", "--namespace-selector", &crowd.label])
        .run()
        .success();
    assert_eq!(proxy.met(rule), 10, "{output}");
    let report = Report::read(&output);
    report.all_done(NAMESPACES);
    let objects = crowd.objects("serviceaccount/builder");
    report.is_true(&Stored::look(crowd.cluster), &objects);
}

#[test]
fn a_list_that_does_not_come_is_not_waited_for() {
    let crowd = Crowd::new();
    let proxy = FaultProxy::before(crowd.cluster);
    let hang = |resource| {
        // Only a list of the whole cluster is without a namespace.
        let rule = Rule::on("list", resource).namespace("");
        proxy.when(rule, Fault::Hang)
    };
    let hangs = ["secrets", "serviceaccounts"].map(hang);
    let session = proxy.session();
    session.file("key.json", keys::KEY, 0o600);
    // By the usual time limits, under which the server would be given up with the list.
    let output = session
        .gcr_secret(["create", "--key-file=key.json", "--attach"])
        .args(["--namespace-selector", &crowd.label])
        .run()
        .success();
    assert_eq!(hangs.map(|hang| proxy.met(hang)), [1, 1], "{output}");
    Report::read(&output).all_done(2 * NAMESPACES);
}
