//! Describes why one request to Google failed: no response, an error response, or a response that does not make sense.

use crate::api_error::{ApiError, Reason};
use crate::http_client::HttpError;

/// A failed request.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// There is no usable response.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server responded with an error.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The response is not the expected JSON. The text contains none of it.
    #[error("invalid response from {host}: {reason}")]
    InvalidResponse {
        /// The host that responded.
        host: String,
        /// The reason.
        reason: String,
    },
}

impl CallError {
    /// Returns the error response, if there is one.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the reason of the error response, if there is one.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        self.api().map(ApiError::reason)
    }

    /// Returns what the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.reason().and_then(Reason::hint)
    }

    /// Returns whether the server may have carried the request out although no confirmation arrived.
    #[must_use]
    pub fn may_have_applied(&self) -> bool {
        match self {
            Self::Http(error) => error.may_have_been_sent(),
            Self::Api(error) => error.status().is_server_error(),
            Self::InvalidResponse { .. } => true,
        }
    }
}
