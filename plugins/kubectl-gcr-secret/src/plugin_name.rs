//! Names the plugin, for the command line and for every command.

/// The name typed after `kubectl`.
pub(crate) const PLUGIN: &str = "gcr-secret";

/// The `User-Agent` of requests to Google and to registries.
pub(crate) const USER_AGENT: &str = concat!("kubectl-gcr-secret/", env!("CARGO_PKG_VERSION"));
