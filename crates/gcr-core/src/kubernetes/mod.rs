//! A Kubernetes cluster as the plugins see it: where it is, how to ask it something, how it says no.
//!
//! Every request of ours leaves through [`exchange`]. Decides nothing about what should be written: that is
//! [`crate::plan`]'s, and only [`crate::apply`] calls what writes.

pub mod access_review;
mod adaptive_limiter;
pub mod api_error;
pub mod api_request;
pub mod client;
pub mod namespaces;
pub mod pager;
pub mod request_error;
mod response_check;
pub mod retry;
pub mod secrets;
pub mod service_accounts;
mod warning_header;

pub use api_error::ApiError;
pub use client::ClusterClient;
pub use request_error::RequestError;
