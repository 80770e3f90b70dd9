//! Names the plugin, for the command line and for every command.

/// The name typed after `kubectl`.
pub(crate) const PLUGIN: &str = "gcr-secret";
