//! Classifies the error of a request: not authenticated, not connected, or connection lost.

use std::error::Error as StdError;

use crate::credential_error::CredentialError;
use crate::error_text::{error_text, is_out_of_files, is_refused, is_unknown_authority};

/// The error of a request that got no complete response.
///
/// `Display` yields kubectl's words without the prefix `error: `, [`SendError::kubectl_line`] the complete line.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SendError {
    /// No credential could be obtained. Nothing was sent.
    #[error(transparent)]
    Credential(CredentialError),
    /// No connection was made, because this process or the system has too many open files. Nothing was sent. Fewer concurrent
    /// requests help.
    #[error("Unable to connect to the server: dial tcp: socket: too many open files")]
    TooManyOpenFiles,
    /// No connection was made. Nothing was sent.
    #[error("{0}")]
    NotConnected(String),
    /// The connection broke after the request was sent and before the response was complete: the server may have processed
    /// the request.
    #[error("{0}")]
    ConnectionLost(String),
    /// The connection broke while the response's body was read: the server has processed the request.
    #[error("unexpected error when reading response body. Please retry. Original error: {0}")]
    BodyLost(String),
}

/// The hint for a server certificate that no trusted authority signed, if all configured authorities are leaf certificates.
const LEAF_CERTIFICATE_HINT: &str = "the certificate-authority is a server certificate, not a CA certificate, which is not supported; use the certificate of the CA that signed it, or pass --insecure-skip-tls-verify";

impl SendError {
    /// Classifies the error of a request to `server`.
    pub(crate) fn new(error: &kube::Error, server: &str, trusts_only_leaf_certs: bool) -> Self {
        if let kube::Error::Service(inner) = error
            && let Some(credential) = inner.downcast_ref::<CredentialError>()
        {
            return Self::Credential(credential.clone());
        }
        if is_out_of_files(error) {
            return Self::TooManyOpenFiles;
        }
        let line = if is_refused(error) {
            format!(
                "The connection to the server {server} was refused - did you specify the right host or port?"
            )
        } else {
            let text = error_text(error);
            let hint = if trusts_only_leaf_certs && is_unknown_authority(error) {
                format!(" ({LEAF_CERTIFICATE_HINT})")
            } else {
                String::new()
            };
            format!("Unable to connect to the server: {text}{hint}")
        };
        let was_sent = match error {
            kube::Error::HyperError(_) => true,
            kube::Error::Service(inner) => inner
                .downcast_ref::<hyper_util::client::legacy::Error>()
                .is_some_and(|hyper| !hyper.is_connect()),
            _ => false,
        };
        if was_sent {
            Self::ConnectionLost(line)
        } else {
            Self::NotConnected(line)
        }
    }

    /// Returns the error of a response whose body broke off with `error`.
    pub fn of_body(error: &(dyn StdError + 'static)) -> Self {
        let reason = match error_text(error).as_str() {
            "EOF" => "unexpected EOF".to_owned(),
            other => other.to_owned(),
        };
        Self::BodyLost(reason)
    }

    /// Returns the line that kubectl prints.
    pub fn kubectl_line(&self) -> String {
        match self {
            Self::Credential(error) => error.kubectl_line(),
            Self::NotConnected(_) | Self::ConnectionLost(_) | Self::TooManyOpenFiles => {
                self.to_string()
            }
            Self::BodyLost(_) => format!("error: {self}"),
        }
    }
}
