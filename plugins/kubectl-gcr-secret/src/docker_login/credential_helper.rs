//! Calls a credential helper of Docker as Docker does: `docker-credential-NAME ACTION`, with the data on standard input.
//!
//! The protocol is that of docker-credential-helpers (`client/client.go`): `get` reads an address and prints JSON; `store` reads
//! JSON. Both print the reason of a failure on standard output.

use std::path::PathBuf;
use std::time::Duration;

use gcr_core::domain::redactor::Redactor;
use gcr_google::program::{self, Program};
use gcr_google::registry::Login;
use kube_clientcmd::Environment;
use kube_clientcmd::escape_control::escape_control;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The time limit of a call. The helper may ask the user to unlock a key.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A credential helper.
pub(super) struct Helper<'a> {
    name: String,
    path: PathBuf,
    redactor: &'a Redactor,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Stored<'a> {
    #[serde(rename = "ServerURL")]
    server_url: &'a str,
    username: &'a str,
    secret: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: Zeroizing<String>,
}

/// The credential that a helper holds for a host.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// The credential of the login.
    Same,
    /// Another credential.
    Other,
    /// None, or the helper fails or prints no valid JSON.
    Nothing,
}

impl<'a> Helper<'a> {
    /// Finds the helper on `PATH`.
    ///
    /// # Errors
    /// Returns the reason.
    pub(super) fn find(name: &str, redactor: &'a Redactor) -> Result<Self, String> {
        let program = format!("docker-credential-{name}");
        let shown = escape_control(&program);
        if name.contains(['/', '\\', '\0']) {
            return Err(format!("{shown} is not the name of a credential helper"));
        }
        match program::find(&program, &Environment::of_process()) {
            Some(path) => Ok(Self {
                name: program,
                path,
                redactor,
            }),
            None => Err(format!("{shown} is not on PATH")),
        }
    }

    /// Returns what the helper holds for `host`, compared with `login`.
    pub(super) async fn held(&self, host: &str, login: &Login) -> Held {
        let Ok(output) = self.call("get", host.as_bytes()).await else {
            return Held::Nothing;
        };
        match serde_json::from_slice::<Found>(&output) {
            Ok(found) if found.secret.is_empty() => Held::Nothing,
            Ok(found) => {
                self.redactor.add_secret(&found.secret);
                let is_same = found.username == login.username
                    && *found.secret == login.password.expose_secret();
                if is_same { Held::Same } else { Held::Other }
            }
            Err(_) => Held::Nothing,
        }
    }

    /// Stores a credential.
    ///
    /// # Errors
    /// Returns the reason of the helper.
    pub(super) async fn store(&self, host: &str, login: &Login) -> Result<(), String> {
        let stored = Stored {
            server_url: host,
            username: &login.username,
            secret: login.password.expose_secret(),
        };
        // Allocated at full size: a buffer that grows leaves copies behind. JSON escapes a character as at most six.
        let size = 6 * stored.secret.len() + stored.username.len() + host.len() + 64;
        let mut input = Zeroizing::new(Vec::with_capacity(size));
        serde_json::to_writer(&mut *input, &stored).map_err(|error| error.to_string())?;
        input.push(b'\n');
        self.call("store", &input).await.map(drop)
    }

    async fn call(&self, action: &str, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
        let program = Program {
            path: &self.path,
            arguments: &[action],
            input: Some(input),
            timeout: TIMEOUT,
        };
        let name = escape_control(&self.name);
        let output = program::run(program).await;
        let output = output.map_err(|error| format!("{name} {action}: {error}"))?;
        if output.is_success {
            return Ok(output.text);
        }
        let text = String::from_utf8_lossy(&output.text);
        let text = if text.trim().is_empty() {
            output.errors.as_str()
        } else {
            &text
        };
        let text = self.redactor.redact(text.trim());
        let line: String = text
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(300)
            .collect();
        let line = if line.is_empty() {
            "it failed without a reason".to_owned()
        } else {
            escape_control(&line).into_owned()
        };
        Err(format!("{name} {action}: {line}"))
    }
}
