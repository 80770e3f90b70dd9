//! The changes of a Secret that a decision prepares.

use bytes::Bytes;

use crate::domain::pull_secret::Preconditions;

/// The Secret before an apply: the apply's outcome depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriorState {
    /// It did not exist.
    Absent,
    /// It may not be read, and the server refuses dry runs.
    Unknown,
    /// It existed.
    Present {
        /// `metadata.resourceVersion`.
        resource_version: String,
        /// When our field manager last changed it, in whole seconds, if known.
        last_applied_at: Option<jiff::Timestamp>,
    },
}

/// A change of the Secret.
#[derive(Debug)]
pub enum SecretAction {
    /// Apply it.
    Apply(SecretApply),
    /// Delete the observed Secret, wait until it is gone, and apply the new one.
    Replace {
        /// The uid and resourceVersion of the Secret to delete.
        preconditions: Preconditions,
        /// The apply that creates the new Secret.
        apply: SecretApply,
    },
    /// Print the Secret without having read it: a client dry run.
    Print,
}

/// A server-side apply of the Secret.
pub struct SecretApply {
    /// The request body.
    pub body: Bytes,
    /// Whether to take over fields of other managers.
    pub force: bool,
    /// The Secret before the apply, which distinguishes created, configured and unchanged.
    pub prior_state: PriorState,
    /// Whether to remove the last-applied annotation, which contains an earlier key.
    pub drop_last_applied: bool,
    /// Whether an earlier apply of this run got no response and may have created the stored Secret.
    pub may_have_applied: bool,
    /// The warning to print if the apply succeeds: hosts that it removes from the Secret.
    pub dropped_hosts: Option<String>,
    /// Whether the body contains a resourceVersion: a conflict then means that the observation is stale, not an error.
    pub has_preconditions: bool,
}

impl std::fmt::Debug for SecretApply {
    /// Omits the body, which contains a key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SecretApply")
            .field("force", &self.force)
            .field("prior_state", &self.prior_state)
            .finish_non_exhaustive()
    }
}
