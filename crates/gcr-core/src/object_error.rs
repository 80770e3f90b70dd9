//! Why an object did not end as asked, and what the user can do about it.
//!
//! The error says what is wrong, the hint beside it what to do: one line each. Decides nothing about retries.

use std::fmt;

use crate::domain::pull_secret;
use crate::kubernetes::RequestError;

/// Why an object failed.
#[derive(Debug, Clone)]
pub struct ObjectError {
    /// What is wrong.
    pub kind: ObjectErrorKind,
    /// What to do, where there is something to do.
    pub hint: Option<Hint>,
}

/// What is wrong with an object.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ObjectErrorKind {
    /// The server's or the connection's own words, a whole line.
    #[error("{}", .0.error_text())]
    Server(RequestError),
    /// Other field managers hold fields we want to set: (manager, field).
    #[error("error: secret {name:?} is held by {}", held_by(.conflicts))]
    FieldConflict {
        /// The Secret's name.
        name: String,
        /// Manager and field path.
        conflicts: Vec<(String, String)>,
    },
    /// The Secret there has another type, which cannot change.
    #[error(
        "error: secret {name:?} has another type than {}, and a Secret's type cannot be changed",
        pull_secret::TYPE
    )]
    WrongType {
        /// The Secret's name.
        name: String,
    },
    /// The Secret there is marked immutable.
    #[error("error: secret {name:?} is immutable: its data cannot be changed")]
    Immutable {
        /// The Secret's name.
        name: String,
    },
    /// `--recreate` would delete something that is not ours.
    #[error("error: secret {name:?} will not be deleted: {why}")]
    RecreateRefused {
        /// The Secret's name.
        name: String,
        /// What speaks against it.
        why: String,
    },
    /// The old Secret was deleted, and the new one could not be created.
    #[error(
        "error: secret {name:?} was deleted to be replaced, and the new one is not there: {cause}"
    )]
    ReplacementMissing {
        /// The Secret's name.
        name: String,
        /// Why not, in kubectl's words.
        cause: String,
    },
    /// The Secret was written, and the copy of an earlier one in it could not be taken off.
    #[error(
        "error: secret {name:?} was written, and the copy of an earlier one in {} may still be there: {}",
        pull_secret::LAST_APPLIED, .error.error_text()
    )]
    LastAppliedNotRemoved {
        /// The Secret's name.
        name: String,
        /// Why.
        error: RequestError,
    },
    /// The deleted Secret is not gone yet.
    #[error("error: secret {name:?} is still being deleted{}", waits_for(.finalizers))]
    StillDeleting {
        /// The Secret's name.
        name: String,
        /// Whose work is awaited.
        finalizers: Vec<String>,
    },
    /// `--merge` cannot read what it should keep.
    #[error(
        "error: secret {name:?} holds a docker config that cannot be decoded, so its other hosts cannot be kept"
    )]
    InvalidDockerConfig {
        /// The Secret's name.
        name: String,
    },
    /// The ServiceAccount is not there, and its namespace is being deleted.
    #[error("error: serviceaccounts {name:?} not found, and its namespace is being terminated")]
    NamespaceTerminating {
        /// The ServiceAccount's name.
        name: String,
    },
    /// The Secret that the account should refer to did not end as asked.
    #[error("its Secret did not end as asked")]
    SecretNotWritten,
    /// The ServiceAccount is not there.
    #[error("Error from server (NotFound): serviceaccounts {name:?} not found")]
    AccountNotFound {
        /// The ServiceAccount's name.
        name: String,
    },
}

impl ObjectErrorKind {
    /// What happened last, where the whole sentence would say more than is known.
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
    /// The account is not there, and its namespace is.
    pub fn is_account_not_found(&self) -> bool {
        matches!(self.kind, ObjectErrorKind::AccountNotFound { .. })
    }

    /// What became of the object's namespace, where it went away meanwhile.
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

    /// Nothing was sent, for a reason that is not this object's own.
    pub fn is_not_started(&self) -> bool {
        match &self.kind {
            ObjectErrorKind::Server(error) => error.is_not_started(),
            ObjectErrorKind::SecretNotWritten => true,
            _ => false,
        }
    }
}

/// What the user can do. Equal hints are shown once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Hint {
    /// Fields were set by hand.
    ForceConflicts,
    /// A controller or tool manages the Secret.
    ManagedElsewhere(String),
    /// The type or `immutable` is in the way.
    Recreate,
    /// `--recreate` met a Secret that wants `--force-conflicts` too.
    RecreateByForce,
    /// The old Secret is gone and the new one is not there.
    RunAgain,
    /// A right is missing.
    MissingPermission {
        /// `secrets` or `serviceaccounts`.
        resource: &'static str,
        /// The object's name, where the right can be cut down to it.
        name: Option<String>,
        /// The verbs a role must grant.
        verbs: &'static [&'static str],
    },
    /// The right to list namespaces is missing.
    ListNamespaces,
    /// The rights are there, so admission refused.
    Admission,
}

impl fmt::Display for Hint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForceConflicts => formatter.write_str("it was made by hand; --force-conflicts takes the fields over"),
            Self::ManagedElsewhere(manager) => write!(
                formatter,
                "{manager} manages this Secret and may put it back; change it there, or take it over with --force-conflicts"
            ),
            Self::Recreate => formatter.write_str("--recreate deletes it and creates it anew; pods keep running, pulls in between fail"),
            Self::RecreateByForce => formatter.write_str("--recreate --force-conflicts deletes it all the same"),
            Self::RunAgain => formatter.write_str("the old Secret is deleted already; running the command again creates the new one"),
            Self::MissingPermission { resource, name, verbs } => {
                let verbs = verbs.iter().map(|verb| format!("{verb:?}")).collect::<Vec<_>>().join(",");
                write!(formatter, r#"a Role would do that has the rule {{"apiGroups":[""],"resources":["{resource}"],"#)?;
                if let Some(name) = name {
                    write!(formatter, r#""resourceNames":["{name}"],"#)?;
                }
                write!(formatter, r#""verbs":[{verbs}]}}"#)
            }
            Self::ListNamespaces => formatter.write_str(
                r#"-n names namespaces without a list of them; for the list a ClusterRole would do that has the rule {"apiGroups":[""],"resources":["namespaces"],"verbs":["list"]}"#,
            ),
            Self::Admission => formatter.write_str(
                "the rights are there, so admission refused it: a quota, a policy or a webhook of the cluster",
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

fn waits_for(finalizers: &[String]) -> String {
    if finalizers.is_empty() {
        String::new()
    } else {
        format!(": it waits for {}", finalizers.join(", "))
    }
}
