//! Defines the flags that control writes and output: `--dry-run`, `-o`, `-q`, `--report` and `--show-managed-fields`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::flag::parse_bool;
use crate::output_options::{DryRun, Format, OutputOptions};
use crate::usage_error::UsageError;
use kube_clientcmd::escape_control::escape_control;

/// The value of `--dry-run` without a value, as in kubectl. It distinguishes that form from `--dry-run=client`.
const UNCHANGED: &str = "unchanged";

/// The flags that control writes and output.
#[derive(Debug, Args)]
pub struct OutputArgs {
    #[arg(long, value_name = "none|server|client", num_args = 0..=1, require_equals = true,
        default_missing_value = UNCHANGED, default_value = "none",
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
        help = "File to write one JSON line per object to when its outcome is known. Includes objects that were not started"
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
        help = "If true, print only errors, warnings and the output of -o, without result lines, notes and summary"
    )]
    quiet: bool,
}

impl OutputArgs {
    /// Returns the value of `--dry-run`, and adds kubectl's warnings for its deprecated forms.
    ///
    /// # Errors
    /// Fails with kubectl's message for any other value.
    pub fn dry_run(&self, warnings: &mut Vec<String>) -> Result<DryRun, UsageError> {
        match self.dry_run.as_str() {
            "none" => Ok(DryRun::None),
            "client" => Ok(DryRun::Client),
            "server" => Ok(DryRun::Server),
            UNCHANGED => {
                warnings.push(
                    "--dry-run is deprecated and can be replaced with --dry-run=client.".to_owned(),
                );
                Ok(DryRun::Client)
            }
            // The flag was once a boolean; kubectl still accepts these values.
            other if let Some(on) = parse_bool(other) => {
                let (replacement, dry_run) = if on {
                    ("client", DryRun::Client)
                } else {
                    ("none", DryRun::None)
                };
                warnings.push(format!(
                    "--dry-run={other} is deprecated (boolean value) and can be replaced with --dry-run={replacement}."
                ));
                Ok(dry_run)
            }
            other => Err(UsageError::new(format!(
                "Invalid dry-run value ({}). Must be \"none\", \"server\", or \"client\".",
                escape_control(other)
            ))),
        }
    }

    /// Returns the value of `-o` unchanged.
    pub fn format(&self) -> &str {
        self.output.as_deref().unwrap_or_default()
    }

    /// Returns the other flags and `verbosity`, the value of `-v`.
    ///
    /// # Errors
    /// Fails with kubectl's message for an unknown output format, and if `--report` does not name a file.
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
            return Err(UsageError::new("--report requires a file name"));
        }
        if report.as_ref().is_some_and(|path| path.as_os_str() == "-") {
            return Err(UsageError::new(
                "--report requires a file name: standard output already receives the result lines",
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
