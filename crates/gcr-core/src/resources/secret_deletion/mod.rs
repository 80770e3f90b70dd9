//! The deletion of a pull Secret: the references to it are removed first, then the Secret.

mod decide;
mod discovery;
mod kind;
mod late_references;
mod pods;
mod resource;
mod shared;

pub use discovery::DeletionDiscovery;
pub use kind::{DELETED, NOT_FOUND};
pub use shared::DeletionContext;
