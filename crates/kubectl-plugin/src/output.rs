//! Defines kubectl's flags that control writes and output: `--dry-run`, `-o` and `--show-managed-fields`.

use clap::{Arg, Args};

use crate::flag::parse_bool;
use crate::output_values::{DryRun, Format};
use crate::usage_error::UsageError;
use kube_clientcmd::escape_control::escape_control;

/// The value of `--dry-run` without a value, as in kubectl. It distinguishes that form from `--dry-run=client`.
const UNCHANGED: &str = "unchanged";

/// kubectl's flags that control writes and output. The help texts equal kubectl's word for word, except for `-o`, which
/// lists fewer formats.
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
        help = "If true, keep the managedFields when printing objects in JSON or YAML format."
    )]
    show_managed_fields: bool,
}

/// Takes `server` out of the help of `--dry-run`, for commands that refuse it: `#[command(mut_arg("dry_run",
/// without_server_dry_run))]`. They read the value with [`OutputArgs::client_dry_run`].
#[must_use]
pub fn without_server_dry_run(dry_run: Arg) -> Arg {
    dry_run.value_name("none|client").help(
        "Must be \"none\" or \"client\". If client strategy, only print the object that would be sent, without sending it.",
    )
}

impl OutputArgs {
    /// Returns the value of `--dry-run`, and adds kubectl's warnings for its deprecated forms.
    ///
    /// # Errors
    /// Fails with kubectl's message for any other value.
    pub fn dry_run(&self, warnings: &mut Vec<String>) -> Result<DryRun, UsageError> {
        self.parse_dry_run(warnings, "\"none\", \"server\", or \"client\"")
    }

    /// Returns the value of `--dry-run` of a command that has no server dry run, because of `reason`.
    ///
    /// # Errors
    /// Fails for `server` with the reason, and as [`Self::dry_run`].
    pub fn client_dry_run(
        &self,
        warnings: &mut Vec<String>,
        reason: &str,
    ) -> Result<DryRun, UsageError> {
        match self.parse_dry_run(warnings, "\"none\" or \"client\"")? {
            DryRun::Server => Err(UsageError::new(format!(
                "--dry-run=server is not supported, because {reason}; use --dry-run=client"
            ))),
            other => Ok(other),
        }
    }

    fn parse_dry_run(
        &self,
        warnings: &mut Vec<String>,
        allowed: &str,
    ) -> Result<DryRun, UsageError> {
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
                "Invalid dry-run value ({}). Must be {allowed}.",
                escape_control(other)
            ))),
        }
    }

    /// Returns the value of `-o` unchanged.
    pub fn format_text(&self) -> &str {
        self.output.as_deref().unwrap_or_default()
    }

    /// Returns the value of `-o`.
    ///
    /// # Errors
    /// Fails with kubectl's message for an unknown output format.
    pub fn format(&self) -> Result<Format, UsageError> {
        match self.format_text().to_ascii_lowercase().as_str() {
            "" => Ok(Format::Lines),
            "name" => Ok(Format::Name),
            "json" => Ok(Format::Json),
            "yaml" => Ok(Format::Yaml),
            _ => Err(UsageError::new(format!(
                "unable to match a printer suitable for the output format \"{}\", allowed formats are: json,name,yaml",
                escape_control(self.format_text())
            ))),
        }
    }

    /// Returns the value of `--show-managed-fields`.
    pub fn show_managed_fields(&self) -> bool {
        self.show_managed_fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        output: OutputArgs,
    }

    fn args(flags: &[&str]) -> OutputArgs {
        Cli::parse_from([&["test"], flags].concat()).output
    }

    #[test]
    fn deprecated_dry_run_values_are_accepted_with_kubectls_warning() {
        let dry_run = |flags: &[&str]| {
            let mut warnings = Vec::new();
            let dry_run = args(flags).dry_run(&mut warnings);
            (dry_run.ok(), warnings.join("\n"))
        };
        assert_eq!(dry_run(&[]), (Some(DryRun::None), String::new()));
        assert_eq!(
            dry_run(&["--dry-run=server"]),
            (Some(DryRun::Server), String::new())
        );
        assert_eq!(
            dry_run(&["--dry-run"]),
            (
                Some(DryRun::Client),
                "--dry-run is deprecated and can be replaced with --dry-run=client.".to_owned()
            )
        );
        assert_eq!(
            dry_run(&["--dry-run=false"]),
            (
                Some(DryRun::None),
                "--dry-run=false is deprecated (boolean value) and can be replaced with --dry-run=none."
                    .to_owned()
            )
        );
        assert_eq!(dry_run(&["--dry-run=x"]), (None, String::new()));
        let client_dry_run = |flag| {
            let dry_run = args(&[flag]).client_dry_run(&mut Vec::new(), "nothing sends it");
            dry_run.map_err(|error| error.to_string())
        };
        assert_eq!(client_dry_run("--dry-run=client"), Ok(DryRun::Client));
        for (flag, error) in [
            (
                "--dry-run=server",
                "--dry-run=server is not supported, because nothing sends it; use --dry-run=client",
            ),
            (
                "--dry-run=x",
                "Invalid dry-run value (x). Must be \"none\" or \"client\".",
            ),
        ] {
            let refused = client_dry_run(flag).unwrap_err();
            assert!(refused.contains(error), "{refused}");
        }
    }

    #[test]
    fn format_ignores_case_and_unknown_format_is_error() {
        assert_eq!(args(&[]).format(), Ok(Format::Lines));
        assert_eq!(args(&["-oJSON"]).format(), Ok(Format::Json));
        assert_eq!(
            args(&["-owide"]).format().unwrap_err().to_string(),
            "error: unable to match a printer suitable for the output format \"wide\", allowed formats are: json,name,yaml"
        );
    }
}
