//! Describes a failed call in terms of the action: `create service account X: PERMISSION_DENIED: …`.

use std::time::Duration;

use crate::api_error::Reason;
use crate::call_error::CallError;
use crate::credentials::CredentialError;

/// A failed action at Google.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{action}: {kind}")]
pub struct GoogleError {
    /// The operation and its object, such as `create service account X`.
    pub action: String,
    /// The reason.
    pub kind: GoogleErrorKind,
    /// Whether an earlier attempt of the same call ended without a confirmation, so that it may have been carried out.
    pub(crate) has_unconfirmed_attempt: bool,
}

/// The reason for a failed action.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GoogleErrorKind {
    /// There is no access token.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// A request failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The response lacks the requested value.
    #[error("the response of Google does not contain {0}")]
    Incomplete(&'static str),
    /// The time limit expired.
    #[error("not finished after {} seconds", .0.as_secs())]
    Deadline(Duration),
}

impl GoogleError {
    pub(crate) fn new(action: &str, kind: impl Into<GoogleErrorKind>) -> Self {
        Self {
            action: action.to_owned(),
            kind: kind.into(),
            has_unconfirmed_attempt: false,
        }
    }

    /// Returns the reason of Google's error response, if there is one.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        match &self.kind {
            GoogleErrorKind::Call(error) => error.reason(),
            _ => None,
        }
    }

    /// Returns whether Google responded that the object does not exist. A page of a proxy with the same status has no code.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        let GoogleErrorKind::Call(CallError::Api(error)) = &self.kind else {
            return false;
        };
        *error.reason() == Reason::NotFound && !error.code().is_empty()
    }

    /// Returns what the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match &self.kind {
            GoogleErrorKind::Credential(error) => error.hint(),
            GoogleErrorKind::Call(error) => error.hint(),
            GoogleErrorKind::Incomplete(_) => None,
            GoogleErrorKind::Deadline(_) => Some("run the command again".to_owned()),
        }
    }

    /// Returns whether Google may have carried the action out although no confirmation arrived, in the last attempt or in an
    /// earlier one.
    #[must_use]
    pub fn may_have_applied(&self) -> bool {
        if self.has_unconfirmed_attempt {
            return true;
        }
        match &self.kind {
            GoogleErrorKind::Credential(_) => false,
            GoogleErrorKind::Call(error) => error.may_have_applied(),
            GoogleErrorKind::Incomplete(_) | GoogleErrorKind::Deadline(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use gcr_core::domain::redactor::Redactor;
    use http::StatusCode;

    use super::*;
    use crate::api_error::ApiError;

    #[test]
    fn page_of_a_proxy_does_not_say_that_the_object_is_missing() {
        for (body, expected) in [
            (r#"{"error":{"code":404,"status":"NOT_FOUND"}}"#, true),
            ("<html><title>404 Not Found</title></html>", false),
            ("", false),
        ] {
            let error =
                ApiError::parse(StatusCode::NOT_FOUND, body.as_bytes(), &Redactor::default());
            let error = GoogleError::new("delete key K", CallError::from(error));
            assert_eq!(error.is_not_found(), expected, "{body}");
        }
    }
}
