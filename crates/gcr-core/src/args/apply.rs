//! Defines the flags of server-side apply.

use clap::Args;

/// How the Secret is applied.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The name of the field manager.
    #[arg(
        long,
        value_name = "MANAGER",
        default_value = "kubectl-gcr-secret",
        help = "Name of the manager used to track field ownership."
    )]
    pub field_manager: String,
    /// Whether to take over fields of other managers.
    #[arg(
        long,
        help = "If true, server-side apply will force the changes against conflicts."
    )]
    pub force_conflicts: bool,
}
