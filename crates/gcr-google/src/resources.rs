//! Google's objects as resources of the engine: what `kubectl gcr-secret setup` and `rotate` bring to their desired state.
//!
//! ```text
//! service ─▶ repository ─▶ binding ─┐
//! service ─▶ account ──▶ binding    ├─▶ proof
//!                  └───▶ key, token ┘
//! ```
//!
//! All are resources of one target, the project. Each observes first, so that a second run changes nothing and a run after a
//! killed one finishes its work. Nothing is written before every object was observed: a missing permission, or an object
//! in the wrong state, stops the others.

mod account;
mod binding;
mod key;
mod kind;
mod new_key;
mod permissions;
mod proof;
mod repository;
mod resource_error;
mod retirement;
mod service;
mod stage;
mod step;
mod stored_keys;
mod token;

pub use account::AccountResource;
pub use binding::BindingResource;
pub use key::KeyResource;
pub use kind::{
    ACCESS_TOKEN, CREATED, DELETED, DISABLED, ENABLED, GRANTED, IAM_ACCOUNT, IAM_BINDING, ISSUED,
    KEY, REGISTRY, REPOSITORY, SERVICE, VERIFIED,
};
pub use new_key::{NewKeyResource, ReusedKeyResource};
pub use permissions::role_with;
pub use proof::ProofResource;
pub use repository::RepositoryResource;
pub use resource_error::ResourceError;
pub use retirement::{Retirement, RetirementResource};
pub use service::{
    ARTIFACT_REGISTRY_API, IAM_API, IAM_CREDENTIALS_API, ServiceProbe, ServiceResource,
};
pub use stage::{Account, IssuedCredential, Stage};
pub use stored_keys::{StoredKey, StoredKeys};
pub use token::TokenResource;
