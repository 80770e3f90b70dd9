//! The way to the server: what is said where it fails, and where a key may not travel.

use gcr_test_support::{ControlPlane, Invocation, Session};

use crate::listener::{Listener, kubeconfig};
use crate::setting::{Setting, assert_said, give_keys, one_error};

/// A session with a kubeconfig of these cluster settings, and `create` in it.
fn create(session: &Session, cluster: &str) -> Invocation {
    session.file("kubeconfig", kubeconfig(cluster), 0o600);
    session.gcr_secret(["create", "--key-file=key.json", "--kubeconfig=kubeconfig"])
}

#[track_caller]
fn session() -> Session {
    let session = Session::without_cluster();
    give_keys(&session);
    session
}

const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";

/// A port that no program is given by chance.
const CLOSED: &str = "127.0.0.1:1";

#[test]
fn a_server_that_is_not_there_is_reported_at_once_as_kubectl_does() {
    let session = session();
    let server = CLOSED;
    let output = create(&session, &format!("server: https://{server}")).run();
    let error = format!(
        "The connection to the server {server} was refused - did you specify the right host or port?"
    );
    assert_said(&output, 1, &[], &[&error]);
    assert!(output.elapsed.as_secs() < 5, "{output}");
    let words = ["get", "serviceaccounts", "--kubeconfig=kubeconfig"];
    let kubectls = session.kubectl(words).run();
    assert!(
        kubectls.stderr.ends_with(&format!("{error}\n")),
        "{kubectls}"
    );

    let output = create(&session, &format!("server: https://{server}"))
        .args(["-n", "a,b,c", "--attach"])
        .run();
    let count = "0 failed, 0 unknown, 6 not started";
    assert_said(&output, 1, &[], &[&error, count]);
}

#[test]
fn a_server_that_hangs_up_is_no_refused_connection() {
    let session = session();
    let listener = Listener::new();
    let output = create(&session, &format!("server: https://{}", listener.address())).run();
    assert!(
        output.code == Some(1)
            && output.stdout.is_empty()
            && output
                .stderr
                .starts_with("Unable to connect to the server: ")
            && output.stderr.lines().count() == 1,
        "{output}"
    );
}

#[test]
fn an_unknown_certificate_is_not_spoken_to() {
    let setting = Setting::new("connection");
    let session = session();
    let server = format!("server: \"{}\"", setting.cluster.server());
    let output = create(&session, &server)
        .args(["-n", &setting.namespace])
        .run();
    assert!(
        output.code == Some(1)
            && output
                .stderr
                .starts_with("Unable to connect to the server: "),
        "{output}"
    );
    assert_eq!(setting.find("secret/gcr-io"), None);
}

#[test]
fn a_credential_that_is_not_taken_is_worded_as_kubectl_words_it() {
    let setting = Setting::new("connection");
    let output = setting.create().args(["--token", "nobodys"]).run();
    let error = "error: You must be logged in to the server (Unauthorized)";
    assert_said(&output, 1, &[], &[error]);
    let several = format!("{},other", setting.namespace);
    let output = setting
        .create()
        .args(["--token", "nobodys", "-n", &several])
        .run();
    assert_said(
        &output,
        1,
        &[],
        &[error, "0 failed, 0 unknown, 2 not started"],
    );
}

#[test]
fn a_key_wants_a_flag_where_the_kubeconfig_switches_verification_off() {
    let setting = Setting::new("connection");
    let original = std::fs::read_to_string(setting.session.kubeconfig()).unwrap();
    let insecure: Vec<_> = original
        .lines()
        .map(
            |line| match line.split_once("certificate-authority-data:") {
                Some((indent, _)) => format!("{indent}insecure-skip-tls-verify: true"),
                None => line.to_owned(),
            },
        )
        .collect();
    setting.session.file("insecure", insecure.join("\n"), 0o600);
    let words = ["--kubeconfig", "insecure"];
    let output = setting.create().args(words).run();
    let error = one_error(&output);
    assert!(
        error.contains(setting.cluster.server())
            && error.contains("give --insecure-skip-tls-verify"),
        "{error}"
    );
    assert_eq!(setting.find("secret/gcr-io"), None);
    // Neither does a dry run of the server leave with a key; one of the client sends none.
    let output = setting
        .create()
        .args(words)
        .args(["--dry-run=server"])
        .run();
    one_error(&output);
    let output = setting
        .create()
        .args(words)
        .args(["--dry-run=client"])
        .run();
    assert_said(&output, 0, &["secret/gcr-io created (dry run)"], &[]);

    let output = setting
        .create()
        .args(words)
        .args(["--insecure-skip-tls-verify"])
        .run();
    assert_said(&output, 0, &["secret/gcr-io created"], &[]);
}

#[test]
fn plain_http_beyond_loopback_wants_an_explicit_server() {
    let session = session();
    // A proxy is where such a request would come by.
    let listener = Listener::answering(|_, _| Some(FORBIDDEN.into()));
    let proxy = format!("proxy-url: \"http://{}\"", listener.address());
    let cluster = format!("server: \"http://cluster.example:8080\", {proxy}");
    let output = create(&session, &cluster).run();
    let error = one_error(&output);
    assert!(
        error.contains("http://cluster.example:8080") && error.contains("--server"),
        "{error}"
    );
    assert_eq!(listener.calls(), 0);

    create(&session, &cluster)
        .args(["--server", "http://cluster.example:8080"])
        .run()
        .exits(1);
    let request = listener.next_request();
    assert!(request.contains("cluster.example:8080"), "{request}");
}

#[test]
fn a_key_goes_to_loopback_over_plain_http_by_way_of_no_other_machine() {
    let session = session();
    // Not asked: a reserved address (RFC 5737).
    let cluster = "server: \"http://127.0.0.1:8080\", proxy-url: \"http://192.0.2.1:3128\"";
    let output = create(&session, cluster).run();
    let error = one_error(&output);
    assert!(
        error.contains("by way of the proxy 192.0.2.1,") && error.contains("--server"),
        "{error}"
    );
    let listener = Listener::answering(|_, _| Some(FORBIDDEN.into()));
    let proxy = format!("proxy-url: \"http://{}\"", listener.address());
    let cluster = format!("server: \"http://127.0.0.1:8080\", {proxy}");
    create(&session, &cluster).run().exits(1);
    assert!(listener.calls() > 0);
}

#[test]
fn plain_http_on_loopback_is_spoken_without_a_credential_of_the_kubeconfig() {
    let session = session();
    let listener = Listener::answering(|_, _| Some(FORBIDDEN.into()));
    let server = format!("server: http://{}", listener.address());
    create(&session, &server).run().exits(1);
    let request = listener.next_request();
    assert!(
        request.starts_with("GET /api/v1/namespaces/default/secrets/gcr-io"),
        "{request}"
    );
}

#[test]
fn a_silent_server_is_given_up_at_the_request_timeout() {
    let session = session();
    let listener = Listener::answering(|_, _| None);
    let output = create(&session, &format!("server: http://{}", listener.address()))
        .args(["--request-timeout=1s"])
        .run();
    assert_said(
        &output,
        1,
        &[],
        &["Unable to connect to the server: no answer within 1s (--request-timeout)"],
    );
    assert!((1..10).contains(&output.elapsed.as_secs()), "{output}");

    let output = create(&session, &format!("server: http://{}", listener.address()))
        .args(["--request-timeout=1s", "-n", "a,b", "--attach"])
        .run();
    assert_said(
        &output,
        1,
        &[],
        &[
            "Unable to connect to the server: no answer within 1s (--request-timeout)",
            "0 failed, 0 unknown, 4 not started",
        ],
    );
}

#[test]
fn a_context_or_a_kubeconfig_that_is_not_there_is_named() {
    let session = ControlPlane::shared().session();
    give_keys(&session);
    let output = session
        .gcr_secret(["create", "--key-file=key.json", "--context=nope"])
        .run();
    assert!(one_error(&output).contains("\"nope\""), "{output}");
    let output = session
        .gcr_secret(["create", "--key-file=key.json", "--kubeconfig=/nonexistent"])
        .run();
    assert_eq!(
        one_error(&output),
        "error: stat /nonexistent: no such file or directory"
    );
}
