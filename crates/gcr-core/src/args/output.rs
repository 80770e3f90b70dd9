//! What to write and what to print: `--dry-run`, `-o`, `-q`, `-v`.

use clap::Args;

use super::UsageError;
use crate::domain::printable::printable;
use crate::request::{DryRun, Format, OutputOptions};

/// A bare `--dry-run`, told apart from `--dry-run=client`.
const BARE: &str = "unchanged";

/// What to write and what to print.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Must be "none", "server", or "client". If client strategy, only print the object that would be sent, without
    /// sending it. If server strategy, submit server-side request without persisting the resource
    #[arg(long, value_name = "STRATEGY", num_args = 0..=1, require_equals = true, default_missing_value = BARE, default_value = "none")]
    dry_run: String,
    /// Output format. One of: (json, yaml, name)
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<String>,
    /// If true, keep the managedFields when printing objects in JSON or YAML format
    #[arg(long)]
    show_managed_fields: bool,
    /// Print no lines, notes or counts: only errors, warnings and what -o asks for
    #[arg(short, long)]
    quiet: bool,
    /// Number for the log level verbosity: 2 shows requests that are repeated, 6 every request
    #[arg(short = 'v', long = "v", value_name = "LEVEL", default_value_t = 0)]
    verbosity: u8,
}

impl OutputArgs {
    /// `--dry-run`, with the warning a bare one earns.
    ///
    /// # Errors
    /// Another word than kubectl's three, in kubectl's words.
    pub fn dry_run(&self, warnings: &mut Vec<String>) -> Result<DryRun, UsageError> {
        match self.dry_run.as_str() {
            "none" => Ok(DryRun::None),
            "client" => Ok(DryRun::Client),
            "server" => Ok(DryRun::Server),
            BARE => {
                warnings.push(
                    "--dry-run is deprecated and can be replaced with --dry-run=client.".to_owned(),
                );
                Ok(DryRun::Client)
            }
            other => Err(UsageError::new(format!(
                "Invalid dry-run value ({}). Must be \"none\", \"server\", or \"client\".",
                printable(other)
            ))),
        }
    }

    /// The other flags.
    ///
    /// # Errors
    /// An output format that is not one of ours, in kubectl's words.
    pub fn options(&self) -> Result<OutputOptions, UsageError> {
        let format = match self.output.as_deref() {
            None | Some("") => Format::Lines,
            Some("name") => Format::Name,
            Some("json") => Format::Json,
            Some("yaml") => Format::Yaml,
            Some(other) => {
                return Err(UsageError::new(format!(
                    "unable to match a printer suitable for the output format \"{}\", allowed formats are: json,name,yaml",
                    printable(other)
                )));
            }
        };
        Ok(OutputOptions {
            format,
            show_managed_fields: self.show_managed_fields,
            quiet: self.quiet,
            verbosity: self.verbosity,
        })
    }
}
