//! Tests exec plugins with real processes.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::exec_plugin_file::SearchPath;
use crate::exec_plugin_policy::Policy;
use crate::kubeconfig::Variable;

/// Returns a lookup by path only, without restrictions.
fn unrestricted() -> Lookup {
    Lookup {
        search: SearchPath::default(),
        policy: Policy::All,
    }
}

/// An exec plugin that is a shell script.
struct Script {
    directory: tempfile::TempDir,
    exec: Exec,
}

impl Script {
    fn new(body: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("login");
        // sh reads the script: executing it directly fails while a child process of another test has it open for writing.
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

    fn printing(status: &str) -> Self {
        Self::new(&format!(
            "printf '%s' '{{\"kind\":\"ExecCredential\",\"apiVersion\":\"{EXEC_V1}\",\"status\":{status}}}'\n"
        ))
    }

    async fn run(&self) -> Result<Credential, String> {
        self.run_with(None).await
    }

    async fn run_with(&self, cluster: Option<ClusterInfo>) -> Result<Credential, String> {
        ExecPlugin::new(
            self.exec.clone(),
            cluster,
            true,
            unrestricted(),
            Arc::default(),
        )
        .map_err(|error| error.to_string())?
        .run()
        .await
        .map_err(|error| error.to_string())
    }

    async fn error(&self) -> String {
        self.run().await.err().expect("the exec plugin should fail")
    }
}

#[tokio::test]
async fn run_returns_token_and_expiry() {
    let script =
        Script::printing("{\"token\":\"t0k\",\"expirationTimestamp\":\"2020-01-02T03:04:05Z\"}");
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
async fn run_passes_info_and_environment_of_client_go() {
    let mut script = Script::new(
        "printf '%s %s' \"$EXTRA\" \"$KUBERNETES_EXEC_INFO\" >\"$1\"; wc -c >>\"$1\"; exit 7\n",
    );
    let output = script.directory.path().join("output");
    let args = script.exec.args.as_mut().unwrap();
    args.push(Some(output.to_str().unwrap().to_owned()));
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
    let output = std::fs::read_to_string(output).unwrap();
    let (info, stdin_length) = output.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(
        info,
        r#"more {"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"cluster":{"server":"https://c.test","certificate-authority-data":"QQ==","config":{"audience":"x"}},"interactive":false}}"#
    );
    assert_eq!(stdin_length.trim(), "0", "standard input should be empty");
}

#[tokio::test]
async fn run_with_invalid_output_fails_without_showing_it() {
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
        assert_eq!(Script::printing(status).error().await, expected);
    }
    for body in ["echo s3cret", "echo '{\"kind\":\"s3cret\"}'", "true"] {
        assert_eq!(
            Script::new(body).error().await,
            "decoding stdout: it is not an ExecCredential"
        );
    }
    let mut other = Script::printing("{\"token\":\"a\"}");
    other.exec.api_version = Some(EXEC_V1BETA1.to_owned());
    assert_eq!(
        other.error().await,
        "exec plugin is configured to use API version client.authentication.k8s.io/v1beta1, plugin returned version client.authentication.k8s.io/v1"
    );
}

#[tokio::test]
async fn run_with_missing_executable_returns_install_hint() {
    let mut script = Script::printing("{}");
    script.exec.command = Some("no-such-login".to_owned());
    script.exec.install_hint = Some("Get it\nat \u{1b}[1mhome".to_owned());
    assert_eq!(
        script.error().await,
        "exec: executable no-such-login not found

It looks like you are trying to use a client-go credential plugin that is not installed.

To learn more about this feature, consult the documentation available at:
      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins

Get it
at U+001B[1mhome"
    );
    script.exec.command = Some("/nope/login".to_owned());
    assert_eq!(
        script.error().await,
        "exec: fork/exec /nope/login: no such file or directory"
    );
    let plain = script.directory.path().join("plain");
    std::fs::write(&plain, "").unwrap();
    std::fs::set_permissions(&plain, std::fs::Permissions::from_mode(0o644)).unwrap();
    script.exec.command = Some(plain.to_str().unwrap().to_owned());
    assert_eq!(
        script.error().await,
        format!("exec: fork/exec {}: permission denied", plain.display())
    );
}

#[test]
fn is_interactive_depends_on_mode_terminal_and_stdin() {
    let is_interactive = |mode: &str, stdin_taken: bool, is_terminal: bool| {
        let exec = Exec {
            command: Some("x".to_owned()),
            api_version: Some(EXEC_V1.to_owned()),
            interactive_mode: Some(mode.to_owned()),
            ..Default::default()
        };
        let plugin =
            ExecPlugin::new(exec, None, stdin_taken, unrestricted(), Arc::default()).unwrap();
        plugin
            .is_interactive(is_terminal)
            .map_err(|error| error.to_string())
    };
    assert_eq!(is_interactive("Never", false, true), Ok(false));
    assert_eq!(is_interactive("IfAvailable", false, true), Ok(true));
    assert_eq!(is_interactive("IfAvailable", false, false), Ok(false));
    assert_eq!(is_interactive("IfAvailable", true, true), Ok(false));
    assert_eq!(is_interactive("Always", false, true), Ok(true));
    assert_eq!(
        is_interactive("Always", false, false).unwrap_err(),
        "exec plugin cannot support interactive mode: standard input is not a terminal"
    );
    assert_eq!(
        is_interactive("Always", true, true).unwrap_err(),
        "exec plugin cannot support interactive mode: standard input is unavailable: the credential to send is read from it"
    );
}

#[test]
fn new_with_unsupported_api_version_fails() {
    let exec = Exec {
        api_version: Some("client.authentication.k8s.io/v1alpha1".to_owned()),
        ..Default::default()
    };
    assert_eq!(
        ExecPlugin::new(exec, None, false, unrestricted(), Arc::default())
            .err()
            .unwrap()
            .to_string(),
        "exec plugin: invalid apiVersion \"client.authentication.k8s.io/v1alpha1\""
    );
}
