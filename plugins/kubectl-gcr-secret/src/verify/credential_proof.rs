//! Proves a credential before a command writes it: `create --verify`.

use std::sync::Arc;

use futures_util::future::join_all;
use gcr_core::domain::redactor::Redactor;
use gcr_core::engine::{Event, RunContext};
use gcr_google::registry::{HandshakeOptions, Login, Verdict};
use kube_clientcmd::escape_control::escape_control;

use super::finding::{Facts, message};
use super::prover::handshake;
use super::requested::Requested;

/// A credential, and the access that it must allow.
pub(crate) struct CredentialProof {
    /// The credential.
    pub(crate) login: Login,
    /// The access that it must allow.
    pub(crate) requested: Vec<Requested>,
    /// Whether it is also sent to hosts that are not Google's.
    pub(crate) allow_any_host: bool,
}

impl CredentialProof {
    /// Asks the registries concurrently. Reports each refusal as an error. Returns false after a refusal or an interruption.
    pub(crate) async fn succeeds(&self, redactor: &Arc<Redactor>, run: &RunContext) -> bool {
        let refusals = tokio::select! {
            biased;
            () = run.stop.stopped() => return false,
            refusals = self.refusals(redactor) => refusals,
        };
        for refusal in &refusals {
            let line = format!("error: {refusal}; nothing was written");
            let context = None;
            run.events.send(Event::Error { line, context }).await;
        }
        refusals.is_empty()
    }

    async fn refusals(&self, redactor: &Arc<Redactor>) -> Vec<String> {
        let timeout = HandshakeOptions::default().timeout;
        let handshake = match handshake(redactor, timeout, self.allow_any_host) {
            Ok(handshake) => handshake,
            Err(error) => return vec![error.to_string()],
        };
        let checks = self.requested.iter().map(async |requested| {
            let label = escape_control(&requested.label);
            match handshake.check(&self.login, &requested.target).await {
                Ok(finding) if finding.verdict == Verdict::Ok => None,
                Ok(finding) => {
                    let message = message(&finding, &Facts::of(&self.login));
                    Some(format!("{label}: {}: {message}", finding.verdict))
                }
                Err(error) => Some(error.to_string()),
            }
        });
        join_all(checks).await.into_iter().flatten().collect()
    }
}
