//! Defines the command line of `kubectl gcr-patch-sa`, and converts it to a request.

use std::ffi::OsString;

use crate::verification::Verification;
use clap::Parser;
use gcr_core::args::{PatchAccountArgs, ReportArgs, TargetArgs};
use gcr_core::commands::pull_secret;
use gcr_core::completion::PluginValues;
use gcr_core::request::{DesiredState, ExecutionOptions, Namespaces, Request};
use kube_clientcmd::escape_control::escape_control;
use kubectl_plugin::completion::{complete, shim};
use kubectl_plugin::{
    ConnectionArgs, EarlyExit, OutputArgs, UsageError, parse, parse_wait, version_text,
};

/// The name typed after `kubectl`.
const PLUGIN: &str = "gcr-patch-sa";

const LONG: &str = "\
Add image pull Secrets to ServiceAccounts, or remove them, and keep all other entries.

SERVICEACCOUNT defaults to default. The change applies to new pods; existing pods must be recreated to use it.";

const EXAMPLES: &str = "\
# Add the pull Secret gcr-io to the default ServiceAccount
kubectl gcr-patch-sa

# Add two Secrets to two ServiceAccounts in another namespace
kubectl gcr-patch-sa builder deployer --secret gcr-io,mirror -n ci

# Add gcr-io to every ServiceAccount with a label
kubectl gcr-patch-sa -l team=payments

# Add gcr-io only if Google accepts the credential in it
kubectl gcr-patch-sa --verify

# Remove gcr-io from every ServiceAccount in the namespace
kubectl gcr-patch-sa --all --remove

# Enable completion for a plugin installed with krew
kubectl gcr-patch-sa --completion=kubectl > \"${KREW_ROOT:-$HOME/.krew}/bin/kubectl_complete-gcr_patch_sa\"
chmod +x \"${KREW_ROOT:-$HOME/.krew}/bin/kubectl_complete-gcr_patch_sa\"";

#[derive(Debug, Parser)]
#[command(
    about = "Add image pull Secrets to ServiceAccounts, or remove them",
    long_about = LONG,
    after_help = EXAMPLES,
    override_usage = "[SERVICEACCOUNT ...] [--secret=name] [--all | --selector=label] [--remove]"
)]
struct Cli {
    #[command(flatten)]
    patch: PatchAccountArgs,
    #[arg(
        long,
        value_name = "kubectl",
        default_value = "",
        help = "Print the script that lets kubectl complete this command. Must be \"kubectl\"."
    )]
    completion: String,
    #[arg(
        long,
        help = "If true, print the version of this plugin (use -o for json or yaml) without contacting a server"
    )]
    version: bool,
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    report: ReportArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Runs the command line and returns the exit code.
///
/// # Errors
/// Returns the text to print if the command line makes no request.
pub(crate) fn run(argv: Vec<OsString>) -> Result<u8, EarlyExit> {
    if let Some(reply) = complete::<Cli>(&argv, &PluginValues) {
        return Err(reply);
    }
    let line = argv.clone();
    let (cli, _): (Cli, _) = parse(PLUGIN, argv)?;
    if cli.version {
        let format = cli.output.format_text();
        return Err(version_text(env!("CARGO_PKG_VERSION"), format));
    }
    match cli.completion.as_str() {
        "" => {}
        "kubectl" => return Err(EarlyExit::Print(shim(PLUGIN))),
        other => {
            let message = format!("Unsupported completion value ({other}). Must be \"kubectl\".");
            return Err(UsageError::new(escape_control(&message)).into());
        }
    }
    let mut warnings = Vec::new();
    let accounts = cli.patch.accounts()?;
    let output = cli
        .report
        .options(&cli.output, cli.connection.verbosity())?;
    let scope = cli.targets.scope(&cli.connection)?;
    let dry_run = cli.output.dry_run(&mut warnings)?;
    let timeout = parse_wait(cli.patch.timeout.as_deref().unwrap_or("10s"))?;
    let mut connection = cli.connection.options(PLUGIN, env!("CARGO_PKG_VERSION"))?;
    connection.validate_context_first = !matches!(scope.namespaces, Namespaces::Named(_));
    let verification =
        (cli.patch.verify).then(|| Verification::new::<Cli>(&line, accounts.secrets()));
    let request = Request {
        scope,
        desired: DesiredState {
            secret: None,
            accounts: Some(accounts),
        },
        execution: ExecutionOptions {
            field_manager: cli.patch.field_manager,
            dry_run,
            timeout,
            return_objects: output.format.shows_objects(),
        },
        restart_stuck: cli.patch.restart_stuck,
        connection,
        output,
        warnings,
    };
    Ok(match verification {
        Some(verification) => {
            pull_secret::run_if(request, async |_, run| verification.succeeds(run).await)
        }
        None => pull_secret::run(request),
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn manual_matches_command_line() {
        gcr_test_support::assert_manual(super::Cli::command());
    }
}
