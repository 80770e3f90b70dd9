//! The command line of `kubectl gcr-patch-sa`, and the request it makes. clap ends here.

use std::ffi::OsString;

use clap::Parser;
use gcr_core::args::{
    ConnectionArgs, EarlyExit, OutputArgs, TargetArgs, UsageError, parse, parse_each_once,
    parse_one, parse_wait, version_text,
};
use gcr_core::completion::shim;
use gcr_core::domain::escape_control::escape_control;
use gcr_core::domain::names::{SecretName, ServiceAccountName};
use gcr_core::request::{
    AccountChange, AccountSelection, Desired, DesiredAccounts, Manifest, Namespaces, Request,
};

/// The name typed after `kubectl`.
const PLUGIN: &str = "gcr-patch-sa";

const LONG: &str = "\
Add pull Secrets to ServiceAccounts, or take them away, without touching anybody else's entries.

SERVICEACCOUNT is default unless given. Pods made from now on use the Secrets; existing ones keep what they had and want \
a restart.";

const EXAMPLES: &str = "\
# Let pods of the ServiceAccount default pull with the Secret gcr-io
kubectl gcr-patch-sa

# Two Secrets, on two accounts of another namespace
kubectl gcr-patch-sa builder deployer --secret gcr-io,mirror -n ci

# Every account with this label
kubectl gcr-patch-sa -l team=payments

# Take it away again, from every account of the namespace
kubectl gcr-patch-sa --all --remove

# Let kubectl complete what is typed here
kubectl gcr-patch-sa --completion=kubectl > \"${KREW_ROOT:-$HOME/.krew}/bin/kubectl_complete-gcr_patch_sa\"
chmod +x \"${KREW_ROOT:-$HOME/.krew}/bin/kubectl_complete-gcr_patch_sa\"";

#[derive(Debug, Parser)]
#[command(
    about = "Add pull Secrets to ServiceAccounts, or take them away",
    long_about = LONG,
    after_help = EXAMPLES,
    override_usage = "[SERVICEACCOUNT ...] [--secret=name] [--all | --selector=label] [--remove]"
)]
struct Cli {
    #[arg(value_name = "SERVICEACCOUNT")]
    names: Vec<String>,
    #[arg(long, help = "If true, select all ServiceAccounts of the namespaces")]
    all: bool,
    #[arg(
        long,
        value_name = "kubectl",
        default_value = "",
        help = "Print the file that lets kubectl complete this command. Must be \"kubectl\"."
    )]
    completion: String,
    #[arg(
        long,
        value_name = "MANAGER",
        default_value = "kubectl-gcr-patch-sa",
        help = "Name of the manager used to track field ownership."
    )]
    field_manager: String,
    #[arg(long, help = "If true, take the Secrets away instead")]
    remove: bool,
    #[arg(
        long,
        value_name = "SECRET",
        help = "Name of the Secret; repeatable, comma-separated [default: gcr-io]"
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
        help = "The length of time to wait, in all, for accounts that are not there yet: default is waited for, others \
                only where this is given. Zero does not wait [default: 10s]"
    )]
    timeout: Option<String>,
    #[arg(
        long,
        help = "If true, print the version of this plugin (-o json or yaml) and ask no server"
    )]
    version: bool,
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// From argv to what is asked for.
pub(crate) fn request(argv: Vec<OsString>) -> Result<Request, EarlyExit> {
    if let Some(answer) = gcr_core::completion::answer::<Cli>(&argv) {
        return Err(answer);
    }
    let (cli, _): (Cli, _) = parse(PLUGIN, argv)?;
    if cli.version {
        let format = cli.output.format();
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
    let output = cli.output.options(cli.connection.verbosity())?;
    let scope = cli.targets.scope(&cli.connection)?;
    let dry_run = cli.output.dry_run(&mut warnings)?;
    let timeout = parse_wait(cli.timeout.as_deref().unwrap_or("10s"))?;
    let mut connection = cli.connection.options(PLUGIN, env!("CARGO_PKG_VERSION"))?;
    connection.validate_context_first = !matches!(scope.namespaces, Namespaces::Named(_));
    Ok(Request {
        scope,
        desired: Desired {
            secret: None,
            accounts: Some(accounts),
            dry_run,
            timeout,
            field_manager: cli.field_manager,
            return_objects: output.format.shows_objects(),
            manifest: Manifest {
                masked: true,
                with_namespace: true,
            },
        },
        connection,
        output,
        warnings,
    })
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
        // An unset variable must not turn into every account there is.
        (true, false, Some(selector)) if selector.trim().is_empty() => Err(UsageError::new(
            "--selector is empty; --all means every ServiceAccount",
        )),
        (true, false, Some(selector)) => Ok(AccountSelection::Labels(selector.clone())),
        (true, false, None) => Ok(AccountSelection::Names(vec![parse_one("default")?])),
        _ => Err(UsageError::new(
            "names, --all and --selector exclude each other",
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
    fn the_manual_is_of_this_command_line() {
        gcr_test_support::assert_manual(super::Cli::command());
    }
}
