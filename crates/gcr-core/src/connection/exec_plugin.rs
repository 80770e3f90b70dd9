//! A credential plugin: a program that prints an `ExecCredential` (client-go `plugin/pkg/client/auth/exec`).
//!
//! What it prints is a secret and never shown, not even when it makes no sense. Its standard error is the user's. It gets
//! standard input only where it may ask somebody.

use std::borrow::Cow;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::blocking::run_blocking;
use super::client_certificate;
use super::cluster_info::ClusterInfo;
use super::credential::{Credential, bearer};
use super::exec_credential::ExecCredential;
use super::exec_plugin_policy::Lookup;
use super::kubeconfig::Exec;
use super::kubeconfig_file::yaml_options;
use super::validation::{EXEC_V1, EXEC_V1BETA1};
use crate::domain::escape_control::escape_control;
use crate::domain::go_errors::errno;
use crate::domain::go_time;

/// What client-go says before the kubeconfig's own hint.
const INSTALL_HELP: &str = "

It looks like you are trying to use a client-go credential plugin that is not installed.

To learn more about this feature, consult the documentation available at:
      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins";

/// Whether a plugin may talk with the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InteractiveMode {
    Never,
    IfAvailable,
    Always,
}

/// A plugin, ready to run.
pub(super) struct ExecPlugin {
    exec: Exec,
    cluster: Option<ClusterInfo>,
    talk: InteractiveMode,
    stdin_taken: bool,
    lookup: Lookup,
    /// Held while a plugin may talk with the user: one after another.
    terminal: Arc<Mutex<()>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    kind: &'static str,
    api_version: &'a str,
    spec: Spec<'a>,
}

#[derive(Serialize)]
struct Spec<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<&'a ClusterInfo>,
    interactive: bool,
}

impl ExecPlugin {
    /// From a user's entry, which has been checked.
    ///
    /// # Errors
    /// The line to print.
    pub(super) fn new(
        exec: Exec,
        cluster: Option<ClusterInfo>,
        stdin_taken: bool,
        lookup: Lookup,
        terminal: Arc<Mutex<()>>,
    ) -> Result<Self, String> {
        let version = exec.api_version.as_deref().unwrap_or_default();
        if version != EXEC_V1 && version != EXEC_V1BETA1 {
            return Err(format!(
                "error: exec plugin: invalid apiVersion \"{}\"",
                escape_control(version)
            ));
        }
        let talk = match exec.interactive_mode.as_deref().unwrap_or_default() {
            "Never" => InteractiveMode::Never,
            "Always" => InteractiveMode::Always,
            _ => InteractiveMode::IfAvailable,
        };
        Ok(Self {
            exec,
            cluster,
            talk,
            stdin_taken,
            lookup,
            terminal,
        })
    }

    /// Runs it and takes its credential.
    ///
    /// # Errors
    /// What went wrong, without anything that the plugin printed.
    pub(super) async fn run(&self) -> Result<Credential, String> {
        let interactive = self.is_interactive(std::io::stdin().is_terminal())?;
        let _terminal = if interactive {
            Some(self.terminal.lock().await)
        } else {
            None
        };
        let command = self.command(interactive, self.find_file().await?)?;
        let output = tokio::task::spawn_blocking(move || start(command))
            .await
            .map_err(|_| "exec: the plugin could not be waited for".to_owned())?;
        let output = output.map_err(|error| self.not_started(&error))?;
        let stdout = Zeroizing::new(output.stdout);
        if !output.status.success() {
            return Err(format!(
                "exec: executable {} failed with exit code {}",
                self.name(),
                output.status.code().unwrap_or(-1)
            ));
        }
        self.read(&stdout)
    }

    fn name(&self) -> String {
        escape_control(self.exec.command.as_deref().unwrap_or_default()).into_owned()
    }

    /// Whether it may ask the user something now.
    pub(super) fn can_prompt(&self) -> bool {
        self.is_interactive(std::io::stdin().is_terminal()) == Ok(true)
    }

    fn is_interactive(&self, terminal: bool) -> Result<bool, String> {
        let trouble = |why: &str| {
            Err(format!(
                "exec plugin cannot support interactive mode: {why}"
            ))
        };
        match self.talk {
            InteractiveMode::Never => Ok(false),
            InteractiveMode::IfAvailable => Ok(terminal && !self.stdin_taken),
            InteractiveMode::Always if self.stdin_taken => {
                trouble("standard input is unavailable: the credential to send is read from it")
            }
            InteractiveMode::Always if !terminal => trouble("standard input is not a terminal"),
            InteractiveMode::Always => Ok(true),
        }
    }

    /// Returns the path of the executable, if the user's policy allows it.
    async fn find_file(&self) -> Result<PathBuf, String> {
        let name = self.exec.command.clone().unwrap_or_default();
        let lookup = self.lookup.clone();
        run_blocking(move || lookup.file(&name))
            .await?
            .ok_or_else(|| self.not_found())
    }

    fn command(&self, interactive: bool, file: PathBuf) -> Result<Command, String> {
        let question = Question {
            kind: "ExecCredential",
            api_version: self.exec.api_version.as_deref().unwrap_or_default(),
            spec: Spec {
                cluster: self.cluster.as_ref(),
                interactive,
            },
        };
        let question = serde_json::to_string(&question)
            .map_err(|error| format!("encode ExecCredentials: {error}"))?;
        let question = go_json(&question) + "\n";
        let name = self.exec.command.as_deref().unwrap_or_default();
        let mut command = Command::new(file);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::arg0(&mut command, name);
        let args = self.exec.args.iter().flatten();
        command.args(args.map(|arg| arg.as_deref().unwrap_or_default()));
        for variable in self.exec.env.iter().flatten().flatten() {
            if let Some(name) = &variable.name {
                command.env(name, variable.value.as_deref().unwrap_or_default());
            }
        }
        command
            .env("KUBERNETES_EXEC_INFO", question)
            .stdin(if interactive {
                Stdio::inherit()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        Ok(command)
    }

    fn not_found(&self) -> String {
        let mut text = format!("exec: executable {} not found{INSTALL_HELP}", self.name());
        if let Some(hint) = self
            .exec
            .install_hint
            .as_deref()
            .filter(|it| !it.is_empty())
        {
            text.push_str("\n\n");
            text.push_str(&harmless(hint));
        }
        text
    }

    fn not_started(&self, error: &std::io::Error) -> String {
        format!("exec: fork/exec {}: {}", self.name(), errno(error))
    }

    /// Takes the credential out of what was printed.
    fn read(&self, stdout: &[u8]) -> Result<Credential, String> {
        let senseless = || "decoding stdout: it is not an ExecCredential".to_owned();
        // What begins like JSON is nothing else.
        let is_json = stdout.trim_ascii_start().starts_with(b"{");
        let mut answer: ExecCredential = match serde_json::from_slice(stdout) {
            Ok(answer) => answer,
            Err(_) if is_json => return Err(senseless()),
            Err(_) => serde_saphyr::from_slice_with_options(stdout, yaml_options())
                .map_err(|_| senseless())?,
        };
        if answer.kind.as_deref() != Some("ExecCredential") {
            return Err(senseless());
        }
        let version = answer.api_version.as_deref().unwrap_or_default();
        let desired = self.exec.api_version.as_deref().unwrap_or_default();
        if version != desired {
            return Err(format!(
                "exec plugin is configured to use API version {desired}, plugin returned version {}",
                escape_control(version)
            ));
        }
        let Some(mut status) = answer.status.take() else {
            return Err("exec plugin didn't return a status field".to_owned());
        };
        let full = |text: &mut Option<String>| {
            text.take()
                .filter(|text| !text.is_empty())
                .map(Zeroizing::new)
        };
        let token = full(&mut status.token);
        let certificate = full(&mut status.client_certificate_data);
        let key = full(&mut status.client_key_data);
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(
                client_certificate::from_pem(certificate.as_bytes(), key.as_bytes())
                    .map_err(|error| format!("failed parsing client key/certificate: {error}"))?,
            ),
            (None, None) => None,
            _ => return Err("exec plugin returned only certificate or key, not both".to_owned()),
        };
        if token.is_none() && identity.is_none() {
            return Err("exec plugin didn't return a token or cert/key pair".to_owned());
        }
        let expires = match status.expiration_timestamp.as_deref() {
            None => None,
            Some(text) => Some(
                go_time::parse(text).ok_or("decoding stdout: expirationTimestamp is not a time")?,
            ),
        };
        let authorization = match &token {
            Some(token) => Some(bearer(token).map_err(|_| {
                "net/http: invalid header field value for \"Authorization\"".to_owned()
            })?),
            None => None,
        };
        Ok(Credential {
            authorization,
            identity,
            expires,
            ..Credential::default()
        })
    }
}

/// A hint as client-go shows it (`clientcmd`, `cleanANSIEscapeCodes`): its lines stay, and what a terminal would act on is
/// shown by its number.
fn harmless(hint: &str) -> String {
    let mut shown = String::new();
    for character in hint.chars() {
        let mut buffer = [0; 4];
        let text = character.encode_utf8(&mut buffer);
        match character {
            '\n' | '\t' => shown.push(character),
            _ if matches!(escape_control(text), Cow::Borrowed(_)) => shown.push(character),
            _ => shown.push_str(&format!("U+{:04X}", u32::from(character))),
        }
    }
    shown
}

/// JSON as Go writes it: what HTML or JavaScript would take for their own is named by its number.
fn go_json(json: &str) -> String {
    let mut written = String::with_capacity(json.len() + 1);
    for character in json.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                written.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => written.push(character),
        }
    }
    written
}

/// Runs it to its end.
fn start(mut command: Command) -> std::io::Result<std::process::Output> {
    command.output()
}

#[cfg(test)]
mod tests;
