//! Connection errors, and the insecure connections over which a key is not sent.

use gcr_test_support::{ControlPlane, Invocation, Session};

use crate::fixture::{Fixture, assert_output, single_error, write_key_files};
use crate::listener::{Listener, kubeconfig};

/// Writes a kubeconfig with these cluster settings and returns the command `create` that uses it.
fn create(session: &Session, cluster: &str) -> Invocation {
    session.file("kubeconfig", kubeconfig(cluster), 0o600);
    session.gcr_secret(["create", "--key-file=key.json", "--kubeconfig=kubeconfig"])
}

#[track_caller]
fn session() -> Session {
    let session = Session::without_cluster();
    write_key_files(&session);
    session
}

const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";

/// An address on which no program listens, because port 1 is never assigned at random.
const CLOSED: &str = "127.0.0.1:1";

#[test]
fn refused_connection_is_reported_in_kubectls_words() {
    let session = session();
    let server = CLOSED;
    let output = create(&session, &format!("server: https://{server}")).run();
    let error = format!(
        "The connection to the server {server} was refused - did you specify the right host or port?"
    );
    assert_output(&output, 1, &[], &[&error]);
    assert!(output.elapsed.as_secs() < 5, "{output}");
    let args = ["get", "serviceaccounts", "--kubeconfig=kubeconfig"];
    let kubectl_output = session.kubectl(args).run();
    assert!(
        kubectl_output.stderr.ends_with(&format!("{error}\n")),
        "{kubectl_output}"
    );

    let output = create(&session, &format!("server: https://{server}"))
        .args(["-n", "a,b,c", "--attach"])
        .run();
    let count = "0 failed, 0 unknown, 6 not started";
    assert_output(&output, 1, &[], &[&error, count]);
}

#[test]
fn closed_connection_is_not_reported_as_refused() {
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
fn untrusted_server_certificate_fails_without_write() {
    let fixture = Fixture::new("connection");
    let session = session();
    let server = format!("server: \"{}\"", fixture.cluster.server());
    let output = create(&session, &server)
        .args(["-n", &fixture.namespace])
        .run();
    assert!(
        output.code == Some(1)
            && output
                .stderr
                .starts_with("Unable to connect to the server: "),
        "{output}"
    );
    assert_eq!(fixture.find("secret/gcr-io"), None);
}

#[test]
fn rejected_credential_is_reported_in_kubectls_words() {
    let fixture = Fixture::new("connection");
    let output = fixture.create().args(["--token", "invalid"]).run();
    let error = "error: You must be logged in to the server (Unauthorized)";
    assert_output(&output, 1, &[], &[error]);
    let several = format!("{},other", fixture.namespace);
    let output = fixture
        .create()
        .args(["--token", "invalid", "-n", &several])
        .run();
    assert_output(
        &output,
        1,
        &[],
        &[error, "0 failed, 0 unknown, 2 not started"],
    );
}

#[test]
fn key_with_insecure_kubeconfig_requires_flag() {
    let fixture = Fixture::new("connection");
    let original = std::fs::read_to_string(fixture.session.kubeconfig()).unwrap();
    let insecure: Vec<_> = original
        .lines()
        .map(
            |line| match line.split_once("certificate-authority-data:") {
                Some((indent, _)) => format!("{indent}insecure-skip-tls-verify: true"),
                None => line.to_owned(),
            },
        )
        .collect();
    fixture.session.file("insecure", insecure.join("\n"), 0o600);
    let args = ["--kubeconfig", "insecure"];
    let output = fixture.create().args(args).run();
    let error = single_error(&output);
    assert!(
        error.contains(fixture.cluster.server())
            && error.contains("pass --insecure-skip-tls-verify"),
        "{error}"
    );
    assert_eq!(fixture.find("secret/gcr-io"), None);
    // A server dry run sends the key too, so it fails. A client dry run sends nothing.
    let output = fixture.create().args(args).args(["--dry-run=server"]).run();
    single_error(&output);
    let output = fixture.create().args(args).args(["--dry-run=client"]).run();
    assert_output(&output, 0, &["secret/gcr-io created (dry run)"], &[]);

    let output = fixture
        .create()
        .args(args)
        .args(["--insecure-skip-tls-verify"])
        .run();
    assert_output(&output, 0, &["secret/gcr-io created"], &[]);
}

#[test]
fn plain_http_beyond_loopback_requires_server_flag() {
    let session = session();
    // The proxy shows whether a request for the remote host is sent.
    let listener = Listener::responding(|_, _| Some(FORBIDDEN.into()));
    let proxy = format!("proxy-url: \"http://{}\"", listener.address());
    let cluster = format!("server: \"http://cluster.example:8080\", {proxy}");
    let output = create(&session, &cluster).run();
    let error = single_error(&output);
    assert!(
        error.contains("http://cluster.example:8080") && error.contains("--server"),
        "{error}"
    );
    assert_eq!(listener.connections(), 0);

    create(&session, &cluster)
        .args(["--server", "http://cluster.example:8080"])
        .run()
        .exits(1);
    let request = listener.next_request();
    assert!(request.contains("cluster.example:8080"), "{request}");
}

#[test]
fn key_over_plain_http_to_loopback_rejects_remote_proxy() {
    let session = session();
    // A reserved address (RFC 5737), to which no request is sent.
    let cluster = "server: \"http://127.0.0.1:8080\", proxy-url: \"http://192.0.2.1:3128\"";
    let output = create(&session, cluster).run();
    let error = single_error(&output);
    assert!(
        error.contains("through the proxy 192.0.2.1,") && error.contains("--server"),
        "{error}"
    );
    let listener = Listener::responding(|_, _| Some(FORBIDDEN.into()));
    let proxy = format!("proxy-url: \"http://{}\"", listener.address());
    let cluster = format!("server: \"http://127.0.0.1:8080\", {proxy}");
    create(&session, &cluster).run().exits(1);
    assert!(listener.connections() > 0);
}

#[test]
fn plain_http_to_loopback_sends_requests() {
    let session = session();
    let listener = Listener::responding(|_, _| Some(FORBIDDEN.into()));
    let server = format!("server: http://{}", listener.address());
    create(&session, &server).run().exits(1);
    let request = listener.next_request();
    assert!(
        request.starts_with("GET /api/v1/namespaces/default/secrets/gcr-io"),
        "{request}"
    );
}

#[test]
fn unresponsive_server_fails_after_request_timeout() {
    let session = session();
    let listener = Listener::responding(|_, _| None);
    let output = create(&session, &format!("server: http://{}", listener.address()))
        .args(["--request-timeout=1s"])
        .run();
    assert_output(
        &output,
        1,
        &[],
        &["Unable to connect to the server: no answer within 1s (--request-timeout)"],
    );
    assert!((1..10).contains(&output.elapsed.as_secs()), "{output}");

    let output = create(&session, &format!("server: http://{}", listener.address()))
        .args(["--request-timeout=1s", "-n", "a,b", "--attach"])
        .run();
    assert_output(
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
fn missing_context_or_kubeconfig_is_named_in_error() {
    let session = ControlPlane::shared().session();
    write_key_files(&session);
    let output = session
        .gcr_secret(["create", "--key-file=key.json", "--context=nope"])
        .run();
    assert!(single_error(&output).contains("\"nope\""), "{output}");
    let output = session
        .gcr_secret(["create", "--key-file=key.json", "--kubeconfig=/nonexistent"])
        .run();
    assert_eq!(
        single_error(&output),
        "error: stat /nonexistent: no such file or directory"
    );
}
