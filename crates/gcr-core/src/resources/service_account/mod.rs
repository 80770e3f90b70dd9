//! A ServiceAccount as a resource: its `imagePullSecrets` is read, changed, and patched with preconditions.

mod decide;
mod discovery;
mod kind;
mod missing_secrets;
mod observe;
mod patch;
mod resource;
mod shared;

pub use discovery::ServiceAccountDiscovery;
pub use kind::{PATCHED, SERVICE_ACCOUNT, id};
pub use missing_secrets::MissingSecrets;
pub use resource::ServiceAccountResource;
pub use shared::{Listed, SharedAccounts};
