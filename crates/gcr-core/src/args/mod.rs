//! Defines the flags that both plugins share beyond those of kubectl (`kubectl_plugin`), as clap groups to flatten.

mod report;
mod targets;

pub use report::ReportArgs;
pub use targets::TargetArgs;
