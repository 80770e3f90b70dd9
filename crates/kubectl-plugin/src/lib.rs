//! Makes a Rust program behave like kubectl: its flags, help, usage errors, output and completion, over a clap tree.
//!
//! ```text
//! argv ─completion─▶ candidates for kubectl
//!   │
//!   └─parse─▶ line (pflag's rules) ─▶ clap ─▶ the program's struct ─▶ ConnectionOptions, DryRun, OutputOptions
//!                │
//!                └─▶ EarlyExit: help, `options`, a usage error
//! ```
//!
//! * [`parse()`]: a command line by the rules of cobra and pflag, or the [`EarlyExit`] to print. `line` implements the
//!   rules, `flag` presents a clap argument as a pflag flag, `help` formats pages in kubectl's layout.
//! * [`ConnectionArgs`], [`OutputArgs`], [`VersionArgs`]: kubectl's flags, as clap groups to flatten.
//! * [`DryRun`], [`Format`], [`OutputOptions`]: their values. [`json_text`] and [`yaml_text`] format objects as kubectl does.
//! * [`parse_each`] and its relatives parse the values of flags.
//! * [`completion`]: cobra's completion protocol, and the script that kubectl runs.
//!
//! The crate reads no kubeconfig except to complete the name of a context, cluster or user, and sends no request.

mod command_tree;
pub mod completion;
mod connection;
mod early_exit;
mod flag;
mod help;
mod line;
mod object_text;
mod os_bytes;
mod output;
mod output_options;
mod parse;
mod platform;
mod usage_error;
mod values;
mod version;
mod wrap;

pub use connection::ConnectionArgs;
pub use early_exit::EarlyExit;
pub use object_text::{json_text, yaml_text};
pub use output::OutputArgs;
pub use output_options::{DryRun, Format, OutputOptions};
pub use parse::{parse, typed_name};
pub use usage_error::UsageError;
pub use values::{parse_each, parse_each_once, parse_one, parse_wait};
pub use version::{VersionArgs, version_text};
