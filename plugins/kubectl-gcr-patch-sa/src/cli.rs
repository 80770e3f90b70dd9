//! The command line of `kubectl gcr-patch-sa`, and the request it makes. clap ends here.

use std::ffi::OsString;

use clap::Parser;
use gcr_core::args::{
    ConnectionArgs, OutputArgs, Stop, TargetArgs, UsageError, parse, parse_each, parse_wait,
};
use gcr_core::domain::names::{SecretName, ServiceAccountName};
use gcr_core::request::{
    AccountChange, AccountSelection, Manifest, Request, Wanted, WantedAccounts,
};

/// The name typed after `kubectl`.
const PLUGIN: &str = "gcr-patch-sa";

const EXAMPLES: &str = "\
Examples:
  # Let pods of the ServiceAccount default pull with the Secret gcr-io
  kubectl gcr-patch-sa

  # Two Secrets, on two accounts of another namespace
  kubectl gcr-patch-sa builder deployer --secret gcr-io,mirror -n ci

  # Every account with this label
  kubectl gcr-patch-sa -l team=payments

  # Take it away again, everywhere in the namespace
  kubectl gcr-patch-sa --all --remove

Pods made from now on use it. Existing pods keep what they had and want a restart.";

/// Add pull Secrets to ServiceAccounts, or take them away, without touching anybody else's entries
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    /// Names of the ServiceAccounts [default: default]
    #[arg(value_name = "SERVICEACCOUNT")]
    names: Vec<String>,
    /// Every ServiceAccount of the namespaces
    #[arg(long)]
    all: bool,
    /// Name of the manager used to track field ownership
    #[arg(long, value_name = "NAME", default_value = "kubectl-gcr-patch-sa")]
    field_manager: String,
    /// Take the Secrets away instead
    #[arg(long)]
    remove: bool,
    /// Names of the Secrets; repeatable, comma-separated [default: gcr-io]
    #[arg(long, value_name = "NAME")]
    secret: Vec<String>,
    /// Selector (label query) to filter ServiceAccounts on, supports '=', '==', '!=', 'in', 'notin'
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
    /// How long to wait, in all, for accounts that are not there yet: default is waited for, others only where this
    /// is given; 0 does not wait [default: 10s]
    #[arg(long, value_name = "DURATION")]
    timeout: Option<String>,
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// From argv to what is asked for.
pub(crate) fn request(argv: Vec<OsString>) -> Result<Request, Stop> {
    let cli: Cli = parse(PLUGIN, argv)?;
    let mut warnings = Vec::new();
    let accounts = WantedAccounts {
        selection: selection(&cli)?,
        change: change(&cli)?,
        wait_for_all: cli.timeout.is_some(),
    };
    let output = cli.output.options()?;
    Ok(Request {
        namespaces: cli.targets.namespaces()?,
        wanted: Wanted {
            secret: None,
            accounts: Some(accounts),
            dry_run: cli.output.dry_run(&mut warnings)?,
            timeout: parse_wait(cli.timeout.as_deref().unwrap_or("10s"))?,
            field_manager: cli.field_manager,
            whole_objects: output.format.shows_objects(),
            manifest: Manifest {
                masked: true,
                with_namespace: true,
            },
        },
        connection: cli.connection.options(PLUGIN, env!("CARGO_PKG_VERSION"))?,
        output,
        warnings,
    })
}

fn selection(cli: &Cli) -> Result<AccountSelection, UsageError> {
    let names: Vec<ServiceAccountName> = parse_each(&cli.names)?;
    match (names.is_empty(), cli.all, &cli.selector) {
        (false, false, None) => Ok(AccountSelection::Names(names)),
        (true, true, None) => Ok(AccountSelection::All),
        (true, false, Some(selector)) => Ok(AccountSelection::Labels(selector.clone())),
        (true, false, None) => Ok(AccountSelection::Names(parse_each(
            &["default".to_owned()],
        )?)),
        _ => Err(UsageError::new(
            "names, --all and --selector exclude each other",
        )),
    }
}

fn change(cli: &Cli) -> Result<AccountChange, UsageError> {
    let mut names: Vec<SecretName> = parse_each(&cli.secret)?;
    if names.is_empty() {
        names = parse_each(&["gcr-io".to_owned()])?;
    }
    Ok(if cli.remove {
        AccountChange::Detach(names)
    } else {
        AccountChange::Attach(names)
    })
}
