//! A Kubernetes cluster as the plugins see it: where it is, how to ask it something, how it says no.
//!
//! Every request of ours leaves through [`exchange`]. Decides nothing about what should be written: that is
//! [`crate::plan`]'s, and only [`crate::apply`] calls what writes.

pub mod access_review;
pub mod client;
pub mod exchange;
pub mod fault;
mod limit;
pub mod lists;
pub mod namespaces;
pub mod patience;
mod promise;
pub mod refusal;
pub mod secrets;
pub mod service_accounts;

pub use client::Cluster;
pub use fault::Fault;
pub use refusal::Refusal;
