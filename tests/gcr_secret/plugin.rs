//! Credential plugins in front of a live server: started once, and once more when the server refuses what it gave.

use gcr_test_support::{Invocation, Output};

use crate::setting::{Setting, assert_said};

const NAMESPACES: usize = 12;

/// A setting whose user is a plugin, and namespaces to work in.
struct Plugged {
    setting: Setting,
    namespaces: Vec<String>,
}

impl Plugged {
    /// The plugin runs `body`, in which `$TOKEN` is the administrator's token and `$START` counts its starts.
    #[track_caller]
    fn new(body: &str) -> Self {
        let setting = Setting::new("plugin");
        let session = &setting.session;
        let raw = |field: &str| {
            let path = format!("jsonpath={{.{field}}}");
            let words = ["config", "view", "--raw", "-o", &path];
            session.kubectl(words).run().success().stdout
        };
        let token = raw("users[0].user.token");
        let authority = raw("clusters[0].cluster.certificate-authority-data");
        let server = setting.cluster.server();
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
        let namespaces = setting.cluster.create_namespaces("plugin", NAMESPACES);
        Self {
            setting,
            namespaces,
        }
    }

    /// `kubectl gcr-secret create --attach` in all the namespaces.
    fn attach(&self) -> Invocation {
        let list = self.namespaces.join(",");
        let words = [
            "gcr-secret",
            "create",
            "--key-file=key.json",
            "--attach",
            "-n",
            &list,
        ];
        let kubeconfig = self.setting.session.work().join("kubeconfig");
        self.setting
            .session
            .kubectl(words)
            .env("KUBECONFIG", kubeconfig)
    }

    /// How often the plugin has been started.
    fn starts(&self) -> usize {
        let note = std::fs::read_to_string(self.setting.session.work().join("starts"));
        note.unwrap_or_default().lines().count()
    }
}

/// Both objects of each namespace were written, and nothing else was said.
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
fn a_plugin_is_started_once_for_many_namespaces() {
    let plugged = Plugged::new("give \"$TOKEN\"");
    assert_all_written(&plugged.attach().run());
    assert_eq!(plugged.starts(), 1);
}

#[test]
fn a_token_that_says_it_has_expired_is_used_until_the_server_refuses_it() {
    let plugged =
        Plugged::new("give \"$TOKEN\" ',\"expirationTimestamp\":\"2020-01-01T00:00:00Z\"'");
    assert_all_written(&plugged.attach().run());
    assert_eq!(plugged.starts(), 1);
}

#[test]
fn a_refused_token_is_renewed_once_for_all_that_wait() {
    // Slow, so that whoever was refused meanwhile comes to wait.
    let plugged = Plugged::new(
        "if [ \"$START\" -eq 1 ]; then give stale; else sleep 0.3; give \"$TOKEN\"; fi",
    );
    assert_all_written(&plugged.attach().run());
    assert_eq!(plugged.starts(), 2);
}

#[test]
fn a_second_refusal_ends_the_cluster() {
    let plugged = Plugged::new("give stale");
    let output = plugged.attach().run();
    let count = format!("0 failed, 0 unknown, {} not started", 2 * NAMESPACES);
    let error = "error: You must be logged in to the server (Unauthorized)";
    assert_said(&output, 1, &[], &[error, &count]);
    assert_eq!(plugged.starts(), 2);
}

#[test]
fn a_plugin_that_cannot_renew_leaves_the_refusal_to_be_told() {
    let plugged = Plugged::new("if [ \"$START\" -eq 1 ]; then give stale; else exit 3; fi");
    let output = plugged.attach().run().exits(1);
    let error = "error: You must be logged in to the server (Unauthorized)";
    assert!(output.stderr.lines().any(|line| line == error), "{output}");
    assert!(!output.stderr.contains("stale"), "{output}");
    let count = format!("0 failed, 0 unknown, {} not started", 2 * NAMESPACES);
    assert_eq!(output.stderr.lines().last(), Some(count.as_str()));
}
