//! Defines the typed errors of Secrets and ServiceAccounts, and their hints.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::domain::field_manager::FieldManagerKind;
use crate::domain::names::SecretName;
use crate::domain::pull_secret;
use crate::engine::{Hint, ObjectError, Outcome};
use crate::kubernetes::{ApiError, RequestError};
use kube_clientcmd::escape_control::{escape_control, quoted};

/// The error of an object.
#[derive(Debug, Clone)]
pub struct ResourceError {
    /// The problem.
    pub kind: ResourceErrorKind,
    /// The action that may solve it, if known.
    pub hint: Option<Hint>,
}

/// The kinds of errors of an object.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ResourceErrorKind {
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
    /// The command would delete a Secret that may belong to another owner.
    #[error("error: secret {name:?} will not be deleted: {reason}")]
    DeletionRefused {
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
    /// The server accepted the write, but the object in its response differs from the request: admission control changed it.
    #[error("error: {object} differs from the request after the write: its {difference}")]
    ChangedByAdmission {
        /// Kind and quoted name of the object.
        object: String,
        /// What the server stored instead.
        difference: String,
    },
    /// The Secret to delete does not exist.
    #[error("error: secret/{name} not found")]
    SecretNotFound {
        /// The Secret's name.
        name: String,
    },
    /// The Secret was deleted, but references that were added meanwhile may remain.
    #[error(
        "error: secret {name:?} was deleted, but references to it that were added meanwhile may remain: {}",
        .error.error_text()
    )]
    ReferencesUnchecked {
        /// The Secret's name.
        name: String,
        /// The error of the check.
        error: RequestError,
    },
    /// The pod is still there: a PodDisruptionBudget refuses its eviction.
    #[error("error: pod {name:?} was not evicted: {reason}")]
    EvictionRefused {
        /// The pod's name.
        name: String,
        /// The reason, with the name of the budget.
        reason: String,
    },
    /// The ServiceAccount does not exist, and its namespace is being deleted.
    #[error("error: serviceaccounts {name:?} not found, and its namespace is being terminated")]
    NamespaceTerminating {
        /// The ServiceAccount's name.
        name: String,
    },
    /// The ServiceAccount does not exist. Printed as kubectl prints it.
    #[error("Error from server (NotFound): serviceaccounts {name:?} not found")]
    AccountNotFound {
        /// The ServiceAccount's name.
        name: String,
    },
}

impl ResourceErrorKind {
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

impl From<RequestError> for ResourceError {
    fn from(error: RequestError) -> Self {
        let webhook = error.api_error().and_then(ApiError::failed_webhook);
        Self {
            hint: webhook.as_deref().map(failed_webhook),
            kind: ResourceErrorKind::Server(error),
        }
    }
}

impl From<ResourceErrorKind> for ResourceError {
    fn from(kind: ResourceErrorKind) -> Self {
        Self { kind, hint: None }
    }
}

impl ResourceError {
    /// Returns the error of an object that admission control changed.
    pub fn changed_by_admission(object: String, difference: String) -> Self {
        Self {
            kind: ResourceErrorKind::ChangedByAdmission { object, difference },
            hint: Some(Hint::new(CHANGED_BY_ADMISSION)),
        }
    }

    /// Returns the error of a deleted Secret that its finalizers keep.
    pub fn still_deleting(name: &SecretName, metadata: &ObjectMeta) -> Self {
        let finalizers = metadata.finalizers.iter().flatten();
        ResourceErrorKind::StillDeleting {
            name: name.to_string(),
            finalizers: finalizers
                .map(|finalizer| escape_control(finalizer).into_owned())
                .collect(),
        }
        .into()
    }

    /// Returns whether the account does not exist in an existing namespace.
    pub fn is_account_not_found(&self) -> bool {
        matches!(self.kind, ResourceErrorKind::AccountNotFound { .. })
    }

    /// Returns the state of the object's namespace if it is gone or terminating.
    pub fn namespace_gone(&self) -> Option<&'static str> {
        match &self.kind {
            ResourceErrorKind::NamespaceTerminating { .. } => Some("terminating"),
            ResourceErrorKind::Server(error) => {
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
            ResourceErrorKind::Server(error) => error.is_not_started(),
            _ => false,
        }
    }

    /// Returns the outcome of an object that ends with this error: `Unknown` if a write may have been applied without a
    /// response, `NotStarted` if nothing was sent for a reason that does not concern the object, else `Failed`.
    pub fn outcome(&self, outcome_unknown: bool) -> Outcome {
        match () {
            () if outcome_unknown => Outcome::Unknown,
            () if self.is_not_started() => Outcome::NotStarted,
            () => Outcome::Failed,
        }
    }
}

impl From<ResourceError> for ObjectError {
    fn from(error: ResourceError) -> Self {
        Self {
            text: error.kind.to_string(),
            cause: error.kind.cause(),
            not_started: error.is_not_started(),
            hint: error.hint,
        }
    }
}

/// The hint for a request that the server denies whatever roles grant, with the server's reason.
pub fn denied(reason: &str) -> Hint {
    let reason = if reason.is_empty() {
        "it gives no reason"
    } else {
        reason
    };
    Hint::new(format!(
        "the server denies it, whatever roles grant: {reason}"
    ))
}

/// The hint for a webhook that the server could not call.
fn failed_webhook(name: &str) -> Hint {
    Hint::new(format!(
        "the admission webhook {} does not work, so the server refuses all writes that it has to check; repair the webhook or \
         remove its configuration",
        quoted(name)
    ))
}

/// Returns the hint for a conflict with these field managers: the first that may restore its fields decides, then the first
/// that is not a person.
pub fn for_conflicts<'a>(managers: impl Iterator<Item = &'a str> + Clone) -> Hint {
    let find = |wanted: fn(FieldManagerKind) -> bool| {
        let mut managers = managers.clone();
        managers.find(|manager| wanted(FieldManagerKind::of(manager)))
    };
    if let Some(manager) = find(|kind| !kind.is_safe_to_override()) {
        Hint::new(format!(
            "{manager} manages this Secret and may restore it; change it there, or pass --force-conflicts to take it over"
        ))
    } else if let Some(manager) = find(|kind| kind == FieldManagerKind::OneTime) {
        Hint::new(format!(
            "{manager} wrote it once and does not restore it; pass --force-conflicts to take over its fields"
        ))
    } else if find(|kind| kind == FieldManagerKind::Unrecorded).is_some() {
        Hint::new(
            "the server has no record of its managers, so no controller is known to restore it; pass --force-conflicts to take over its fields",
        )
    } else {
        Hint::new("it was made by hand; pass --force-conflicts to take over its fields")
    }
}

/// The hint for a stored type or `immutable` that prevents the apply.
pub const RECREATE: &str = "pass --recreate to delete it and create a new one; running pods continue, image pulls in between fail";
/// The hint for a Secret that `--recreate` deletes only with `--force-conflicts`.
pub const RECREATE_WITH_FORCE: &str = "pass --force-conflicts with --recreate to delete it anyway";
/// The hint for a Secret that was deleted and not created again.
pub const RUN_AGAIN: &str =
    "the old Secret is already deleted; run the command again to create the new one";
/// The hint for an object that admission control changed.
const CHANGED_BY_ADMISSION: &str =
    "an admission policy or webhook changes it; change the policy, or exclude this object from it";
/// The hint for a 403 although no permission is missing.
pub const ADMISSION: &str = "the permissions are sufficient, so admission control rejected it: a quota, a policy or a webhook";

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
