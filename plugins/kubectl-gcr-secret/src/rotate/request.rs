//! The validated rotation.

use std::sync::Arc;
use std::time::Duration;

use gcr_core::domain::names::SecretName;
use gcr_core::domain::redactor::Redactor;
use gcr_core::request::ExecutionOptions;

use crate::google_args::GoogleOptions;

/// A validated rotation.
#[derive(Debug)]
pub(super) struct RotateRequest {
    /// The name of the Secrets; `None` for all names.
    pub(super) name: Option<SecretName>,
    pub(super) google: GoogleOptions,
    /// Only keys older than this are rotated.
    pub(super) max_age: Option<Duration>,
    /// How long a disabled key is kept.
    pub(super) grace: Duration,
    /// Whether old keys stay disabled instead of being deleted.
    pub(super) keep_old: bool,
    /// Whether Secrets outside of the selected namespaces may lose their key.
    pub(super) force_disable: bool,
    /// Whether such Secrets are searched.
    pub(super) scope_check: bool,
    /// Time limit for Google's eventual consistency.
    pub(super) timeout: Duration,
    pub(super) force_conflicts: bool,
    pub(super) recreate: bool,
    pub(super) execution: ExecutionOptions,
    pub(super) redactor: Arc<Redactor>,
}
