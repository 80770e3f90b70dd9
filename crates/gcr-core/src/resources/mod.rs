//! The objects of a namespace as resources of the engine: the pull Secret, and the ServiceAccounts that refer to it.
//!
//! One directory per kind, with one file per stage. Only [`secret`] and [`service_account`] write to a cluster.

pub mod list_cache;
mod managed_fields;
pub mod namespace_target;
pub mod rbac_hint;
pub mod resource_error;
pub mod secret;
pub mod service_account;
pub mod target_snapshot;
mod write_observer;

pub use list_cache::ListCache;
pub use namespace_target::{NamespaceTarget, ReadAccess};
pub use resource_error::{ResourceError, ResourceErrorKind};
pub use secret::SecretResource;
pub use service_account::{ServiceAccountDiscovery, ServiceAccountResource};
pub use target_snapshot::TargetSnapshot;
