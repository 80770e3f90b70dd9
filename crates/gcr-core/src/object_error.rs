//! Defines the error of an object and the hint for the user.
//!
//! The error states the problem, the hint an action that may solve it: one line each.

use std::fmt;

use crate::domain::field_manager::FieldManagerKind;
use crate::domain::pull_secret;
use crate::kubernetes::RequestError;

/// The error of an object.
#[derive(Debug, Clone)]
pub struct ObjectError {
    /// The problem.
    pub kind: ObjectErrorKind,
    /// The action that may solve it, if known.
    pub hint: Option<Hint>,
}

/// The kinds of errors of an object.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ObjectErrorKind {
    /// The request failed. Printed as kubectl prints it.
    #[error("{}", .0.error_text())]
    Server(RequestError),
    /// Other field managers own fields that the apply sets.
    #[error("error: secret {name:?} is held by {}", held_by(.conflicts))]
    FieldConflict {
        /// The Secret's name.
        name: String,
        /// Manager and field path.
        conflicts: Vec<(String, String)>,
    },
    /// The stored Secret has another type, which cannot change.
    #[error(
        "error: secret {name:?} has another type than {}, and a Secret's type cannot be changed",
        pull_secret::TYPE
    )]
    WrongType {
        /// The Secret's name.
        name: String,
    },
    /// The stored Secret is immutable.
    #[error("error: secret {name:?} is immutable: its data cannot be changed")]
    Immutable {
        /// The Secret's name.
        name: String,
    },
    /// `--recreate` would delete a Secret that may belong to another owner.
    #[error("error: secret {name:?} will not be deleted: {reason}")]
    RecreateRefused {
        /// The Secret's name.
        name: String,
        /// The reason.
        reason: String,
    },
    /// The old Secret was deleted and the new one could not be created.
    #[error("error: secret {name:?} was deleted, but creating its replacement failed: {cause}")]
    ReplacementMissing {
        /// The Secret's name.
        name: String,
        /// The error of the creation, as kubectl prints it.
        cause: String,
    },
    /// The Secret was written, but the last-applied annotation with an earlier key could not be removed.
    #[error(
        "error: secret {name:?} was written, but the copy of an earlier one in {} may still exist: {}",
        pull_secret::LAST_APPLIED, .error.error_text()
    )]
    LastAppliedNotRemoved {
        /// The Secret's name.
        name: String,
        /// The error of the removal.
        error: RequestError,
    },
    /// The deleted Secret still exists.
    #[error("error: secret {name:?} is still being deleted{}", waiting_for(.finalizers))]
    StillDeleting {
        /// The Secret's name.
        name: String,
        /// The finalizers that keep it.
        finalizers: Vec<String>,
    },
    /// `--merge` cannot decode the config whose entries it has to keep.
    #[error(
        "error: secret {name:?} holds a docker config that cannot be decoded, so its other hosts cannot be kept"
    )]
    InvalidDockerConfig {
        /// The Secret's name.
        name: String,
    },
    /// The ServiceAccount does not exist, and its namespace is being deleted.
    #[error("error: serviceaccounts {name:?} not found, and its namespace is being terminated")]
    NamespaceTerminating {
        /// The ServiceAccount's name.
        name: String,
    },
    /// The Secret that the account should reference was not written.
    #[error("skipped: writing its Secret failed")]
    SecretNotWritten,
    /// The ServiceAccount does not exist. Printed as kubectl prints it.
    #[error("Error from server (NotFound): serviceaccounts {name:?} not found")]
    AccountNotFound {
        /// The ServiceAccount's name.
        name: String,
    },
}

impl ObjectErrorKind {
    /// Returns the error for an object whose outcome is unknown: without claims about the final state.
    pub fn cause(&self) -> String {
        match self {
            Self::ReplacementMissing { cause, .. } => format!("the old one was deleted; {cause}"),
            Self::LastAppliedNotRemoved { error, .. } => {
                format!("it was written; {}", error.error_text())
            }
            other => other.to_string(),
        }
    }
}

impl From<RequestError> for ObjectError {
    fn from(error: RequestError) -> Self {
        Self {
            kind: ObjectErrorKind::Server(error),
            hint: None,
        }
    }
}

impl From<ObjectErrorKind> for ObjectError {
    fn from(kind: ObjectErrorKind) -> Self {
        Self { kind, hint: None }
    }
}

impl ObjectError {
    /// Returns whether the account does not exist in an existing namespace.
    pub fn is_account_not_found(&self) -> bool {
        matches!(self.kind, ObjectErrorKind::AccountNotFound { .. })
    }

    /// Returns the state of the object's namespace if it is gone or terminating.
    pub fn namespace_gone(&self) -> Option<&'static str> {
        match &self.kind {
            ObjectErrorKind::NamespaceTerminating { .. } => Some("terminating"),
            ObjectErrorKind::Server(error) => {
                let api_error = error.api_error().filter(|_| !error.outcome_unknown)?;
                if api_error.is_namespace_not_found() {
                    Some("deleted meanwhile")
                } else {
                    api_error
                        .is_namespace_terminating()
                        .then_some("terminating")
                }
            }
            _ => None,
        }
    }

    /// Returns whether nothing was sent, for a reason that does not concern this object.
    pub fn is_not_started(&self) -> bool {
        match &self.kind {
            ObjectErrorKind::Server(error) => error.is_not_started(),
            ObjectErrorKind::SecretNotWritten => true,
            _ => false,
        }
    }
}

/// An action that may solve an error. Equal hints are printed once, with the number of their errors.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Hint {
    /// A person set the conflicting fields.
    ForceConflicts,
    /// A tool set the conflicting fields once, and does not restore them.
    ForceConflictsOfTool(String),
    /// The server does not know the client that set the conflicting fields.
    ForceConflictsUnrecorded,
    /// A controller or tool manages the Secret.
    ManagedElsewhere(String),
    /// The stored type or `immutable` prevents the apply.
    Recreate,
    /// `--recreate` needs `--force-conflicts` for this Secret.
    RecreateWithForce,
    /// The old Secret was deleted and the new one does not exist.
    RunAgain,
    /// A permission is missing.
    MissingPermission {
        /// `secrets` or `serviceaccounts`.
        resource: &'static str,
        /// The object's name, if a rule can be limited to it.
        name: Option<String>,
        /// The verbs that a Role must grant.
        verbs: &'static [&'static str],
    },
    /// The permission to list namespaces is missing.
    ListNamespaces,
    /// No permission is missing, so that admission control rejected the request.
    Admission,
}

impl Hint {
    /// Returns the hint for a conflict with these field managers: the first that may restore its fields decides, then the
    /// first that is not a person.
    pub fn for_conflicts<'a>(managers: impl Iterator<Item = &'a str> + Clone) -> Self {
        let find = |wanted: fn(FieldManagerKind) -> bool| {
            let mut managers = managers.clone();
            managers.find(|manager| wanted(FieldManagerKind::of(manager)))
        };
        if let Some(manager) = find(|kind| !kind.is_safe_to_override()) {
            Self::ManagedElsewhere(manager.to_owned())
        } else if let Some(manager) = find(|kind| kind == FieldManagerKind::OneTime) {
            Self::ForceConflictsOfTool(manager.to_owned())
        } else if find(|kind| kind == FieldManagerKind::Unrecorded).is_some() {
            Self::ForceConflictsUnrecorded
        } else {
            Self::ForceConflicts
        }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForceConflicts => formatter.write_str("it was made by hand; pass --force-conflicts to take over its fields"),
            Self::ForceConflictsOfTool(manager) => write!(
                formatter,
                "{manager} wrote it once and does not restore it; pass --force-conflicts to take over its fields"
            ),
            Self::ForceConflictsUnrecorded => formatter.write_str(
                "the server has no record of its managers, so no controller is known to restore it; pass --force-conflicts to take over its fields",
            ),
            Self::ManagedElsewhere(manager) => write!(
                formatter,
                "{manager} manages this Secret and may restore it; change it there, or pass --force-conflicts to take it over"
            ),
            Self::Recreate => formatter.write_str("pass --recreate to delete it and create a new one; running pods continue, image pulls in between fail"),
            Self::RecreateWithForce => formatter.write_str("pass --force-conflicts with --recreate to delete it anyway"),
            Self::RunAgain => formatter.write_str("the old Secret is already deleted; run the command again to create the new one"),
            Self::MissingPermission { resource, name, verbs } => {
                let verbs = verbs.iter().map(|verb| format!("{verb:?}")).collect::<Vec<_>>().join(",");
                write!(formatter, r#"grant this Role rule: {{"apiGroups":[""],"resources":["{resource}"],"#)?;
                if let Some(name) = name {
                    write!(formatter, r#""resourceNames":["{name}"],"#)?;
                }
                write!(formatter, r#""verbs":[{verbs}]}}"#)
            }
            Self::ListNamespaces => formatter.write_str(
                r#"name the namespaces with -n, or grant this ClusterRole rule: {"apiGroups":[""],"resources":["namespaces"],"verbs":["list"]}"#,
            ),
            Self::Admission => formatter.write_str(
                "the permissions are sufficient, so admission control rejected it: a quota, a policy or a webhook",
            ),
        }
    }
}

fn held_by(conflicts: &[(String, String)]) -> String {
    conflicts
        .iter()
        .map(|(manager, field)| format!("{manager:?} ({field})"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn waiting_for(finalizers: &[String]) -> String {
    if finalizers.is_empty() {
        String::new()
    } else {
        format!(": waiting for {}", finalizers.join(", "))
    }
}
