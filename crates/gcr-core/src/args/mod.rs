//! Defines the flags that both plugins share beyond those of kubectl (`kubectl_plugin`), as clap groups to flatten.

mod apply;
mod patch_accounts;
mod report;
mod targets;

pub use apply::ApplyArgs;
pub use patch_accounts::PatchAccountArgs;
pub use report::ReportArgs;
pub use targets::TargetArgs;
