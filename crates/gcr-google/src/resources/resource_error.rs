//! The error of Google's objects, and its conversion for the report.

use gcr_core::engine::{Hint, ObjectError};

use super::permissions::role_with;
use crate::api_error::Reason;
use crate::error::{GoogleError, GoogleErrorKind};
use crate::iam_keys::{AccountRef, KeyCreationError};

/// Why an object of Google was not brought to its desired state.
#[derive(Debug, thiserror::Error)]
pub enum ResourceError {
    /// A call failed.
    #[error(transparent)]
    Google(#[from] GoogleError),
    /// The caller lacks a permission. Found before anything was written.
    #[error("missing permission {permission} on {resource}")]
    MissingPermission {
        /// The permission.
        permission: &'static str,
        /// The resource.
        resource: String,
    },
    /// The object is in a state that only the user can change.
    #[error("{text}")]
    State {
        /// The problem.
        text: String,
        /// The action that helps the user.
        hint: Option<String>,
    },
    /// The run was interrupted.
    #[error("interrupted")]
    Interrupted,
    /// Another object has failed before anything was written.
    #[error("skipped: another object of the project failed")]
    Blocked,
}

impl ResourceError {
    /// Returns an error about the state of an object.
    pub(super) fn state(text: String, hint: impl Into<Option<String>>) -> Self {
        let hint = hint.into();
        Self::State { text, hint }
    }

    /// Converts the error of a key that was not created.
    pub(super) fn of_key(error: KeyCreationError, account: AccountRef<'_>) -> Self {
        match error {
            KeyCreationError::Google(error) => Self::Google(error),
            other => Self::state(other.to_string(), other.hint(account)),
        }
    }

    /// Returns whether every other call fails for the same reason.
    pub(super) fn concerns_all(&self) -> bool {
        let Self::Google(error) = self else {
            return false;
        };
        match &error.kind {
            GoogleErrorKind::Credential(_) => true,
            GoogleErrorKind::Call(call) => match call.reason() {
                Some(reason) => matches!(
                    reason,
                    Reason::Unauthenticated
                        | Reason::AccessTokenExpired
                        | Reason::AccessTokenScopeInsufficient
                        | Reason::AccessTokenTypeUnsupported
                        | Reason::AccountStateInvalid
                        | Reason::UserProjectDenied
                        | Reason::ConsumerInvalid
                ),
                None => false,
            },
            _ => false,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Google(error) => match error.reason() {
                Some(Reason::PermissionDenied { permission, .. }) => {
                    let role = role_with(permission);
                    role.map(|role| {
                        format!("grant the caller the role {role}, which has {permission}")
                    })
                    .or_else(|| error.hint())
                }
                _ => error.hint(),
            },
            Self::MissingPermission {
                permission,
                resource,
            } => {
                let role = role_with(permission)?;
                Some(format!("grant the caller the role {role} on {resource}"))
            }
            Self::State { hint, .. } => hint.clone(),
            Self::Interrupted | Self::Blocked => None,
        }
    }

    /// Converts the error for the report.
    #[must_use]
    pub fn report(&self) -> ObjectError {
        let cause = self.to_string();
        if matches!(self, Self::Interrupted | Self::Blocked) {
            return ObjectError::not_started(cause);
        }
        ObjectError {
            text: format!("error: {cause}"),
            cause,
            not_started: false,
            hint: self.hint().map(Hint::new),
        }
    }
}
