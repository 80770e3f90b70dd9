//! What to write and what to print: `--dry-run`, `-o`, `-q`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::UsageError;
use super::flag::switch;
use crate::domain::escape_control::escape_control;
use crate::request::{DryRun, Format, OutputOptions};

/// A bare `--dry-run`, told apart from `--dry-run=client`.
const BARE: &str = "unchanged";

/// What to write and what to print.
#[derive(Debug, Args)]
pub struct OutputArgs {
    #[arg(long, value_name = "none|server|client", num_args = 0..=1, require_equals = true,
        default_missing_value = BARE, default_value = "none",
        help = "Must be \"none\", \"server\", or \"client\". If client strategy, only print the object that would be sent, \
                without sending it. If server strategy, submit server-side request without persisting the resource.")]
    dry_run: String,
    #[arg(
        short,
        long,
        value_name = "json|yaml|name",
        help = "Output format. One of: (json, yaml, name)."
    )]
    output: Option<String>,
    #[arg(
        long,
        value_name = "FILE",
        help = "File to write a JSON line to for each object as it ends, also for those not started"
    )]
    report: Option<OsString>,
    #[arg(
        long,
        help = "If true, keep the managedFields when printing objects in JSON or YAML format."
    )]
    show_managed_fields: bool,
    #[arg(
        short,
        long,
        help = "If true, print no lines, notes or counts: only errors, warnings and what -o asks for"
    )]
    quiet: bool,
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
            // From when it was a switch.
            other if let Some(on) = switch(other) => {
                let (means, dry_run) = if on {
                    ("client", DryRun::Client)
                } else {
                    ("none", DryRun::None)
                };
                warnings.push(format!(
                    "--dry-run={other} is deprecated (boolean value) and can be replaced with --dry-run={means}."
                ));
                Ok(dry_run)
            }
            other => Err(UsageError::new(format!(
                "Invalid dry-run value ({}). Must be \"none\", \"server\", or \"client\".",
                escape_control(other)
            ))),
        }
    }

    /// `-o` as it was typed.
    pub fn format(&self) -> &str {
        self.output.as_deref().unwrap_or_default()
    }

    /// The other flags, and `-v`.
    ///
    /// # Errors
    /// An output format that is not one of ours, in kubectl's words.
    pub fn options(&self, verbosity: u8) -> Result<OutputOptions, UsageError> {
        let format = match self.format().to_ascii_lowercase().as_str() {
            "" => Format::Lines,
            "name" => Format::Name,
            "json" => Format::Json,
            "yaml" => Format::Yaml,
            _ => {
                return Err(UsageError::new(format!(
                    "unable to match a printer suitable for the output format \"{}\", allowed formats are: json,name,yaml",
                    escape_control(self.format())
                )));
            }
        };
        let report = self.report.as_ref().map(PathBuf::from);
        if report
            .as_ref()
            .is_some_and(|path| path.as_os_str().is_empty())
        {
            return Err(UsageError::new("--report names no file"));
        }
        if report.as_ref().is_some_and(|path| path.as_os_str() == "-") {
            return Err(UsageError::new(
                "--report wants a file: standard output has the lines",
            ));
        }
        Ok(OutputOptions {
            format,
            show_managed_fields: self.show_managed_fields,
            quiet: self.quiet,
            verbosity,
            report,
        })
    }
}
