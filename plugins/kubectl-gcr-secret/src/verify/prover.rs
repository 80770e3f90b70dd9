//! Makes the prover of credentials.

use std::sync::Arc;

use gcr_core::domain::redactor::Redactor;
use gcr_google::http_client::{HttpClient, HttpError};
use gcr_google::registry::{Handshake, HandshakeOptions};
use kube_clientcmd::Environment;

use crate::plugin_name::USER_AGENT;

/// Returns a prover of credentials. `redactor` redacts its texts.
///
/// # Errors
/// Fails if the trust store of the environment cannot be read.
pub(crate) fn handshake(
    redactor: &Arc<Redactor>,
    timeout: std::time::Duration,
    allow_any_host: bool,
) -> Result<Handshake, HttpError> {
    let environment = Environment::of_process();
    let http = HttpClient::new(&environment, USER_AGENT, Arc::clone(redactor))?;
    let options = HandshakeOptions {
        timeout,
        allow_any_host,
    };
    Ok(Handshake::new(http, options))
}
