//! Tests `--contexts`: several clusters at once, an unreachable cluster among them, and contexts that refer to the same
//! cluster.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gcr_test_support::fault_proxy::{Fault, FaultProxy, Rule};
use gcr_test_support::{Session, TestCluster};
use serde_json::{Value, json};

use crate::fixture::{Fixture, split_summary, with_key};

/// Returns the cluster and the user of a kubeconfig's current context as JSON.
pub(crate) fn cluster_and_user(session: &Session, kubeconfig: &Path) -> [Value; 2] {
    let args = ["config", "view", "--raw", "--minify", "-o", "json"];
    let view = session.kubectl(args).env("KUBECONFIG", kubeconfig);
    let view: Value = serde_json::from_str(&view.run().success().stdout).expect("JSON");
    [&view["clusters"][0]["cluster"], &view["users"][0]["user"]].map(Value::clone)
}

/// Creates a session with these contexts: name, kubeconfig from which to copy cluster and user, and namespace.
pub(crate) fn session(cluster: &TestCluster, contexts: &[(&str, PathBuf, &str)]) -> Session {
    let session = with_key(cluster.session());
    let mut config = String::from("apiVersion: v1\nkind: Config\ncurrent-context: none\n");
    let (mut clusters, mut users, mut context_entries) =
        (String::new(), String::new(), String::new());
    for (name, kubeconfig, namespace) in contexts {
        let [cluster, user] = cluster_and_user(&session, kubeconfig);
        clusters += &format!("- name: {name}\n  cluster: {cluster}\n");
        users += &format!("- name: {name}\n  user: {user}\n");
        context_entries += &format!(
            "- name: {name}\n  context: {{cluster: {name}, user: {name}, namespace: {namespace}}}\n"
        );
    }
    config += &format!("clusters:\n{clusters}users:\n{users}contexts:\n{context_entries}");
    session.file(session.kubeconfig(), config, 0o600);
    session
}

pub(crate) fn kubeconfig(cluster: &TestCluster) -> PathBuf {
    cluster.kubeconfig().to_path_buf()
}

/// Returns a session whose kubeconfig names a server that refuses connections.
pub(crate) fn unreachable(cluster: &TestCluster) -> Session {
    let dead = with_key(cluster.session());
    let args = [
        "config",
        "set-cluster",
        "dead",
        "--server=https://127.0.0.1:1",
    ];
    dead.kubectl(args).run().success();
    let args = ["config", "set-context", "--current", "--cluster=dead"];
    dead.kubectl(args).run().success();
    dead
}

#[test]
fn contexts_use_their_namespaces_and_lines_name_the_context() {
    let fixture = Fixture::new("contexts", 2);
    let [a, b] = [&fixture.names[0], &fixture.names[1]];
    // The plugin cannot detect that another address leads to the same server, so it treats it as another cluster.
    let proxy = FaultProxy::new(fixture.cluster);
    let contexts = [
        ("one", kubeconfig(fixture.cluster), a.as_str()),
        ("two", proxy.kubeconfig().to_path_buf(), b.as_str()),
    ];
    let session = session(fixture.cluster, &contexts);
    let args = [
        "create",
        "--key-file=key.json",
        "--contexts=one",
        "--contexts",
        "two,one",
    ];
    let output = session.gcr_secret(args).run().success();
    let mut lines: Vec<&str> = output.stdout.lines().collect();
    lines.sort_unstable();
    let expected = [
        format!("secret/gcr-io created -n {a} --context one"),
        format!("secret/gcr-io created -n {b} --context two"),
    ];
    assert_eq!(lines, expected);
    assert_eq!(
        output.stderr,
        "2 created, 0 failed, 0 unknown, 0 not started\n"
    );
    assert_eq!(proxy.traffic().write_count(), 1);
}

#[test]
fn contexts_with_same_server_and_namespace_are_one_target() {
    let fixture = Fixture::new("contexts", 2);
    let [a, b] = [&fixture.names[0], &fixture.names[1]];
    let contexts = [
        ("one", kubeconfig(fixture.cluster), a.as_str()),
        ("same", kubeconfig(fixture.cluster), a.as_str()),
        ("other", kubeconfig(fixture.cluster), b.as_str()),
    ];
    let session = session(fixture.cluster, &contexts);
    let args = ["--contexts=one,same,other"];
    let output = session.gcr_patch_sa(args).run().success();
    let mut lines: Vec<&str> = output.stdout.lines().collect();
    lines.sort_unstable();
    let expected = [
        format!("serviceaccount/default patched -n {a} --context one"),
        format!("serviceaccount/default patched -n {b} --context other"),
    ];
    assert_eq!(lines, expected);
    let args = [
        "--contexts=one,same",
        "--namespace-selector",
        &fixture.selector,
    ];
    let output = session.gcr_patch_sa(args).run().success();
    assert_eq!(
        output.stdout.matches("--context one\n").count(),
        2,
        "{output}"
    );
    assert_eq!(output.stdout.lines().count(), 2, "{output}");
}

#[test]
fn unreachable_cluster_does_not_delay_others() {
    let fixture = Fixture::new("contexts", 2);
    let dead = unreachable(fixture.cluster);
    // Accepts connections but never responds to a list.
    let hanging = FaultProxy::new(fixture.cluster);
    hanging.inject(Rule::on("list", "namespaces"), Fault::Hang);
    let contexts = [
        ("dead", dead.kubeconfig().to_path_buf(), "x"),
        ("hanging", hanging.kubeconfig().to_path_buf(), "x"),
        ("good", kubeconfig(fixture.cluster), "x"),
    ];
    let session = session(fixture.cluster, &contexts);
    let run = session
        .gcr_secret([
            "create",
            "--key-file=key.json",
            "--contexts=dead,hanging,good",
        ])
        .args([
            "--namespace-selector",
            &fixture.selector,
            "--request-timeout=6s",
        ])
        .spawn();
    // Well before the request to the hanging cluster times out.
    let started = Instant::now();
    while run.stdout_so_far().lines().count() < 2 {
        assert!(started.elapsed().as_secs() < 5, "{}", run.stderr_so_far());
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = run.wait().exits(1);
    let (errors, count) = split_summary(&output);
    assert_eq!(count, "2 created, 0 failed, 0 unknown, 0 not started");
    let expected = [
        "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port? --context dead".to_owned(),
        "Unable to connect to the server: no answer within 6s (--request-timeout) --context hanging".to_owned(),
    ];
    assert_eq!(errors, expected);

    // Explicitly named namespaces of the unreachable cluster are counted too.
    let list = fixture.names.join(",");
    let args = [
        "create",
        "--key-file=key.json",
        "--attach",
        "--contexts=dead,good",
        "-n",
        &list,
    ];
    let output = session.gcr_secret(args).run().exits(1);
    let (errors, count) = split_summary(&output);
    assert_eq!(errors.len(), 1, "{output}");
    assert_eq!(
        count,
        "2 patched, 2 unchanged, 0 failed, 0 unknown, 4 not started"
    );
}

#[test]
fn cluster_that_stops_responding_is_given_up_and_counted() {
    let fixture = Fixture::new("contexts", 4);
    let dying = FaultProxy::new(fixture.cluster);
    // One Secret is written, then the server stops responding.
    dying.inject(Rule::on("patch", "secrets").skip(1), Fault::Hang);
    // Both contexts write the same objects: the other one starts when `dying` has read its lists.
    let good = FaultProxy::new(fixture.cluster);
    good.delay(Rule::on("list", "namespaces"), Duration::from_secs(3));
    let contexts = [
        ("dying", dying.kubeconfig().to_path_buf(), "x"),
        ("good", good.kubeconfig().to_path_buf(), "x"),
    ];
    let session = session(fixture.cluster, &contexts);
    let output = session
        .gcr_secret(["create", "--key-file=key.json", "--attach"])
        .args(["--contexts=dying,good", "--request-timeout=8s"])
        .args(["--namespace-selector", &fixture.selector])
        .run()
        .exits(1);
    let successes = |context: &str| {
        let end = format!(" --context {context}");
        let lines = output.stdout.lines();
        lines.filter(|line| line.ends_with(&end)).count()
    };
    assert_eq!((successes("dying"), successes("good")), (2, 8), "{output}");
    let (errors, count) = split_summary(&output);
    assert!(
        count.ends_with("0 failed, 3 unknown, 3 not started"),
        "{output}"
    );
    let (given_up, unknown) = errors.split_first().expect("error lines");
    assert_eq!(
        *given_up,
        "Unable to connect to the server: no answer within 8s (--request-timeout) --context dying"
    );
    let message = "it is unknown whether it was written: the cluster is unavailable";
    let of_dying = |line: &&&str| line.contains(message) && line.ends_with(" --context dying");
    assert_eq!(unknown.iter().filter(of_dying).count(), 3, "{output}");
    assert_eq!(unknown.len(), 3, "{output}");
}

#[test]
fn unknown_context_fails_before_any_write() {
    let fixture = Fixture::new("contexts", 1);
    let contexts = [(
        "one",
        kubeconfig(fixture.cluster),
        fixture.names[0].as_str(),
    )];
    let session = session(fixture.cluster, &contexts);
    // kubectl uses another message when it needs the context's namespace.
    for (args, error) in [
        (
            &["--contexts=one,nope"][..],
            "Error in configuration: context was not found for specified context: nope\n",
        ),
        (
            &["--contexts=one,nope", "-n", &fixture.names[0]],
            "error: context \"nope\" does not exist\n",
        ),
    ] {
        let output = session.gcr_patch_sa(args).run().exits(1);
        assert_eq!(output.stdout, "");
        assert_eq!(output.stderr, error);
    }
}

#[test]
fn error_of_a_context_with_a_short_name_names_the_context() {
    let fixture = Fixture::new("contexts", 1);
    let session = fixture.cluster.session();
    let config = json!({
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [
            {"name": "a", "context": {"cluster": "c", "user": "a"}},
            {"name": "ab", "context": {"cluster": "c", "user": "ab"}},
        ],
        "users": [
            {"name": "a", "user": {"token": "t"}},
            {"name": "ab", "user": {"client-certificate": "/absent/cert.pem", "client-key": "/absent/key.pem"}},
        ],
    });
    session.file("config.json", config.to_string(), 0o600);
    let run = |contexts| {
        let args = [
            "--kubeconfig=config.json",
            "-n",
            "default",
            "--contexts",
            contexts,
        ];
        session.gcr_patch_sa(args).run().exits(1).stderr
    };
    let error = run("a,ab");
    assert!(error.contains("/absent/cert.pem"), "{error}");
    assert!(error.trim_end().ends_with(" --context ab"), "{error}");
    // The message contains the letter "a" anyway.
    let renamed = config
        .to_string()
        .replace("\"ab\"", "\"z\"")
        .replace("\"a\"", "\"ab\"");
    session.file("config.json", renamed.replace("\"z\"", "\"a\""), 0o600);
    let error = run("a");
    assert!(error.trim_end().ends_with(" --context a"), "{error}");
}
