//! Runs `kubectl gcr-secret describe`.

use clap::Args;
use gcr_core::args::TargetArgs;
use gcr_core::commands::describe::{self, DescribeRequest};
use gcr_core::commands::rbac::CommandPermissions;
use gcr_core::request::{Format, Namespaces, OutputOptions};
use gcr_core::resources::permissions;
use kube_clientcmd::escape_control::escape_control;
use kubectl_plugin::{ConnectionArgs, EarlyExit, UsageError, parse_one};

use crate::plugin_name::PLUGIN;

const LONG: &str = "\
Describe a pull Secret.

The description contains the Secret's metadata, the registries and credential that its annotations name, its field managers and \
which of them an apply by create would conflict with, the ServiceAccounts and pods that reference it, and its events. The plugin \
does not read the Secret's data.";

const EXAMPLES: &str = "\
# Describe the pull Secret gcr-io of the current namespace
kubectl gcr-secret describe gcr-io

# Describe the Secrets of this name in all namespaces, as JSON
kubectl gcr-secret describe gcr-io -A -o json";

#[derive(Debug, Args)]
#[command(
    about = "Describe a pull Secret, its field managers and users",
    long_about = LONG,
    after_help = EXAMPLES,
    override_usage = "NAME [--all-namespaces] [-o json|yaml|name]"
)]
pub(crate) struct DescribeArgs {
    #[arg(value_name = "SECRET")]
    name: Option<String>,
    #[arg(
        short,
        long,
        value_name = "json|yaml|name",
        help = "Output format. One of: (json, yaml, name)."
    )]
    output: Option<String>,
    #[arg(
        short,
        long,
        help = "If true, print only errors, warnings and the descriptions, without notes"
    )]
    quiet: bool,
    #[command(flatten)]
    targets: TargetArgs,
}

impl DescribeArgs {
    /// Returns the permissions that this command line needs.
    ///
    /// # Errors
    /// Fails if a flag is invalid.
    pub(crate) fn permissions(
        &self,
        connection: &ConnectionArgs,
    ) -> Result<CommandPermissions, UsageError> {
        let name = parse_one(self.name.as_deref().unwrap_or("gcr-io"))?;
        let scope = self.targets.scope(connection)?;
        let searches = matches!(scope.namespaces, Namespaces::Matching(_));
        Ok(CommandPermissions {
            rules: permissions::describe(&name, searches),
            scope,
            lists_namespaces: false,
            output: self.output(connection)?,
            comments: Vec::new(),
        })
    }

    fn output(&self, connection: &ConnectionArgs) -> Result<OutputOptions, UsageError> {
        Ok(OutputOptions {
            format: format(self.output.as_deref().unwrap_or_default())?,
            quiet: self.quiet,
            verbosity: connection.verbosity(),
            ..OutputOptions::default()
        })
    }
}

/// Validates the flags, runs the request and returns the exit code. `command` is the command as the user typed it.
///
/// # Errors
/// Returns the text to print if a flag is invalid.
pub(crate) fn run(
    args: DescribeArgs,
    connection: ConnectionArgs,
    command: &str,
) -> Result<u8, EarlyExit> {
    let Some(name) = &args.name else {
        let error = UsageError::new("exactly one NAME is required, got 0");
        return Err(error.with_help_of(command).into());
    };
    let name = parse_one(name)?;
    let output = args.output(&connection)?;
    let scope = args.targets.scope(&connection)?;
    let connection = connection.options(PLUGIN, env!("CARGO_PKG_VERSION"))?;
    Ok(describe::run(DescribeRequest {
        connection,
        scope,
        output,
        name,
    }))
}

fn format(text: &str) -> Result<Format, UsageError> {
    match text.to_ascii_lowercase().as_str() {
        "" => Ok(Format::Lines),
        "name" => Ok(Format::Name),
        "json" => Ok(Format::Json),
        "yaml" => Ok(Format::Yaml),
        _ => Err(UsageError::new(format!(
            "unable to match a printer suitable for the output format \"{}\", allowed formats are: json,name,yaml",
            escape_control(text)
        ))),
    }
}
