//! Looks for the tools that only some tasks need.

use std::io::ErrorKind;
use std::process::Command;

use gcr_test_support::{Error, Result};

/// Checks that a tool is on PATH by running it with one argument.
///
/// # Errors
/// The tool is missing; the error names `source`, where to get it.
pub(crate) fn require_tool(tool: &str, argument: &str, source: &str) -> Result<()> {
    match Command::new(tool).arg(argument).output() {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::new(format!(
            "{tool} is not on PATH; get it from {source}"
        ))),
        Err(error) => Err(Error::during(tool, error)),
    }
}
