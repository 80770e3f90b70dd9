//! What must hold whatever comes in, a module a fuzz target. Each panics where it does not hold.
//!
//! Written once for both of its users: the fuzzer, and `tests/corpus.rs`, which needs none.

pub mod duration;
pub mod key_file;
pub mod kubeconfig;
pub mod proxy_rules;
