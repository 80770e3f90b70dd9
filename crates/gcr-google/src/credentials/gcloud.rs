//! Asks the gcloud program for the token of its active account: `gcloud config config-helper --format=json`, which also
//! states when the token expires.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::BoxFuture;
use gcr_core::domain::server_clock::ServerClock;
use jiff::Timestamp;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::credential_error::SourceError;
use super::token_source::{AccountType, TokenSource};
use crate::exchange::syntax_reason;
use crate::http_client::HttpClient;
use crate::issued_token::IssuedToken;
use crate::program::{self, Program};

/// The time after which a gcloud that hangs is given up.
const TIMEOUT: Duration = Duration::from_secs(30);
const ARGUMENTS: [&str; 3] = ["config", "config-helper", "--format=json"];

pub(super) struct Gcloud {
    program: PathBuf,
    http: HttpClient,
}

/// The first token, with the account that it stands for.
pub(super) struct FirstToken {
    pub(super) token: IssuedToken,
    pub(super) account: Option<String>,
}

#[derive(Default, Deserialize)]
struct Reply {
    #[serde(default)]
    credential: Credential,
    #[serde(default)]
    configuration: Configuration,
}

#[derive(Default, Deserialize)]
struct Credential {
    #[serde(default)]
    access_token: Zeroizing<String>,
    #[serde(default)]
    token_expiry: Option<String>,
}

#[derive(Default, Deserialize)]
struct Configuration {
    #[serde(default)]
    properties: Properties,
}

#[derive(Default, Deserialize)]
struct Properties {
    #[serde(default)]
    core: Core,
}

#[derive(Default, Deserialize)]
struct Core {
    #[serde(default)]
    account: Option<String>,
}

impl Gcloud {
    pub(super) fn new(program: PathBuf, http: &HttpClient) -> Self {
        Self {
            program,
            http: http.clone(),
        }
    }

    /// Runs gcloud. Returns `None` if no account is active in it.
    pub(super) async fn first_token(&self) -> Result<Option<FirstToken>, SourceError> {
        let program = Program {
            path: &self.program,
            arguments: &ARGUMENTS,
            input: None,
            timeout: TIMEOUT,
        };
        let output = program::run(program).await;
        let output = output.map_err(|error| SourceError::unusable(error.to_string()))?;
        let errors = self.http.redactor().redact(&output.errors);
        if !output.is_success {
            if errors.contains("do not currently have an active account") {
                return Ok(None);
            }
            return Err(SourceError::unusable(message(&errors)));
        }
        let reply: Reply = serde_json::from_slice(&output.text).map_err(|error| {
            SourceError::unusable(format!("its output: {}", syntax_reason(&error)))
        })?;
        let expires_at = reply.credential.token_expiry;
        let expires_at: Option<Timestamp> = expires_at.and_then(|time| time.parse().ok());
        let token = IssuedToken::new(
            &self.http,
            "gcloud",
            reply.credential.access_token,
            expires_at,
            // gcloud computes the time with the clock of this machine.
            ServerClock::default(),
        )?;
        Ok(Some(FirstToken {
            token,
            account: reply.configuration.properties.core.account,
        }))
    }
}

impl FirstToken {
    pub(super) fn account_type(&self) -> AccountType {
        match &self.account {
            Some(account) if account.ends_with("gserviceaccount.com") => AccountType::Service,
            Some(_) => AccountType::User,
            None => AccountType::Unknown,
        }
    }
}

impl TokenSource for Gcloud {
    fn token<'a>(&'a self, _: &'a [&'a str]) -> BoxFuture<'a, Result<IssuedToken, SourceError>> {
        Box::pin(async {
            let first = self.first_token().await?;
            let first = first.ok_or_else(|| SourceError::unusable("no account is active"))?;
            Ok(first.token)
        })
    }
}

/// Returns gcloud's own message: the text from `ERROR:` up to the first empty line.
fn message(errors: &str) -> String {
    let start = errors.find("ERROR: ").map_or(0, |at| at + "ERROR: ".len());
    let text = errors[start..].split("\n\n").next().unwrap_or_default();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.chars().take(500).collect();
    if text.is_empty() {
        return "it failed without a message".to_owned();
    }
    kube_clientcmd::escape_control::escape_control(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_the_first_paragraph_of_the_error() {
        let text = "WARNING: x\nERROR: (gcloud.config.config-helper) There was a problem refreshing\n  your tokens: invalid_grant\n\nPlease run:\n";
        assert_eq!(
            message(text),
            "(gcloud.config.config-helper) There was a problem refreshing your tokens: invalid_grant"
        );
        assert_eq!(message(" \n"), "it failed without a message");
        assert_eq!(message("a\u{1b}[31m"), "a^[[31m");
    }
}
