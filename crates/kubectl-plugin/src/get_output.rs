//! Defines kubectl's flags that control the output of a command that reads: `-o`, `--no-headers` and
//! `--show-managed-fields`.

use clap::Args;

use crate::output_values::Format;
use crate::usage_error::UsageError;
use kube_clientcmd::escape_control::escape_control;

/// kubectl's flags that control the output of `get`. `-o` lists fewer formats.
#[derive(Debug, Args)]
pub struct GetOutputArgs {
    #[arg(
        long,
        help = "When using the default output format, don't print headers (default print headers)."
    )]
    no_headers: bool,
    #[arg(
        short,
        long,
        value_name = "json|yaml|name|wide",
        help = "Output format. One of: (json, yaml, name, wide)."
    )]
    output: Option<String>,
}

impl GetOutputArgs {
    /// Returns whether the table begins with its header.
    pub fn headers(&self) -> bool {
        !self.no_headers
    }

    /// Returns the value of `-o`.
    ///
    /// # Errors
    /// Fails with kubectl's message for an unknown output format.
    pub fn format(&self) -> Result<Format, UsageError> {
        let text = self.output.as_deref().unwrap_or_default();
        match text.to_ascii_lowercase().as_str() {
            "" => Ok(Format::Lines),
            "wide" => Ok(Format::Wide),
            "name" => Ok(Format::Name),
            "json" => Ok(Format::Json),
            "yaml" => Ok(Format::Yaml),
            _ => Err(UsageError::new(format!(
                "unable to match a printer suitable for the output format \"{}\", allowed formats are: json,name,wide,yaml",
                escape_control(text)
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        output: GetOutputArgs,
    }

    #[test]
    fn wide_is_a_format_and_unknown_format_is_error() {
        let args = |flags: &[&str]| Cli::parse_from([&["test"], flags].concat()).output;
        assert_eq!(args(&[]).format(), Ok(Format::Lines));
        assert_eq!(args(&["-oWide"]).format(), Ok(Format::Wide));
        assert!(args(&[]).headers() && !args(&["--no-headers"]).headers());
        assert_eq!(
            args(&["-ox"]).format().unwrap_err().to_string(),
            "error: unable to match a printer suitable for the output format \"x\", allowed formats are: json,name,wide,yaml"
        );
    }
}
