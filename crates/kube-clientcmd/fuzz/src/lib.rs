//! Defines the properties that the fuzz targets check, one module per target. A check panics if a property does not hold.
//!
//! The fuzz targets and `tests/corpus.rs` of kube-clientcmd share this code.

pub mod duration;
pub mod kubeconfig;
pub mod proxy_rules;
