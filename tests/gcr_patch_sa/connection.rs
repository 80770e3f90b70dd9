//! Which server, and as whom: kubectl's connection flags and its words when there is nothing to talk to.

use std::time::Duration;

use gcr_test_support::{ControlPlane, PolicyRule};
use serde_json::json;

use crate::place::{Place, says};
use crate::silent_server::SilentServer;

/// Nothing listens there: it is below the ports that are handed out.
const NOBODY: &str = "https://127.0.0.1:1";
const REFUSED: &str = "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?\n";
const PATCHED: &str = "serviceaccount/default patched\n";

/// Changes the session's own kubeconfig.
#[track_caller]
fn configure(place: &Place, words: &[&str]) {
    place
        .session
        .kubectl(["config"])
        .args(words)
        .run()
        .success();
}

#[test]
fn a_refused_connection_is_told_at_once_in_kubectls_words() {
    let place = Place::new("connection");
    let output = place.typed(&["-s", NOBODY]).run().exits(1);
    says(&output, "", REFUSED);
    let kubectl = place.session.kubectl(["get", "sa", "-s", NOBODY]).run();
    assert_eq!(kubectl.stderr.lines().last(), Some(REFUSED.trim_end()));
}

#[test]
fn a_refused_connection_is_one_line_for_many_namespaces() {
    let session = ControlPlane::shared().session();
    let output = session
        .gcr_patch_sa(["-s", NOBODY, "-n", "a,b,c"])
        .run()
        .exits(1);
    says(
        &output,
        "",
        &format!("{REFUSED}0 failed, 0 unknown, 3 not started\n"),
    );
}

#[test]
fn a_server_that_never_answers_is_given_up_after_the_request_timeout() {
    let (session, server) = (ControlPlane::shared().session(), SilentServer::start());
    let limit = Duration::from_secs(1);
    for words in ["--request-timeout=1s", "--request-timeout=1"] {
        let output = session
            .kubectl(["gcr-patch-sa", "-s", &server.url, words])
            .run()
            .exits(1);
        let _held = server.request();
        says(
            &output,
            "",
            "Unable to connect to the server: no answer within 1s (--request-timeout)\n",
        );
        assert!(output.elapsed >= limit, "{output}");
        assert!(output.elapsed < limit + Duration::from_secs(10), "{output}");
    }
}

#[test]
fn a_timeout_that_is_none_is_refused_in_kubectls_words() {
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
fn server_flag_beats_the_kubeconfig() {
    let place = Place::new("connection");
    let server = format!("--server={NOBODY}");
    configure(&place, &["set-cluster", "control-plane", &server]);
    let output = place.typed(&[]).run().exits(1);
    says(&output, "", REFUSED);
    let output = place
        .typed(&["--server", place.cluster.server()])
        .run()
        .success();
    says(&output, PATCHED, "");
}

#[test]
fn context_flag_brings_its_cluster_user_and_namespace() {
    let place = Place::new("connection");
    configure(
        &place,
        &[
            "set-context",
            "other",
            "--cluster=control-plane",
            "--user=admin",
            "--namespace",
            &place.namespace,
        ],
    );
    configure(&place, &["set-cluster", "dead", "--server", NOBODY]);
    configure(&place, &["set-context", "admin", "--cluster=dead"]);
    let typed = |words: &[&str]| place.session.kubectl(["gcr-patch-sa"]).args(words).run();
    says(&typed(&[]).exits(1), "", REFUSED);
    says(&typed(&["--context", "other"]).success(), PATCHED, "");
    // -n beats the context's namespace.
    let elsewhere = Place::new("connection");
    let output = typed(&["--context", "other", "-n", &elsewhere.namespace]).success();
    says(&output, PATCHED, "");
    assert_eq!(elsewhere.entries("default"), json!([{"name": "gcr-io"}]));
    // --cluster keeps the context's user.
    let output = place.typed(&["--cluster", "control-plane"]).run().success();
    says(&output, "serviceaccount/default patched (no change)\n", "");
}

#[test]
fn what_is_not_in_the_kubeconfig_is_named() {
    let session = ControlPlane::shared().session();
    for (flag, words) in [
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
        says(&output, "", words);
    }
}

#[test]
fn kubeconfig_flag_stands_in_for_the_environment() {
    let place = Place::new("connection");
    let output = place
        .session
        .kubectl(["gcr-patch-sa", "-n", &place.namespace, "--kubeconfig"])
        .arg(place.session.kubeconfig())
        .env("KUBECONFIG", "/nonexistent")
        .run()
        .success();
    says(&output, PATCHED, "");
}

#[test]
fn the_home_directorys_kubeconfig_is_used_without_one_in_the_environment() {
    let place = Place::new("connection");
    std::fs::create_dir(place.session.home().join(".kube")).unwrap();
    std::fs::copy(
        place.session.kubeconfig(),
        place.session.home().join(".kube/config"),
    )
    .unwrap();
    let output = place.typed(&[]).env_remove("KUBECONFIG").run().success();
    says(&output, PATCHED, "");
}

#[test]
fn token_and_user_flags_choose_who_asks() {
    let place = Place::new("connection");
    let user = place.cluster.user();
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
        place.namespace
    );
    let output = place.typed(&["--token", &token]).run().exits(1);
    assert!(output.stderr.starts_with(&forbidden), "{output}");

    configure(&place, &["set-credentials", "somebody", "--token", &token]);
    let output = place.typed(&["--user", "somebody"]).run().exits(1);
    assert!(output.stderr.starts_with(&forbidden), "{output}");

    let output = place.typed(&["--token", "nobodys"]).run().exits(1);
    says(
        &output,
        "",
        "error: You must be logged in to the server (Unauthorized)\n",
    );
    let output = place.typed(&["--user", "admin"]).run().success();
    says(&output, PATCHED, "");
}

#[test]
fn the_user_may_be_impersonated_with_groups() {
    let place = Place::new("connection");
    let output = place.typed(&["--as", "joe"]).run().exits(1);
    assert!(
        output.stderr.starts_with(
            "Error from server (Forbidden): serviceaccounts \"default\" is forbidden: User \"joe\" cannot get "
        ),
        "{output}"
    );
    let output = place
        .typed(&[
            "--as",
            "joe",
            "--as-group",
            "a",
            "--as-group",
            "system:masters",
        ])
        .run()
        .success();
    says(&output, PATCHED, "");
}

#[test]
fn who_may_not_impersonate_is_told_so() {
    let place = Place::new("connection");
    let user = place.cluster.user().allow(
        &place.namespace,
        &[PolicyRule::new("get,patch", "serviceaccounts")],
    );
    let output = user
        .session()
        .gcr_patch_sa(["-n", &place.namespace, "--as", "admin"])
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
fn a_certificate_is_verified_unless_told_otherwise() {
    let place = Place::new("connection");
    let output = place
        .typed(&["--tls-server-name", "somebody-else.example"])
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
        &place,
        &["unset", "clusters.control-plane.certificate-authority-data"],
    );
    let output = place.typed(&[]).run().exits(1);
    assert!(
        output
            .stderr
            .starts_with("Unable to connect to the server: "),
        "{output}"
    );
    let output = place.typed(&["--insecure-skip-tls-verify"]).run().success();
    says(&output, PATCHED, "");
}

#[test]
fn no_kubeconfig_at_all_means_kubectls_default_address() {
    let session = gcr_test_support::Session::without_cluster();
    let output = session.gcr_patch_sa([] as [&str; 0]).run().exits(1);
    says(
        &output,
        "",
        "The connection to the server localhost:8080 was refused - did you specify the right host or port?\n",
    );
}
