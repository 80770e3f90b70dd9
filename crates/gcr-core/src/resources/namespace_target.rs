//! The target of most commands: one namespace of one cluster.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::domain::names::Namespace;
use crate::engine::{TargetName, TargetScope};
use crate::kubernetes::{ApiError, ClusterClient, RequestError};

/// One namespace of one cluster.
#[derive(Clone)]
pub struct NamespaceTarget {
    /// The cluster.
    pub cluster: Arc<ClusterClient>,
    /// What the user may read in the cluster, as far as the run has found out.
    pub access: Arc<ReadAccess>,
    /// The namespace.
    pub namespace: Namespace,
    /// Whether the user named the namespace. Otherwise a list found it, and its deletion during the run is no error.
    pub named: bool,
}

impl NamespaceTarget {
    /// Returns the name of a namespace of `cluster`, for reports.
    pub fn name_in(cluster: &ClusterClient, namespace: &Namespace) -> TargetName {
        TargetName {
            context: cluster.context().cloned(),
            scope: TargetScope::Namespace(namespace.clone()),
        }
    }

    /// Returns its name, for reports.
    pub fn name(&self) -> TargetName {
        Self::name_in(&self.cluster, &self.namespace)
    }

    /// Returns the note that the namespace is gone or terminating, unless the user named it.
    pub(super) fn skip_note(&self, reason: Option<&str>) -> Option<String> {
        let reason = reason.filter(|_| !self.named)?;
        Some(format!("namespace/{} skipped: {reason}", self.namespace))
    }
}

/// What the user may read in a cluster. Starts with the assumption that everything is allowed.
#[derive(Debug, Default)]
pub struct ReadAccess {
    /// Whether the server has forbidden a metadata read of a Secret; the run then sends no more of them.
    secrets_forbidden: AtomicBool,
    /// Whether to look up a ServiceAccount by a list with a field selector first, and by `get` only if the list is
    /// forbidden.
    lists_accounts: AtomicBool,
}

impl ReadAccess {
    /// Records the error of a metadata read of a Secret: after a 403, the run sends no more of them.
    pub fn note_secret_error(&self, error: &RequestError) {
        if error.api_error().is_some_and(ApiError::is_forbidden) {
            self.secrets_forbidden.store(true, Ordering::Relaxed);
        }
    }

    /// Returns whether to read metadata of Secrets.
    pub fn can_read_secrets(&self) -> bool {
        !self.secrets_forbidden.load(Ordering::Relaxed)
    }

    /// Sets whether to look up ServiceAccounts by lists first.
    pub fn list_accounts_by_name(&self, first: bool) {
        self.lists_accounts.store(first, Ordering::Relaxed);
    }

    /// Returns whether to look up ServiceAccounts by lists first.
    pub fn lists_accounts_by_name(&self) -> bool {
        self.lists_accounts.load(Ordering::Relaxed)
    }
}
