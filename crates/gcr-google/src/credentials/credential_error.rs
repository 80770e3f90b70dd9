//! Describes why there is no access token, with the source that was used.

use crate::call_error::CallError;

/// There is no access token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CredentialError {
    /// No source exists.
    #[error(
        "no Google credentials: no access token file, no GOOGLE_APPLICATION_CREDENTIALS, no Application Default Credentials, no account in gcloud, and no metadata server"
    )]
    Missing,
    /// The source that was found fails. No other source is tried.
    #[error("{origin}: {reason}")]
    Source {
        /// The source and how it was found, such as `user credentials "PATH" (GOOGLE_APPLICATION_CREDENTIALS)`.
        origin: String,
        /// The reason.
        reason: SourceError,
    },
}

/// Why a source yields no token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SourceError {
    /// The source itself is unusable. The text follows the name of the source.
    #[error("{0}")]
    Unusable(String),
    /// The issuer refuses, or does not respond.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The credential on which this one is based fails.
    #[error(transparent)]
    Base(Box<CredentialError>),
}

impl SourceError {
    pub(super) fn unusable(reason: impl Into<String>) -> Self {
        Self::Unusable(reason.into())
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Unusable(_) => None,
            Self::Call(error) => error.hint(),
            Self::Base(error) => error.hint(),
        }
    }
}

impl CredentialError {
    pub(super) fn of(origin: &str, reason: impl Into<SourceError>) -> Self {
        Self::Source {
            origin: origin.to_owned(),
            reason: reason.into(),
        }
    }

    /// Returns what the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing => Some(
                "run: gcloud auth application-default login (or pass --access-token-file FILE)"
                    .to_owned(),
            ),
            Self::Source { reason, .. } => reason.hint(),
        }
    }
}
