//! Describes a request without a usable response.

use std::error::Error;
use std::time::Duration;

use kube_clientcmd::escape_control::escape_control;

/// A request that got no usable response.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{url}: {kind}")]
pub struct HttpError {
    /// The URL without its query.
    url: String,
    /// The reason.
    kind: HttpErrorKind,
}

/// The reason why there is no usable response.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum HttpErrorKind {
    /// The client cannot be created.
    #[error("{0}")]
    Client(String),
    /// The proxy in the environment is invalid.
    #[error("{0}")]
    Proxy(String),
    /// The URL is plain HTTP.
    #[error("refusing to send a request over plain HTTP to a host other than this machine")]
    PlainHttp,
    /// The connection was not established, so the server received nothing.
    #[error("{0}")]
    Connect(String),
    /// The time limit expired.
    #[error("no response within {} seconds", .0.as_secs_f32())]
    Timeout(Duration),
    /// The connection broke after the request may have been sent.
    #[error("{0}")]
    Lost(String),
    /// The response exceeds the maximum size.
    #[error("the response is larger than 4 MiB")]
    TooLarge,
}

impl HttpError {
    pub(super) fn new(url: &str, kind: HttpErrorKind) -> Self {
        Self {
            url: escape_control(url).into_owned(),
            kind,
        }
    }

    /// Returns the reason.
    #[must_use]
    pub fn kind(&self) -> &HttpErrorKind {
        &self.kind
    }

    /// Returns whether the same request may succeed a moment later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self.kind,
            HttpErrorKind::Connect(_) | HttpErrorKind::Timeout(_) | HttpErrorKind::Lost(_)
        )
    }

    /// Returns whether the server may have received the request.
    #[must_use]
    pub fn may_have_been_sent(&self) -> bool {
        matches!(
            self.kind,
            HttpErrorKind::Timeout(_) | HttpErrorKind::Lost(_) | HttpErrorKind::TooLarge
        )
    }
}

impl HttpErrorKind {
    pub(super) fn client(error: &reqwest::Error) -> Self {
        Self::Client(format!(
            "cannot create the HTTP client: {}",
            innermost(error)
        ))
    }

    pub(super) fn of(error: &reqwest::Error, timeout: Duration) -> Self {
        // A connection that times out is also an error of connecting.
        if error.is_connect() {
            Self::Connect(innermost(error))
        } else if error.is_timeout() {
            Self::Timeout(timeout)
        } else {
            Self::Lost(innermost(error))
        }
    }
}

/// Returns the message of the innermost error. The outer ones repeat the URL, including its query.
fn innermost(error: &reqwest::Error) -> String {
    let mut current: &dyn Error = error;
    while let Some(source) = current.source() {
        current = source;
    }
    let text = if current.is::<reqwest::Error>() {
        "the request failed".to_owned()
    } else {
        current.to_string()
    };
    escape_control(&text).into_owned()
}
