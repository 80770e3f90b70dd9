//! Credential plugins, run for real.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::connection::exec_plugin_file::SearchPath;
use crate::connection::exec_plugin_policy::Policy;
use crate::connection::kubeconfig::Variable;

/// Whatever a path names may run.
fn anything() -> Lookup {
    Lookup {
        search: SearchPath::default(),
        policy: Policy::All,
    }
}

/// A plugin that is a shell script, with what it was asked in `asked` beside it.
struct Script {
    directory: tempfile::TempDir,
    exec: Exec,
}

impl Script {
    fn new(body: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("login");
        // Run by sh, so that nobody executes a file that another test's child still holds open.
        std::fs::write(&path, body).unwrap();
        let exec = Exec {
            command: Some("/bin/sh".to_owned()),
            args: Some(vec![Some(path.to_str().unwrap().to_owned())]),
            api_version: Some(EXEC_V1.to_owned()),
            interactive_mode: Some("IfAvailable".to_owned()),
            ..Default::default()
        };
        Self { directory, exec }
    }

    fn answering(status: &str) -> Self {
        Self::new(&format!(
            "printf '%s' '{{\"kind\":\"ExecCredential\",\"apiVersion\":\"{EXEC_V1}\",\"status\":{status}}}'\n"
        ))
    }

    async fn run(&self) -> Result<Credential, String> {
        self.run_with(None).await
    }

    async fn run_with(&self, cluster: Option<ClusterInfo>) -> Result<Credential, String> {
        ExecPlugin::new(self.exec.clone(), cluster, true, anything(), Arc::default())?
            .run()
            .await
    }

    async fn trouble(&self) -> String {
        self.run().await.err().expect("should fail")
    }
}

#[tokio::test]
async fn a_token_and_its_expiry_are_taken() {
    let script =
        Script::answering("{\"token\":\"t0k\",\"expirationTimestamp\":\"2020-01-02T03:04:05Z\"}");
    let credential = script.run().await.unwrap();
    assert_eq!(credential.authorization.as_ref().unwrap(), "Bearer t0k");
    assert!(credential.authorization.as_ref().unwrap().is_sensitive());
    assert!(credential.has_expired());
    let yaml = Script::new(
        "echo 'kind: ExecCredential\napiVersion: client.authentication.k8s.io/v1\nstatus: {token: abc}'\n",
    );
    assert_eq!(
        yaml.run().await.unwrap().authorization.unwrap(),
        "Bearer abc"
    );
}

#[tokio::test]
async fn it_is_told_what_client_go_tells_it() {
    let mut script = Script::new(
        "printf '%s %s' \"$EXTRA\" \"$KUBERNETES_EXEC_INFO\" >\"$1\"; wc -c >>\"$1\"; exit 7\n",
    );
    let asked = script.directory.path().join("asked");
    let args = script.exec.args.as_mut().unwrap();
    args.push(Some(asked.to_str().unwrap().to_owned()));
    script.exec.env = Some(vec![Some(Variable {
        name: Some("EXTRA".to_owned()),
        value: Some("more".to_owned()),
    })]);
    let cluster = ClusterInfo {
        server: "https://c.test".to_owned(),
        tls_server_name: None,
        insecure_skip_tls_verify: false,
        certificate_authority_data: "QQ==".to_owned(),
        proxy_url: None,
        disable_compression: false,
        config: serde_json::json!({"audience": "x"}),
    };
    let error = script.run_with(Some(cluster)).await.err().unwrap();
    assert_eq!(error, "exec: executable /bin/sh failed with exit code 7");
    let said = std::fs::read_to_string(asked).unwrap();
    let (question, standard_input) = said.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(
        question,
        r#"more {"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"cluster":{"server":"https://c.test","certificate-authority-data":"QQ==","config":{"audience":"x"}},"interactive":false}}"#
    );
    assert_eq!(standard_input.trim(), "0", "it gets no standard input");
}

#[tokio::test]
async fn what_it_prints_is_never_shown() {
    for (status, expected) in [
        ("null", "exec plugin didn't return a status field"),
        ("{}", "exec plugin didn't return a token or cert/key pair"),
        (
            "{\"clientKeyData\":\"s3cret\"}",
            "exec plugin returned only certificate or key, not both",
        ),
        (
            "{\"token\":\"a\",\"expirationTimestamp\":\"s3cret\"}",
            "decoding stdout: expirationTimestamp is not a time",
        ),
        (
            "{\"token\":{\"s3cret\":1}}",
            "decoding stdout: it is not an ExecCredential",
        ),
    ] {
        assert_eq!(Script::answering(status).trouble().await, expected);
    }
    for body in ["echo s3cret", "echo '{\"kind\":\"s3cret\"}'", "true"] {
        assert_eq!(
            Script::new(body).trouble().await,
            "decoding stdout: it is not an ExecCredential"
        );
    }
    let mut other = Script::answering("{\"token\":\"a\"}");
    other.exec.api_version = Some(EXEC_V1BETA1.to_owned());
    assert_eq!(
        other.trouble().await,
        "exec plugin is configured to use API version client.authentication.k8s.io/v1beta1, plugin returned version client.authentication.k8s.io/v1"
    );
}

#[tokio::test]
async fn a_missing_program_is_named_with_the_hint() {
    let mut script = Script::answering("{}");
    script.exec.command = Some("no-such-login".to_owned());
    script.exec.install_hint = Some("Get it\nat \u{1b}[1mhome".to_owned());
    assert_eq!(
        script.trouble().await,
        "exec: executable no-such-login not found

It looks like you are trying to use a client-go credential plugin that is not installed.

To learn more about this feature, consult the documentation available at:
      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins

Get it
at U+001B[1mhome"
    );
    script.exec.command = Some("/nope/login".to_owned());
    assert_eq!(
        script.trouble().await,
        "exec: fork/exec /nope/login: no such file or directory"
    );
    let plain = script.directory.path().join("plain");
    std::fs::write(&plain, "").unwrap();
    std::fs::set_permissions(&plain, std::fs::Permissions::from_mode(0o644)).unwrap();
    script.exec.command = Some(plain.to_str().unwrap().to_owned());
    assert_eq!(
        script.trouble().await,
        format!("exec: fork/exec {}: permission denied", plain.display())
    );
}

#[test]
fn who_may_talk_gets_the_terminal_unless_the_key_comes_from_it() {
    let talk = |mode: &str, stdin_taken: bool, terminal: bool| {
        let exec = Exec {
            command: Some("x".to_owned()),
            api_version: Some(EXEC_V1.to_owned()),
            interactive_mode: Some(mode.to_owned()),
            ..Default::default()
        };
        let plugin = ExecPlugin::new(exec, None, stdin_taken, anything(), Arc::default()).unwrap();
        plugin.is_interactive(terminal)
    };
    assert_eq!(talk("Never", false, true), Ok(false));
    assert_eq!(talk("IfAvailable", false, true), Ok(true));
    assert_eq!(talk("IfAvailable", false, false), Ok(false));
    assert_eq!(talk("IfAvailable", true, true), Ok(false));
    assert_eq!(talk("Always", false, true), Ok(true));
    assert_eq!(
        talk("Always", false, false).unwrap_err(),
        "exec plugin cannot support interactive mode: standard input is not a terminal"
    );
    assert_eq!(
        talk("Always", true, true).unwrap_err(),
        "exec plugin cannot support interactive mode: standard input is unavailable: the credential to send is read from it"
    );
}

#[test]
fn an_unknown_version_is_refused() {
    let exec = Exec {
        api_version: Some("client.authentication.k8s.io/v1alpha1".to_owned()),
        ..Default::default()
    };
    assert_eq!(
        ExecPlugin::new(exec, None, false, anything(), Arc::default())
            .err()
            .unwrap(),
        "error: exec plugin: invalid apiVersion \"client.authentication.k8s.io/v1alpha1\""
    );
}
