//! Makes a Rust program behave like kubectl: its flags, help, usage errors, output and completion, over a clap tree.
//!
//! ```text
//! argv ─completion─▶ candidates for kubectl
//!   │
//!   └─parse─▶ line (pflag's rules) ─▶ clap ─▶ the program's struct ─▶ ConnectionOptions, DryRun, Format
//!                │
//!                └─▶ EarlyExit: help, `options`, a usage error
//! ```
//!
//! | item | files | content |
//! |---|---|---|
//! | [`parse()`] | `parse`, `line`, `command_tree`, `os_bytes` | a command line by the rules of cobra and pflag, or the [`EarlyExit`] to print |
//! | [`EarlyExit`], [`UsageError`] | `early_exit`, `usage_error`, `help`, `wrap` | pages in kubectl's layout, errors, exit codes |
//! | [`ConnectionArgs`], [`OutputArgs`], [`GetOutputArgs`], [`VersionArgs`] | `connection`, `output`, `get_output`, `version`, `platform` | kubectl's flags, as clap groups to flatten |
//! | [`DryRun`], [`Format`], [`json_text`], [`yaml_text`] | `output_values`, `object_text` | the values of these flags, and objects as kubectl prints them |
//! | [`parse_each`], [`parse_each_once`], [`parse_one`], [`parse_wait`] | `values` | lists and durations in flags |
//! | [`completion`] | `completion/` | cobra's completion protocol, and the script that kubectl runs |
//!
//! # Conventions
//!
//! pflag has attributes that clap lacks. Three conventions encode them in clap's tree:
//! * The value name gives the type: a placeholder that completion supports (`CONTEXT`, `FILE`), `DURATION`, `LEVEL`
//!   or `BOOL` for pflag's duration, integer and boolean types (the last only if the default is true), or the allowed values (`json|yaml|name`).
//! * A help text that ends in `[default: x]` documents a default that the code applies itself.
//! * A global clap argument is one of kubectl's global options.
//!
//! The texts are those of a cobra command: clap's `about` is `Short`, `long_about` is `Long`, `after_help` is `Example`,
//! and `override_usage` is `Use` without the name.
//!
//! The crate reads no kubeconfig except to complete the name of a context, cluster or user. It sends no request.
#![doc = ""]
#![doc = include_str!("../README.md")]

mod command_tree;
pub mod completion;
mod connection;
mod early_exit;
mod flag;
mod get_output;
mod help;
mod line;
mod object_text;
mod os_bytes;
mod output;
mod output_values;
mod parse;
mod platform;
mod usage_error;
mod values;
mod version;
mod wrap;

pub use connection::ConnectionArgs;
pub use early_exit::EarlyExit;
pub use get_output::GetOutputArgs;
pub use object_text::{json_text, yaml_text};
pub use output::{OutputArgs, without_server_dry_run};
pub use output_values::{DryRun, Format};
pub use parse::{command_index, parse, shared_flags, typed_name};
pub use usage_error::UsageError;
pub use values::{parse_each, parse_each_once, parse_one, parse_wait};
pub use version::{VersionArgs, version_text};
