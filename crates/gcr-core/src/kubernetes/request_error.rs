//! Defines the error of a request, with kubectl's messages.
//!
//! Distinguishes three cases that callers must not confuse: the server rejected the request, the request did not reach
//! the server, and the outcome is unknown.

use std::sync::Arc;
use std::time::Duration;

use super::api_error::ApiError;
use kube_clientcmd::SendError;
use kube_clientcmd::escape_control::escape_control;

/// The error of a request, after all attempts.
#[derive(Debug, Clone)]
pub struct RequestError {
    /// The error of the last attempt.
    pub cause: RequestErrorKind,
    /// Whether some attempt of a write may have been applied although no response confirmed it.
    pub outcome_unknown: bool,
}

impl std::fmt::Display for RequestError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.error_text())
    }
}

impl std::error::Error for RequestError {}

/// The error of one attempt.
#[derive(Debug, Clone)]
pub enum RequestErrorKind {
    /// The server responded with an error.
    Api(Box<ApiError>),
    /// No connection was made, so that nothing was sent. Contains the line to print.
    NotConnected(Arc<str>),
    /// No connection was made because too many files are open, so that nothing was sent. Contains the line to print.
    TooManyOpenFiles(Arc<str>),
    /// The connection broke after the request was sent and before the response was complete. Contains the line to
    /// print.
    ConnectionLost(Arc<str>),
    /// The request was sent and no response came within this time.
    TimedOut(Duration),
    /// The response does not follow the Kubernetes API. Contains the line to print.
    InvalidResponse(Arc<str>),
    /// The cluster was marked unavailable before this request was sent.
    ClusterUnavailable,
    /// The run was interrupted before this request was sent, or while a read was in flight.
    Interrupted,
}

impl From<RequestErrorKind> for RequestError {
    /// Returns the error of a request that was not sent.
    fn from(cause: RequestErrorKind) -> Self {
        Self {
            cause,
            outcome_unknown: false,
        }
    }
}

impl RequestError {
    /// Returns the error of the layers around a cluster's `kube::Client`.
    pub fn from_kube(error: kube::Error) -> Self {
        let text = match error {
            kube::Error::Service(error) => match error.downcast::<Self>() {
                Ok(error) => return *error,
                Err(error) => error.to_string(),
            },
            error => error.to_string(),
        };
        RequestErrorKind::InvalidResponse(format!("error: {text}").into()).into()
    }

    /// Returns the error for a response that cannot be decoded, without any of its content: it may be a Secret.
    pub(crate) fn not_json(error: &serde_json::Error) -> Self {
        let line = format!(
            "error: invalid response from the server (line {}, column {})",
            error.line(),
            error.column()
        );
        Self {
            cause: RequestErrorKind::InvalidResponse(line.into()),
            outcome_unknown: false,
        }
    }

    /// Returns the error for an object of this kind in place of a list.
    pub(super) fn not_a_list(kind: &str) -> Self {
        let line = format!(
            "error: the server returned a {} instead of a list",
            escape_control(kind)
        );
        Self {
            cause: RequestErrorKind::InvalidResponse(line.into()),
            outcome_unknown: false,
        }
    }

    /// Returns the server's error response, if it sent one.
    pub fn api_error(&self) -> Option<&ApiError> {
        match &self.cause {
            RequestErrorKind::Api(api_error) => Some(api_error),
            _ => None,
        }
    }

    /// Returns whether nothing was sent, for a reason that does not concern this request: the cluster is unavailable or
    /// the run was interrupted.
    pub fn is_not_started(&self) -> bool {
        !self.outcome_unknown
            && matches!(
                self.cause,
                RequestErrorKind::ClusterUnavailable | RequestErrorKind::Interrupted
            )
    }

    /// Returns the complete message, one or more lines, as kubectl prints it.
    pub fn error_text(&self) -> String {
        match &self.cause {
            RequestErrorKind::Api(api_error) => api_error.error_text(),
            RequestErrorKind::NotConnected(line)
            | RequestErrorKind::TooManyOpenFiles(line)
            | RequestErrorKind::ConnectionLost(line)
            | RequestErrorKind::InvalidResponse(line) => line.to_string(),
            RequestErrorKind::TimedOut(limit) => {
                format!(
                    "Unable to connect to the server: no answer within {} (--request-timeout)",
                    seconds(*limit)
                )
            }
            RequestErrorKind::ClusterUnavailable => "the cluster is unavailable".to_owned(),
            RequestErrorKind::Interrupted => "interrupted".to_owned(),
        }
    }
}

/// Formats a duration as a flag accepts it, for example `35s` or `0.5s`.
pub fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_secs_f64())
}

/// Returns the error of an attempt that got no complete response.
pub(super) fn transport(error: SendError) -> RequestErrorKind {
    let line = error.kubectl_line().into();
    match error {
        SendError::Credential(_) | SendError::NotConnected(_) => {
            RequestErrorKind::NotConnected(line)
        }
        SendError::TooManyOpenFiles => RequestErrorKind::TooManyOpenFiles(line),
        SendError::ConnectionLost(_) | SendError::BodyLost(_) => {
            RequestErrorKind::ConnectionLost(line)
        }
    }
}
