//! kubectl's connection flags, and the errors of failed connections.

use std::time::Duration;

use gcr_test_support::{ControlPlane, PolicyRule};
use serde_json::json;

use crate::fixture::{Fixture, assert_output};
use crate::unresponsive_server::UnresponsiveServer;

/// A server that refuses connections: no program listens on port 1.
const CLOSED: &str = "https://127.0.0.1:1";
const REFUSED: &str = "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?\n";
const PATCHED: &str = "serviceaccount/default patched\n";

/// Runs `kubectl config ARGS` on the session's kubeconfig.
#[track_caller]
fn configure(fixture: &Fixture, args: &[&str]) {
    fixture
        .session
        .kubectl(["config"])
        .args(args)
        .run()
        .success();
}

#[test]
fn refused_connection_is_reported_in_kubectls_words() {
    let fixture = Fixture::new("connection");
    let output = fixture.via_kubectl(&["-s", CLOSED]).run().exits(1);
    assert_output(&output, "", REFUSED);
    let kubectl = fixture.session.kubectl(["get", "sa", "-s", CLOSED]).run();
    assert_eq!(kubectl.stderr.lines().last(), Some(REFUSED.trim_end()));
}

#[test]
fn refused_connection_is_one_line_for_several_namespaces() {
    let session = ControlPlane::shared().session();
    let output = session
        .gcr_patch_sa(["-s", CLOSED, "-n", "a,b,c"])
        .run()
        .exits(1);
    assert_output(
        &output,
        "",
        &format!("{REFUSED}0 failed, 0 unknown, 3 not started\n"),
    );
}

#[test]
fn unresponsive_server_fails_after_request_timeout() {
    let (session, server) = (
        ControlPlane::shared().session(),
        UnresponsiveServer::start(),
    );
    let limit = Duration::from_secs(1);
    for args in ["--request-timeout=1s", "--request-timeout=1"] {
        let output = session
            .kubectl(["gcr-patch-sa", "-s", &server.url, args])
            .run()
            .exits(1);
        let _held = server.request();
        assert_output(
            &output,
            "",
            "Unable to connect to the server: no answer within 1s (--request-timeout)\n",
        );
        assert!(output.elapsed >= limit, "{output}");
        assert!(output.elapsed < limit + Duration::from_secs(10), "{output}");
    }
}

#[test]
fn invalid_request_timeout_is_rejected_in_kubectls_words() {
    let session = ControlPlane::shared().session();
    for value in ["abc", "1x", "1 s"] {
        let flag = format!("--request-timeout={value}");
        let output = session.gcr_patch_sa([&flag]).run();
        let kubectl = session.kubectl(["get", "sa", &flag]).run();
        assert_eq!(
            (output.code, output.stderr.lines().last()),
            (kubectl.code, kubectl.stderr.lines().last()),
            "{output}{kubectl}"
        );
    }
}

#[test]
fn server_flag_overrides_kubeconfig() {
    let fixture = Fixture::new("connection");
    let server = format!("--server={CLOSED}");
    configure(&fixture, &["set-cluster", "control-plane", &server]);
    let output = fixture.via_kubectl(&[]).run().exits(1);
    assert_output(&output, "", REFUSED);
    let output = fixture
        .via_kubectl(&["--server", fixture.cluster.server()])
        .run()
        .success();
    assert_output(&output, PATCHED, "");
}

#[test]
fn context_flag_selects_cluster_user_and_namespace() {
    let fixture = Fixture::new("connection");
    configure(
        &fixture,
        &[
            "set-context",
            "other",
            "--cluster=control-plane",
            "--user=admin",
            "--namespace",
            &fixture.namespace,
        ],
    );
    configure(&fixture, &["set-cluster", "dead", "--server", CLOSED]);
    configure(&fixture, &["set-context", "admin", "--cluster=dead"]);
    let run = |args: &[&str]| fixture.session.kubectl(["gcr-patch-sa"]).args(args).run();
    assert_output(&run(&[]).exits(1), "", REFUSED);
    assert_output(&run(&["--context", "other"]).success(), PATCHED, "");
    // -n overrides the context's namespace.
    let elsewhere = Fixture::new("connection");
    let output = run(&["--context", "other", "-n", &elsewhere.namespace]).success();
    assert_output(&output, PATCHED, "");
    assert_eq!(
        elsewhere.pull_secrets("default"),
        json!([{"name": "gcr-io"}])
    );
    // --cluster keeps the context's user.
    let output = fixture
        .via_kubectl(&["--cluster", "control-plane"])
        .run()
        .success();
    assert_output(&output, "serviceaccount/default patched (no change)\n", "");
}

#[test]
fn missing_kubeconfig_entries_are_named_in_error() {
    let session = ControlPlane::shared().session();
    for (flag, args) in [
        (
            "--context=nope",
            "Error in configuration: context was not found for specified context: nope\n",
        ),
        (
            "--cluster=nope",
            "error: no server found for cluster \"nope\"\n",
        ),
        ("--user=nope", "error: auth info \"nope\" does not exist\n"),
        (
            "--kubeconfig=/nonexistent",
            "error: stat /nonexistent: no such file or directory\n",
        ),
    ] {
        let output = session.kubectl(["gcr-patch-sa", flag]).run().exits(1);
        assert_output(&output, "", args);
    }
}

#[test]
fn kubeconfig_flag_overrides_environment() {
    let fixture = Fixture::new("connection");
    let output = fixture
        .session
        .kubectl(["gcr-patch-sa", "-n", &fixture.namespace, "--kubeconfig"])
        .arg(fixture.session.kubeconfig())
        .env("KUBECONFIG", "/nonexistent")
        .run()
        .success();
    assert_output(&output, PATCHED, "");
}

#[test]
fn kubeconfig_of_home_directory_is_the_default() {
    let fixture = Fixture::new("connection");
    std::fs::create_dir(fixture.session.home().join(".kube")).unwrap();
    std::fs::copy(
        fixture.session.kubeconfig(),
        fixture.session.home().join(".kube/config"),
    )
    .unwrap();
    let output = fixture
        .via_kubectl(&[])
        .env_remove("KUBECONFIG")
        .run()
        .success();
    assert_output(&output, PATCHED, "");
}

#[test]
fn token_and_user_flags_select_credential() {
    let fixture = Fixture::new("connection");
    let user = fixture.cluster.user();
    let view = [
        "config",
        "view",
        "--raw",
        "-o",
        "jsonpath={.users[0].user.token}",
    ];
    let token = user.session().kubectl(view).run().success().stdout;
    let forbidden = format!(
        "Error from server (Forbidden): serviceaccounts \"default\" is forbidden: User \"{}\" cannot get resource \
         \"serviceaccounts\" in API group \"\" in the namespace \"{}\"\n",
        user.name(),
        fixture.namespace
    );
    let output = fixture.via_kubectl(&["--token", &token]).run().exits(1);
    assert!(output.stderr.starts_with(&forbidden), "{output}");

    configure(
        &fixture,
        &["set-credentials", "other-user", "--token", &token],
    );
    let output = fixture
        .via_kubectl(&["--user", "other-user"])
        .run()
        .exits(1);
    assert!(output.stderr.starts_with(&forbidden), "{output}");

    let output = fixture.via_kubectl(&["--token", "invalid"]).run().exits(1);
    assert_output(
        &output,
        "",
        "error: You must be logged in to the server (Unauthorized)\n",
    );
    let output = fixture.via_kubectl(&["--user", "admin"]).run().success();
    assert_output(&output, PATCHED, "");
}

#[test]
fn as_flags_impersonate_user_and_groups() {
    let fixture = Fixture::new("connection");
    let output = fixture.via_kubectl(&["--as", "joe"]).run().exits(1);
    assert!(
        output.stderr.starts_with(
            "Error from server (Forbidden): serviceaccounts \"default\" is forbidden: User \"joe\" cannot get "
        ),
        "{output}"
    );
    let output = fixture
        .via_kubectl(&[
            "--as",
            "joe",
            "--as-group",
            "a",
            "--as-group",
            "system:masters",
        ])
        .run()
        .success();
    assert_output(&output, PATCHED, "");
}

#[test]
fn impersonation_without_permission_is_forbidden() {
    let fixture = Fixture::new("connection");
    let user = fixture.cluster.user().allow(
        &fixture.namespace,
        &[PolicyRule::new("get,patch", "serviceaccounts")],
    );
    let output = user
        .session()
        .gcr_patch_sa(["-n", &fixture.namespace, "--as", "admin"])
        .run()
        .exits(1);
    assert_eq!(output.stdout, "");
    let user = format!(" is forbidden: User \"{}\" cannot impersonate", user.name());
    assert!(
        output.stderr.starts_with("Error from server (Forbidden): ")
            && output.stderr.contains(&user),
        "{output}"
    );
    assert_eq!(output.stderr.lines().count(), 1, "{output}");
}

#[test]
fn server_certificate_is_verified_unless_disabled() {
    let fixture = Fixture::new("connection");
    let output = fixture
        .via_kubectl(&["--tls-server-name", "other.example"])
        .run()
        .exits(1);
    assert_eq!(output.stdout, "");
    assert!(
        output
            .stderr
            .starts_with("Unable to connect to the server: "),
        "{output}"
    );
    assert_eq!(output.stderr.lines().count(), 1, "{output}");

    configure(
        &fixture,
        &["unset", "clusters.control-plane.certificate-authority-data"],
    );
    let output = fixture.via_kubectl(&[]).run().exits(1);
    assert!(
        output
            .stderr
            .starts_with("Unable to connect to the server: "),
        "{output}"
    );
    let output = fixture
        .via_kubectl(&["--insecure-skip-tls-verify"])
        .run()
        .success();
    assert_output(&output, PATCHED, "");
}

#[test]
fn missing_kubeconfig_leads_to_kubectls_default_server() {
    let session = gcr_test_support::Session::without_cluster();
    let output = session.gcr_patch_sa([] as [&str; 0]).run().exits(1);
    assert_output(
        &output,
        "",
        "The connection to the server localhost:8080 was refused - did you specify the right host or port?\n",
    );
}
