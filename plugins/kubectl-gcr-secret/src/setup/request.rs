//! The validated set-up.

use std::sync::Arc;
use std::time::Duration;

use gcr_core::domain::names::SecretName;
use gcr_core::domain::redactor::Redactor;
use gcr_core::request::{DesiredAccounts, ExecutionOptions};
use gcr_google::artifact_registry::RepositoryRole;

use super::registries::RegistryFlags;
use crate::google_args::GoogleOptions;

/// A validated set-up.
#[derive(Debug)]
pub(super) struct SetupRequest {
    pub(super) name: SecretName,
    pub(super) google: GoogleOptions,
    pub(super) registries: RegistryFlags,
    pub(super) iam_account: String,
    pub(super) role: RepositoryRole,
    pub(super) create_repository: bool,
    pub(super) credential: CredentialKind,
    pub(super) new_key: bool,
    pub(super) verify: bool,
    /// Time limit for Google's eventual consistency.
    pub(super) timeout: Duration,
    pub(super) accounts: Option<DesiredAccounts>,
    pub(super) merge: bool,
    pub(super) force_conflicts: bool,
    pub(super) recreate: bool,
    pub(super) execution: ExecutionOptions,
    pub(super) redactor: Arc<Redactor>,
}

/// The kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CredentialKind {
    Key,
    Token { lifetime: Duration },
}
