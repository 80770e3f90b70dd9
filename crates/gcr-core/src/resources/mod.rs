//! The objects of a namespace as resources of the engine: the pull Secret, and the ServiceAccounts that refer to it. Also
//! reads what commands show of them.
//!
//! One directory per kind, with one file per stage. Only [`secret`], [`secret_deletion`], [`secret_refresh`],
//! [`service_account`] and [`pod_eviction`] write to a cluster.

mod deletion_guards;
pub mod field_owners;
pub mod list_cache;
mod listing;
mod managed_fields;
pub mod namespace_target;
pub mod permissions;
pub mod pod_eviction;
pub mod pull_secret_summary;
pub mod rbac_hint;
pub mod references;
pub mod resource_error;
pub mod secret;
pub mod secret_deletion;
pub mod secret_refresh;
pub mod service_account;
pub mod target_snapshot;
mod write_observer;

pub use list_cache::ListCache;
pub use namespace_target::{NamespaceTarget, ReadAccess};
pub use pull_secret_summary::PullSecretSummary;
pub use references::{NamespaceReferences, References};
pub use resource_error::{ResourceError, ResourceErrorKind};
pub use secret::SecretResource;
pub use service_account::{ServiceAccountDiscovery, ServiceAccountResource};
pub use target_snapshot::TargetSnapshot;
