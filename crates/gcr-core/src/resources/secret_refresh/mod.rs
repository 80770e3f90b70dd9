//! The renewal of the access tokens in pull Secrets: finds the Secrets with a token, and writes those whose token expires soon.

mod discovery;
mod due;
mod observe;
mod resource;
mod shared;
mod token_issuer;

pub use discovery::RefreshDiscovery;
pub use shared::RefreshContext;
pub use token_issuer::TokenIssuer;
