//! Runs an exec plugin: a program that prints an `ExecCredential` (client-go `plugin/pkg/client/auth/exec`).
//!
//! Its standard output is secret and never printed, even if it is invalid. Its standard error goes to the user. It gets
//! standard input only if it may prompt the user.

use std::borrow::Cow;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::blocking::{Interrupted, run_blocking};
use super::client_certificate::{self, ClientCertificateError};
use super::cluster_info::ClusterInfo;
use super::credential::Credential;
use super::exec_credential::ExecCredential;
use super::exec_plugin_policy::{Lookup, NotAllowed};
use super::headers::{InvalidHeader, bearer};
use super::kubeconfig::{EXEC_V1, EXEC_V1BETA1, Exec};
use super::kubeconfig_file::yaml_options;
use crate::escape_control::escape_control;
use crate::go::errors::errno;
use crate::go::time;

/// client-go's text in front of the kubeconfig's `installHint`.
const INSTALL_HELP: &str = "

It looks like you are trying to use a client-go credential plugin that is not installed.

To learn more about this feature, consult the documentation available at:
      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins";

/// An exec plugin has another `apiVersion` than those that client-go supports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("exec plugin: invalid apiVersion \"{}\"", escape_control(.0))]
pub(super) struct UnsupportedVersion(String);

/// An exec plugin returned no credential. The messages are client-go's and contain nothing that the exec plugin printed.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum ExecPluginError {
    #[error(
        "exec plugin cannot support interactive mode: standard input is unavailable: the credential to send is read from it"
    )]
    StdinTaken,
    #[error("exec plugin cannot support interactive mode: standard input is not a terminal")]
    NoTerminal,
    #[error("exec: executable {} not found{INSTALL_HELP}{}", escape_control(command), hint_text(hint.as_deref()))]
    NotFound {
        command: String,
        hint: Option<String>,
    },
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    #[error("exec: fork/exec {}: {}", escape_control(command), errno(source))]
    NotStarted {
        command: String,
        source: Arc<std::io::Error>,
    },
    #[error(
        "exec: executable {} failed with exit code {code}",
        escape_control(command)
    )]
    ExitCode { command: String, code: i32 },
    #[error("encode ExecCredentials: {0}")]
    Encode(Arc<serde_json::Error>),
    #[error("decoding stdout: it is not an ExecCredential")]
    NotAnExecCredential,
    #[error(
        "exec plugin is configured to use API version {configured}, plugin returned version {}",
        escape_control(returned)
    )]
    OtherVersion {
        configured: String,
        returned: String,
    },
    #[error("exec plugin didn't return a status field")]
    NoStatus,
    #[error("failed parsing client key/certificate: {0}")]
    Certificate(#[from] ClientCertificateError),
    #[error("exec plugin returned only certificate or key, not both")]
    HalfCertificate,
    #[error("exec plugin didn't return a token or cert/key pair")]
    NoCredential,
    #[error("decoding stdout: expirationTimestamp is not a time")]
    Expiry,
    #[error(transparent)]
    Token(#[from] InvalidHeader),
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// Whether an exec plugin may or must prompt the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InteractiveMode {
    Never,
    IfAvailable,
    Always,
}

/// An exec plugin with everything needed to run it.
pub(super) struct ExecPlugin {
    exec: Exec,
    cluster: Option<ClusterInfo>,
    interactive_mode: InteractiveMode,
    stdin_taken: bool,
    lookup: Lookup,
    /// Held while an exec plugin may prompt the user, so that only one does at a time.
    terminal: Arc<Mutex<()>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExecInfo<'a> {
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
    /// Returns the exec plugin of a validated user entry.
    ///
    /// # Errors
    /// The API version is not supported.
    pub(super) fn new(
        exec: Exec,
        cluster: Option<ClusterInfo>,
        stdin_taken: bool,
        lookup: Lookup,
        terminal: Arc<Mutex<()>>,
    ) -> Result<Self, UnsupportedVersion> {
        let version = exec.api_version.as_deref().unwrap_or_default();
        if version != EXEC_V1 && version != EXEC_V1BETA1 {
            return Err(UnsupportedVersion(version.to_owned()));
        }
        let interactive_mode = match exec.interactive_mode.as_deref().unwrap_or_default() {
            "Never" => InteractiveMode::Never,
            "Always" => InteractiveMode::Always,
            _ => InteractiveMode::IfAvailable,
        };
        Ok(Self {
            exec,
            cluster,
            interactive_mode,
            stdin_taken,
            lookup,
            terminal,
        })
    }

    /// Runs the exec plugin and returns its credential.
    ///
    /// # Errors
    /// The exec plugin could not run or printed no credential.
    pub(super) async fn run(&self) -> Result<Credential, ExecPluginError> {
        let is_interactive = self.is_interactive(std::io::stdin().is_terminal())?;
        let _terminal = if is_interactive {
            Some(self.terminal.lock().await)
        } else {
            None
        };
        let command = self.command(is_interactive, self.find_file().await?)?;
        let output = run_blocking(move || Ok::<_, Interrupted>(run_to_end(command))).await?;
        let output = output.map_err(|source| ExecPluginError::NotStarted {
            command: self.name(),
            source: Arc::new(source),
        })?;
        let stdout = Zeroizing::new(output.stdout);
        if !output.status.success() {
            return Err(ExecPluginError::ExitCode {
                command: self.name(),
                code: output.status.code().unwrap_or(-1),
            });
        }
        self.parse(&stdout)
    }

    fn name(&self) -> String {
        self.exec.command.clone().unwrap_or_default()
    }

    /// Returns whether the exec plugin would be allowed to prompt the user now.
    pub(super) fn can_prompt(&self) -> bool {
        matches!(
            self.is_interactive(std::io::stdin().is_terminal()),
            Ok(true)
        )
    }

    fn is_interactive(&self, is_terminal: bool) -> Result<bool, ExecPluginError> {
        match self.interactive_mode {
            InteractiveMode::Never => Ok(false),
            InteractiveMode::IfAvailable => Ok(is_terminal && !self.stdin_taken),
            InteractiveMode::Always if self.stdin_taken => Err(ExecPluginError::StdinTaken),
            InteractiveMode::Always if !is_terminal => Err(ExecPluginError::NoTerminal),
            InteractiveMode::Always => Ok(true),
        }
    }

    /// Returns the path of the executable, if the user's policy allows it.
    async fn find_file(&self) -> Result<PathBuf, ExecPluginError> {
        let name = self.name();
        let lookup = self.lookup.clone();
        let found = run_blocking(move || lookup.file(&name).map_err(ExecPluginError::from)).await?;
        found.ok_or_else(|| ExecPluginError::NotFound {
            command: self.name(),
            hint: self.exec.install_hint.clone(),
        })
    }

    fn command(&self, is_interactive: bool, file: PathBuf) -> Result<Command, ExecPluginError> {
        let info = ExecInfo {
            kind: "ExecCredential",
            api_version: self.exec.api_version.as_deref().unwrap_or_default(),
            spec: Spec {
                cluster: self.cluster.as_ref(),
                interactive: is_interactive,
            },
        };
        let info = serde_json::to_string(&info)
            .map_err(|error| ExecPluginError::Encode(Arc::new(error)))?;
        let info = escape_html(&info) + "\n";
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
            .env("KUBERNETES_EXEC_INFO", info)
            .stdin(if is_interactive {
                Stdio::inherit()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        Ok(command)
    }

    /// Parses the credential that the exec plugin printed.
    fn parse(&self, stdout: &[u8]) -> Result<Credential, ExecPluginError> {
        let invalid = || ExecPluginError::NotAnExecCredential;
        // client-go parses output that begins like JSON as JSON only.
        let is_json = stdout.trim_ascii_start().starts_with(b"{");
        let mut credential: ExecCredential = match serde_json::from_slice(stdout) {
            Ok(credential) => credential,
            Err(_) if is_json => return Err(invalid()),
            Err(_) => serde_saphyr::from_slice_with_options(stdout, yaml_options())
                .map_err(|_| invalid())?,
        };
        if credential.kind.as_deref() != Some("ExecCredential") {
            return Err(invalid());
        }
        let version = credential.api_version.as_deref().unwrap_or_default();
        let configured = self.exec.api_version.as_deref().unwrap_or_default();
        if version != configured {
            return Err(ExecPluginError::OtherVersion {
                configured: configured.to_owned(),
                returned: version.to_owned(),
            });
        }
        let Some(mut status) = credential.status.take() else {
            return Err(ExecPluginError::NoStatus);
        };
        let non_empty = |text: &mut Option<String>| {
            text.take()
                .filter(|text| !text.is_empty())
                .map(Zeroizing::new)
        };
        let token = non_empty(&mut status.token);
        let certificate = non_empty(&mut status.client_certificate_data);
        let key = non_empty(&mut status.client_key_data);
        let client_certificate = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(client_certificate::from_pem(
                certificate.as_bytes(),
                key.as_bytes(),
            )?),
            (None, None) => None,
            _ => return Err(ExecPluginError::HalfCertificate),
        };
        if token.is_none() && client_certificate.is_none() {
            return Err(ExecPluginError::NoCredential);
        }
        let expires = match status.expiration_timestamp.as_deref() {
            None => None,
            Some(text) => Some(time::parse(text).ok_or(ExecPluginError::Expiry)?),
        };
        let authorization = token.as_ref().map(|token| bearer(token)).transpose()?;
        Ok(Credential {
            authorization,
            client_certificate,
            expires,
            ..Credential::default()
        })
    }
}

/// Returns the kubeconfig's `installHint`, as client-go appends it.
fn hint_text(hint: Option<&str>) -> String {
    match hint {
        Some(hint) if !hint.is_empty() => format!("\n\n{}", escape_hint(hint)),
        _ => String::new(),
    }
}

/// Escapes a hint like client-go (`clientcmd`, `cleanANSIEscapeCodes`): keeps its line breaks and replaces other control
/// characters by their code point.
fn escape_hint(hint: &str) -> String {
    let mut escaped = String::new();
    for character in hint.chars() {
        let mut buffer = [0; 4];
        let text = character.encode_utf8(&mut buffer);
        match character {
            '\n' | '\t' => escaped.push(character),
            _ if matches!(escape_control(text), Cow::Borrowed(_)) => escaped.push(character),
            _ => escaped.push_str(&format!("U+{:04X}", u32::from(character))),
        }
    }
    escaped
}

/// Escapes characters with a meaning in HTML or JavaScript, like Go's `encoding/json`.
fn escape_html(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len() + 1);
    for character in json.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Runs a command, waits for its end and returns its output.
fn run_to_end(mut command: Command) -> std::io::Result<std::process::Output> {
    command.output()
}

#[cfg(test)]
mod tests;
