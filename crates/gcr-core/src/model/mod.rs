//! Tests the real [`crate::cluster_run`] against a model of an API server with injected faults and concurrent writers.
//!
//! The model produces faults that are hard to cause on a real server: a response lost after the write, a write applied
//! after its timeout, a conflict at every step. Without a fault it responds like a real API server, which the black-box
//! tests use.

mod atomic_lists;
mod cluster_runs;
mod races;
mod request_info;
mod rules;
mod scenario;
mod server;
mod single_runs;
mod store;
pub(crate) mod wire;
mod writer;
