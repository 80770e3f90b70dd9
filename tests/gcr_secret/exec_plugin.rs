//! Exec plugins with a real API server: a plugin is started once, and once more if the server rejects its credential.

use gcr_test_support::{Invocation, Output};

use crate::fixture::{Fixture, assert_output};

const NAMESPACES: usize = 12;

/// A fixture with several namespaces, whose kubeconfig user is an exec plugin.
struct ExecPluginFixture {
    fixture: Fixture,
    namespaces: Vec<String>,
}

impl ExecPluginFixture {
    /// Creates an exec plugin that runs the shell script `body`. `$TOKEN` is the administrator's token and `$START` the
    /// number of starts.
    #[track_caller]
    fn new(body: &str) -> Self {
        let fixture = Fixture::new("plugin");
        let session = &fixture.session;
        let raw = |field: &str| {
            let path = format!("jsonpath={{.{field}}}");
            let args = ["config", "view", "--raw", "-o", &path];
            session.kubectl(args).run().success().stdout
        };
        let token = raw("users[0].user.token");
        let authority = raw("clusters[0].cluster.certificate-authority-data");
        let server = fixture.cluster.server();
        session.file(
            "kubeconfig",
            format!(
                "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
                 clusters:\n- name: k\n  cluster: {{server: '{server}', certificate-authority-data: {authority}}}\n\
                 users:\n- name: u\n  user:\n    exec: {{apiVersion: client.authentication.k8s.io/v1, command: login, interactiveMode: Never}}\n\
                 contexts:\n- name: c\n  context: {{cluster: k, user: u}}\n"
            ),
            0o600,
        );
        let starts = session.work().join("starts");
        session.script(
            "login",
            &format!(
                "TOKEN='{token}'\necho started >> '{starts}'\nSTART=$(wc -l < '{starts}')\n\
                 give() {{ printf '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\
                 \"status\":{{\"token\":\"%s\"%s}}}}' \"$1\" \"$2\"; }}\n{body}",
                starts = starts.display()
            ),
        );
        let namespaces = fixture.cluster.create_namespaces("plugin", NAMESPACES);
        Self {
            fixture,
            namespaces,
        }
    }

    /// Returns the command `kubectl gcr-secret create --attach` for all namespaces.
    fn attach(&self) -> Invocation {
        let list = self.namespaces.join(",");
        let args = [
            "gcr-secret",
            "create",
            "--key-file=key.json",
            "--attach",
            "-n",
            &list,
        ];
        let kubeconfig = self.fixture.session.work().join("kubeconfig");
        self.fixture
            .session
            .kubectl(args)
            .env("KUBECONFIG", kubeconfig)
    }

    /// Returns the number of times the exec plugin was started.
    fn starts(&self) -> usize {
        let note = std::fs::read_to_string(self.fixture.session.work().join("starts"));
        note.unwrap_or_default().lines().count()
    }
}

/// Asserts that both objects of each namespace were written, without warnings or errors.
#[track_caller]
fn assert_all_written(output: &Output) {
    let count =
        format!("{NAMESPACES} created, {NAMESPACES} patched, 0 failed, 0 unknown, 0 not started\n");
    assert!(
        output.code == Some(0) && output.stderr == count,
        "expected {count}{output}"
    );
}

#[test]
fn exec_plugin_is_started_once_for_several_namespaces() {
    let exec_plugin = ExecPluginFixture::new("give \"$TOKEN\"");
    assert_all_written(&exec_plugin.attach().run());
    assert_eq!(exec_plugin.starts(), 1);
}

#[test]
fn expired_token_is_used_until_rejected() {
    let exec_plugin = ExecPluginFixture::new(
        "give \"$TOKEN\" ',\"expirationTimestamp\":\"2020-01-01T00:00:00Z\"'",
    );
    assert_all_written(&exec_plugin.attach().run());
    assert_eq!(exec_plugin.starts(), 1);
}

#[test]
fn rejected_token_is_renewed_once_for_all_requests() {
    // The slow second start lets the other rejected requests wait for it.
    let exec_plugin = ExecPluginFixture::new(
        "if [ \"$START\" -eq 1 ]; then give stale; else sleep 0.3; give \"$TOKEN\"; fi",
    );
    assert_all_written(&exec_plugin.attach().run());
    assert_eq!(exec_plugin.starts(), 2);
}

#[test]
fn second_rejection_ends_run() {
    let exec_plugin = ExecPluginFixture::new("give stale");
    let output = exec_plugin.attach().run();
    let count = format!("0 failed, 0 unknown, {} not started", 2 * NAMESPACES);
    let error = "error: You must be logged in to the server (Unauthorized)";
    assert_output(&output, 1, &[], &[error, &count]);
    assert_eq!(exec_plugin.starts(), 2);
}

#[test]
fn failed_renewal_reports_rejection() {
    let exec_plugin =
        ExecPluginFixture::new("if [ \"$START\" -eq 1 ]; then give stale; else exit 3; fi");
    let output = exec_plugin.attach().run().exits(1);
    let error = "error: You must be logged in to the server (Unauthorized)";
    assert!(output.stderr.lines().any(|line| line == error), "{output}");
    assert!(!output.stderr.contains("stale"), "{output}");
    let count = format!("0 failed, 0 unknown, {} not started", 2 * NAMESPACES);
    assert_eq!(output.stderr.lines().last(), Some(count.as_str()));
}
