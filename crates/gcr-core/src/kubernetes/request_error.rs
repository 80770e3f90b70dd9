//! Why a request brought no good answer, in kubectl's words.
//!
//! Keeps apart what must not be confused: the server refused, nothing reached it, or nobody knows.

use std::sync::Arc;
use std::time::Duration;

use super::ApiError;
use crate::connection::error_text;
use crate::domain::escape_control::escape_control;

/// The end of a request that did not succeed, after all its tries.
#[derive(Debug, Clone)]
pub struct RequestError {
    /// What happened to the last try.
    pub cause: RequestErrorKind,
    /// Some try may have been carried out without our hearing of it: for a write the outcome is unknown.
    pub outcome_unknown: bool,
}

/// What happened to one try.
#[derive(Debug, Clone)]
pub enum RequestErrorKind {
    /// The server answered, and said no.
    Refused(Box<ApiError>),
    /// No connection was made: nothing was sent. Holds the line to print.
    NotConnected(Arc<str>),
    /// It was sent and the connection broke before the whole answer came. Holds the line to print.
    ConnectionLost(Arc<str>),
    /// It was sent and no answer came in time.
    TimedOut(Duration),
    /// The answer was not what the API promises. Holds the line to print.
    InvalidResponse(Arc<str>),
    /// The cluster was given up before this request could be sent.
    ClusterUnavailable,
    /// The run was interrupted before this request could be sent, or while it read.
    Interrupted,
}

impl RequestError {
    /// An answer that is not what the API promises; what it holds is not shown, it may be a Secret.
    pub(super) fn not_json(error: &serde_json::Error) -> Self {
        let line = format!(
            "error: the server's answer is not what the API promises (line {}, column {})",
            error.line(),
            error.column()
        );
        Self {
            cause: RequestErrorKind::InvalidResponse(line.into()),
            outcome_unknown: false,
        }
    }

    /// An object of this kind where a list was asked for.
    pub(super) fn no_list(kind: &str) -> Self {
        let line = format!(
            "error: the server's answer is no list but a {}",
            escape_control(kind)
        );
        Self {
            cause: RequestErrorKind::InvalidResponse(line.into()),
            outcome_unknown: false,
        }
    }

    /// The refusal, where the server gave one.
    pub fn api_error(&self) -> Option<&ApiError> {
        match &self.cause {
            RequestErrorKind::Refused(api_error) => Some(api_error),
            _ => None,
        }
    }

    /// Nothing was sent because of a fault that is not this request's own.
    pub fn is_not_started(&self) -> bool {
        !self.outcome_unknown
            && matches!(
                self.cause,
                RequestErrorKind::ClusterUnavailable | RequestErrorKind::Interrupted
            )
    }

    /// The whole line or lines, as kubectl prints them.
    pub fn error_text(&self) -> String {
        match &self.cause {
            RequestErrorKind::Refused(api_error) => api_error.error_text(),
            RequestErrorKind::NotConnected(line)
            | RequestErrorKind::ConnectionLost(line)
            | RequestErrorKind::InvalidResponse(line) => line.to_string(),
            RequestErrorKind::TimedOut(limit) => {
                format!(
                    "Unable to connect to the server: no answer within {} (--request-timeout)",
                    seconds(*limit)
                )
            }
            RequestErrorKind::ClusterUnavailable => "the cluster was given up".to_owned(),
            RequestErrorKind::Interrupted => "interrupted".to_owned(),
        }
    }
}

/// A duration as a flag would take it, for example `35s` or `0.5s`.
pub fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_secs_f64())
}

/// Sorts a transport error of kube's client into "nothing was sent" and "nobody knows". `untrusted_ca_hint` is said where the
/// server's certificate was not accepted.
pub(super) fn transport(
    error: &kube::Error,
    server: &str,
    untrusted_ca_hint: Option<&'static str>,
) -> RequestErrorKind {
    let line = if error_text::is_refused(error) {
        format!(
            "The connection to the server {server} was refused - did you specify the right host or port?"
        )
    } else {
        let mut line = format!(
            "Unable to connect to the server: {}",
            error_text::error_text(error)
        );
        if let Some(why) = untrusted_ca_hint.filter(|_| error_text::is_unknown_authority(error)) {
            line.push_str(" (");
            line.push_str(why);
            line.push(')');
        }
        line
    };
    let was_sent = match error {
        kube::Error::HyperError(_) => true,
        kube::Error::Service(inner) => inner
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(|hyper| !hyper.is_connect()),
        _ => false,
    };
    if was_sent {
        RequestErrorKind::ConnectionLost(line.into())
    } else {
        RequestErrorKind::NotConnected(line.into())
    }
}
