//! Defines the flags `--report` and `-q`, and combines them with kubectl's output flags.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::request::OutputOptions;
use kubectl_plugin::{OutputArgs, UsageError};

/// The flags that select what is reported about each object.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[arg(
        long,
        value_name = "FILE",
        help = "File to write one JSON line per object to when its outcome is known. Includes objects that were not started"
    )]
    report: Option<OsString>,
    #[arg(
        short,
        long,
        help = "If true, print only errors, warnings and the output of -o, without result lines, notes and summary"
    )]
    quiet: bool,
}

impl ReportArgs {
    /// Returns all options of the output. `verbosity` is the value of `-v`.
    ///
    /// # Errors
    /// Fails with kubectl's message for an unknown output format, and if `--report` does not name a file.
    pub fn options(&self, output: &OutputArgs, verbosity: u8) -> Result<OutputOptions, UsageError> {
        let format = output.format()?;
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
            show_managed_fields: output.show_managed_fields(),
            quiet: self.quiet,
            verbosity,
            report,
        })
    }
}
