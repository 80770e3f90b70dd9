//! Why a request brought no good answer, in kubectl's words.
//!
//! Keeps apart what must not be confused: the server refused, nothing reached it, or nobody knows.

use std::sync::Arc;
use std::time::Duration;

use super::Refusal;
use crate::connection::trouble;
use crate::domain::printable::printable;

/// The end of a request that did not succeed, after all its tries.
#[derive(Debug, Clone)]
pub struct Fault {
    /// What happened to the last try.
    pub cause: FaultCause,
    /// Some try may have been carried out without our hearing of it: for a write the outcome is unknown.
    pub unheard: bool,
}

/// What happened to one try.
#[derive(Debug, Clone)]
pub enum FaultCause {
    /// The server answered, and said no.
    Refused(Box<Refusal>),
    /// No connection was made: nothing was sent. Holds the line to print.
    NotConnected(Arc<str>),
    /// It was sent and the connection broke before the whole answer came. Holds the line to print.
    Lost(Arc<str>),
    /// It was sent and no answer came in time.
    TimedOut(Duration),
    /// The answer was not what the API promises. Holds the line to print.
    Garbled(Arc<str>),
    /// The cluster was given up before this request could be sent.
    ClusterEnded,
    /// The run was interrupted before this request could be sent, or while it read.
    Interrupted,
}

impl Fault {
    /// An answer that is not what the API promises; what it holds is not shown, it may be a Secret.
    pub(super) fn not_json(error: &serde_json::Error) -> Self {
        let line = format!(
            "error: the server's answer is not what the API promises (line {}, column {})",
            error.line(),
            error.column()
        );
        Self {
            cause: FaultCause::Garbled(line.into()),
            unheard: false,
        }
    }

    /// An object of this kind where a list was asked for.
    pub(super) fn no_list(kind: &str) -> Self {
        let line = format!(
            "error: the server's answer is no list but a {}",
            printable(kind)
        );
        Self {
            cause: FaultCause::Garbled(line.into()),
            unheard: false,
        }
    }

    /// The refusal, where the server gave one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.cause {
            FaultCause::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Nothing was sent because of a fault that is not this request's own.
    pub fn is_unstarted(&self) -> bool {
        !self.unheard
            && matches!(
                self.cause,
                FaultCause::ClusterEnded | FaultCause::Interrupted
            )
    }

    /// The whole line or lines, as kubectl prints them.
    pub fn wording(&self) -> String {
        match &self.cause {
            FaultCause::Refused(refusal) => refusal.wording(),
            FaultCause::NotConnected(line) | FaultCause::Lost(line) | FaultCause::Garbled(line) => {
                line.to_string()
            }
            FaultCause::TimedOut(limit) => {
                format!(
                    "Unable to connect to the server: no answer within {} (--request-timeout)",
                    seconds(*limit)
                )
            }
            FaultCause::ClusterEnded => "the cluster was given up".to_owned(),
            FaultCause::Interrupted => "interrupted".to_owned(),
        }
    }
}

/// A duration as a flag would take it, for example `35s` or `0.5s`.
pub fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_secs_f64())
}

/// Sorts a transport error of kube's client into "nothing was sent" and "nobody knows". `distrust` is said where the
/// server's certificate was not accepted.
pub(super) fn transport(
    error: &kube::Error,
    server: &str,
    distrust: Option<&'static str>,
) -> FaultCause {
    let line = if trouble::is_refused(error) {
        format!(
            "The connection to the server {server} was refused - did you specify the right host or port?"
        )
    } else {
        let mut line = format!(
            "Unable to connect to the server: {}",
            trouble::wording(error)
        );
        if let Some(why) = distrust.filter(|_| trouble::is_unknown_authority(error)) {
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
        FaultCause::Lost(line.into())
    } else {
        FaultCause::NotConnected(line.into())
    }
}
