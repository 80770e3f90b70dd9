//! Tests a credential that the server starts to reject: it is renewed once, shared by all waiting requests, and not
//! renewed a second time.

use std::fs;

use gcr_test_support::fault_proxy::{CannedResponse, Fault, FaultProxy, Rule};
use gcr_test_support::{Report, Session, Stored, keys};

use crate::lists::ManyNamespaces;
use crate::scenario::Scenario;

/// Makes the session get its token from an exec plugin that records its calls. Returns a function that counts the
/// calls.
fn use_exec_plugin(session: &Session) -> impl Fn() -> usize {
    use_slow_exec_plugin(session, 0)
}

/// Like [`use_exec_plugin`]: from its second call on, the exec plugin takes this number of seconds.
fn use_slow_exec_plugin(session: &Session, seconds: u32) -> impl Fn() -> usize {
    let path = session.kubeconfig().to_owned();
    let config = fs::read_to_string(&path).expect("the kubeconfig is readable and writable");
    let token = config
        .lines()
        .find_map(|line| line.trim().strip_prefix("token: "));
    let token = token.expect("the kubeconfig has a token").to_owned();
    let calls = session.work().join("calls");
    let credential = format!(
        r#"{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{{"token":"{token}"}}}}"#
    );
    session.script(
        "exec-plugin",
        &format!(
            "[ ! -e '{calls}' ] || sleep {seconds}\necho call >> '{calls}'\necho '{credential}'",
            calls = calls.display()
        ),
    );
    let plugin = "exec: {apiVersion: client.authentication.k8s.io/v1, command: exec-plugin, interactiveMode: Never}";
    fs::write(&path, config.replace(&format!("token: {token}"), plugin))
        .expect("the kubeconfig is readable and writable");
    move || {
        fs::read_to_string(&calls)
            .unwrap_or_default()
            .lines()
            .count()
    }
}

#[test]
fn concurrent_401_responses_share_one_credential_renewal() {
    for resource in ["secrets", "serviceaccounts"] {
        let scenario = Scenario::with_latency("credential");
        let calls = use_exec_plugin(scenario.session());
        let unauthorized = || Fault::Replace(CannedResponse::unauthorized());
        let rules = [&scenario.faulty, &scenario.healthy].map(|namespace| {
            let rule = Rule::on("patch", resource).namespace(namespace);
            scenario.proxy.inject(rule.first(1), unauthorized())
        });
        let output = scenario.create().run().success();
        assert_eq!(
            rules.map(|rule| scenario.proxy.hits(rule)),
            [1, 1],
            "{output}"
        );
        let retries = output.stderr.matches("; retrying with another credential");
        assert_eq!(retries.count(), 2, "{output}");
        assert!((2..=3).contains(&calls()), "{} calls\n{output}", calls());
        let report = Report::parse(&output);
        let stored = Stored::fetch(scenario.cluster);
        report.assert_matches(&stored, &scenario.objects());
        report.assert_all_succeeded(4);
        scenario.assert_rerun_converges(&report, &stored);
    }
}

#[test]
fn second_401_stops_the_cluster_run() {
    for resource in ["secrets", "serviceaccounts"] {
        let scenario = Scenario::one("credential");
        let calls = use_exec_plugin(scenario.session());
        let rule = scenario.fault(
            resource,
            usize::MAX,
            Fault::Replace(CannedResponse::unauthorized()),
        );
        let output = scenario.create().run().exits(1);
        assert_eq!((scenario.proxy.hits(rule), calls()), (2, 2), "{output}");
        let line = "error: You must be logged in to the server (Unauthorized)\n";
        assert_eq!(output.stderr.matches(line).count(), 1, "{output}");
        let report = Report::parse(&output);
        assert_eq!(
            (report.count_of("failed"), report.count_of("unknown")),
            (0, 0),
            "{output}"
        );
        let stored = Stored::fetch(scenario.cluster);
        report.assert_matches(&stored, &scenario.objects());
        scenario.assert_rerun_converges(&report, &stored);
    }
}

#[test]
fn slow_exec_plugin_after_401_does_not_count_as_time_of_the_server() {
    let scenario = Scenario::one("credential");
    let calls = use_slow_exec_plugin(scenario.session(), 3);
    let rule = scenario.fault("secrets", 1, Fault::Replace(CannedResponse::unauthorized()));
    let run = scenario.create().arg("--request-timeout=2s").run();
    let output = run.success();
    assert_eq!((scenario.proxy.hits(rule), calls()), (1, 2), "{output}");
    assert!(!output.stderr.contains("no answer within"), "{output}");
    Report::parse(&output).assert_all_succeeded(4);
}

#[test]
fn list_after_401_is_retried_with_new_credential() {
    let namespaces = ManyNamespaces::new();
    for resource in ["namespaces", "secrets", "serviceaccounts"] {
        let proxy = FaultProxy::new(namespaces.cluster);
        let session = proxy.session();
        session.file("key.json", keys::KEY, 0o600);
        let calls = use_exec_plugin(&session);
        let rule = Rule::on("list", resource).first(1);
        let rule = proxy.inject(rule, Fault::Replace(CannedResponse::unauthorized()));
        let run = || {
            session
                .gcr_secret([
                    "create",
                    resource,
                    "--key-file=key.json",
                    "--attach",
                    "-v=2",
                ])
                .args(["--namespace-selector", &namespaces.label])
                .run()
                .success()
        };
        let output = run();
        assert_eq!((proxy.hits(rule), calls()), (1, 2), "{output}");
        let request_line = format!("GET /api/v1/{resource}?");
        let again = |line: &&str| {
            line.contains(&request_line) && line.contains("; retrying with another credential")
        };
        assert_eq!(output.stderr.lines().filter(again).count(), 1, "{output}");
        Report::parse(&output).assert_all_succeeded(2 * namespaces.names.len());
        let again = Report::parse(&run());
        let unchanged = again.lines.values().filter(|word| **word == "unchanged");
        assert_eq!(unchanged.count(), 2 * namespaces.names.len());
    }
}
