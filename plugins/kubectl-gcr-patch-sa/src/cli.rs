//! Defines the command line of `kubectl gcr-patch-sa`, and converts it to a request.

use std::ffi::OsString;

use clap::Parser;
use gcr_core::args::{ReportArgs, TargetArgs};
use gcr_core::commands::pull_secret;
use gcr_core::completion::PluginValues;
use gcr_core::domain::names::{SecretName, ServiceAccountName};
use gcr_core::request::{
    AccountChange, AccountSelection, DesiredAccounts, DesiredState, ExecutionOptions, Namespaces,
    Request,
};
use kube_clientcmd::escape_control::escape_control;
use kubectl_plugin::completion::{complete, shim};
use kubectl_plugin::{
    ConnectionArgs, EarlyExit, OutputArgs, UsageError, parse, parse_each_once, parse_one,
    parse_wait, version_text,
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
    #[arg(value_name = "SERVICEACCOUNT")]
    names: Vec<String>,
    #[arg(long, help = "If true, select all ServiceAccounts in the namespaces")]
    all: bool,
    #[arg(
        long,
        value_name = "kubectl",
        default_value = "",
        help = "Print the script that lets kubectl complete this command. Must be \"kubectl\"."
    )]
    completion: String,
    #[arg(
        long,
        value_name = "MANAGER",
        default_value = "kubectl-gcr-patch-sa",
        help = "Name of the manager used to track field ownership."
    )]
    field_manager: String,
    #[arg(long, help = "If true, remove the Secrets instead of adding them")]
    remove: bool,
    #[arg(
        long,
        value_name = "SECRET",
        help = "Name of the Secret; can be repeated or comma-separated [default: gcr-io]"
    )]
    secret: Vec<String>,
    #[arg(
        short = 'l',
        long,
        value_name = "SELECTOR",
        help = "Selector (label query) to filter on, supports '=', '==', '!=', 'in', 'notin'.(e.g. -l \
                key1=value1,key2=value2,key3 in (value3)). Matching objects must satisfy all of the specified label \
                constraints."
    )]
    selector: Option<String>,
    #[arg(
        long,
        value_name = "DURATION",
        help = "The total length of time to wait for ServiceAccounts that do not exist yet. Without this flag, only the \
                ServiceAccount default is waited for. Zero means do not wait [default: 10s]"
    )]
    timeout: Option<String>,
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
    let accounts = DesiredAccounts {
        selection: selection(&cli)?,
        change: change(&cli)?,
        wait_for_all: cli.timeout.is_some(),
    };
    let output = cli
        .report
        .options(&cli.output, cli.connection.verbosity())?;
    let scope = cli.targets.scope(&cli.connection)?;
    let dry_run = cli.output.dry_run(&mut warnings)?;
    let timeout = parse_wait(cli.timeout.as_deref().unwrap_or("10s"))?;
    let mut connection = cli.connection.options(PLUGIN, env!("CARGO_PKG_VERSION"))?;
    connection.validate_context_first = !matches!(scope.namespaces, Namespaces::Named(_));
    Ok(pull_secret::run(Request {
        scope,
        desired: DesiredState {
            secret: None,
            accounts: Some(accounts),
        },
        execution: ExecutionOptions {
            field_manager: cli.field_manager,
            dry_run,
            timeout,
            return_objects: output.format.shows_objects(),
        },
        connection,
        output,
        warnings,
    }))
}

fn selection(cli: &Cli) -> Result<AccountSelection, UsageError> {
    let mut names: Vec<ServiceAccountName> = Vec::new();
    for name in &cli.names {
        let name = parse_one(name)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match (names.is_empty(), cli.all, &cli.selector) {
        (false, false, None) => Ok(AccountSelection::Names(names)),
        (true, true, None) => Ok(AccountSelection::All),
        // An unset shell variable must not select every ServiceAccount.
        (true, false, Some(selector)) if selector.trim().is_empty() => Err(UsageError::new(
            "--selector is empty; use --all to select every ServiceAccount",
        )),
        (true, false, Some(selector)) => Ok(AccountSelection::Labels(selector.clone())),
        (true, false, None) => Ok(AccountSelection::Names(vec![parse_one("default")?])),
        _ => Err(UsageError::new(
            "only one of SERVICEACCOUNT, --all or --selector may be given",
        )),
    }
}

fn change(cli: &Cli) -> Result<AccountChange, UsageError> {
    let mut names: Vec<SecretName> = parse_each_once(&cli.secret)?;
    if names.is_empty() {
        names = vec![parse_one("gcr-io")?];
    }
    Ok(if cli.remove {
        AccountChange::Detach(names)
    } else {
        AccountChange::Attach(names)
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
