//! Defines the flags that both plugins share beyond those of kubectl (`kubectl_plugin`), as clap groups to flatten.

mod targets;

pub use targets::TargetArgs;
