//! Runs `kubectl gcr-secret refresh`: renews the access tokens in pull Secrets before they expire.

mod account_tokens;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use gcr_core::args::{ApplyArgs, ReportArgs, TargetArgs};
use gcr_core::commands::rbac::CommandPermissions;
use gcr_core::commands::{Notice, RefreshCommand, Session, reconcile_namespaces};
use gcr_core::domain::names::SecretName;
use gcr_core::domain::redactor::Redactor;
use gcr_core::request::{DesiredRefresh, ExecutionOptions};
use gcr_core::resources::permissions;
use kube_clientcmd::go::duration;
use kubectl_plugin::{
    ConnectionArgs, DryRun, EarlyExit, OutputArgs, UsageError, parse_one, parse_wait,
};

use crate::google_args::GoogleArgs;
use crate::google_permissions;
use crate::plugin_name::PLUGIN;
use account_tokens::AccountTokens;

const LONG: &str = "\
Renew the access tokens in pull Secrets before they expire.

A Secret with an access token, as `kubectl gcr-secret setup --credential token` writes it, names the service account of its token \
and the time at which the token expires. The plugin renews a token that expires within --within, and writes the new one to \
the same registries of the Secret. It gets one token per service account, for all namespaces and clusters. The times are those \
of the servers, not of this machine.

NAME selects the Secret of each namespace. Without NAME, the plugin checks all of its Secrets. It does not change Secrets \
with keys. Run the command as a scheduled job: the exit code is 0 if no token is due.

The caller of Google needs the role roles/iam.serviceAccountTokenCreator on each service account.";

const EXAMPLES: &str = "\
# Renew the tokens of all namespaces that expire within 20 minutes
kubectl gcr-secret refresh -A

# Renew the token in one Secret now
kubectl gcr-secret refresh gcr-io --all -n team-a

# Show which tokens are due, without getting new ones
kubectl gcr-secret refresh -A --dry-run=client

# Renew tokens that live for 12 hours, which an organization policy must allow
kubectl gcr-secret refresh -A --within 2h --lifetime 12h";

#[derive(Debug, Args)]
#[command(
    about = "Renew the access tokens in pull Secrets",
    long_about = LONG,
    after_help = EXAMPLES,
    override_usage = "[NAME] [--within=duration] [--all] [--dry-run=server|client|none]"
)]
pub(crate) struct RefreshArgs {
    #[arg(value_name = "SECRET")]
    name: Option<String>,
    #[arg(long, help = "If true, renew each token, whenever it expires")]
    all: bool,
    #[arg(
        long,
        value_name = "DURATION",
        help = "Lifetime of the new tokens. More than an hour needs an organization policy [default: 1h]"
    )]
    lifetime: Option<String>,
    #[arg(
        long,
        value_name = "DURATION",
        help = "Renew a token that expires within this time [default: 20m]"
    )]
    within: Option<String>,
    #[command(flatten)]
    apply: ApplyArgs,
    #[command(flatten)]
    google: GoogleArgs,
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    report: ReportArgs,
}

impl RefreshArgs {
    /// Returns the permissions of the command line.
    ///
    /// # Errors
    /// Fails if a flag is invalid.
    pub(crate) fn permissions(
        &self,
        connection: &ConnectionArgs,
    ) -> Result<CommandPermissions, UsageError> {
        let name: Option<SecretName> = self.name.as_deref().map(parse_one).transpose()?;
        let mut rules = vec![permissions::refresh(name.as_ref())];
        if self.output.dry_run(&mut Vec::new())? == DryRun::Client {
            rules = permissions::read_only(rules);
        }
        Ok(CommandPermissions {
            rules,
            scope: self.targets.scope(connection)?,
            lists_namespaces: true,
            output: self.report.options(&self.output, connection.verbosity())?,
            comments: google_permissions::comments(&google_permissions::refresh()),
        })
    }
}

/// Validates the flags, renews the tokens and returns the exit code.
///
/// # Errors
/// Returns the text to print if a flag is invalid.
pub(crate) fn run(args: RefreshArgs, connection: ConnectionArgs) -> Result<u8, EarlyExit> {
    let mut warnings = Vec::new();
    let name: Option<SecretName> = args.name.as_deref().map(parse_one).transpose()?;
    let dry_run = args.output.dry_run(&mut warnings)?;
    let desired = DesiredRefresh {
        name,
        within: within(&args)?,
        force_conflicts: args.apply.force_conflicts,
    };
    let lifetime = lifetime(args.lifetime.as_deref().unwrap_or("1h"))?;
    let google = args.google.options()?;
    let output = args.report.options(&args.output, connection.verbosity())?;
    let scope = args.targets.scope(&connection)?;
    let connection = connection.options(PLUGIN, env!("CARGO_PKG_VERSION"))?;
    let redactor = Arc::new(Redactor::default());
    let execution = ExecutionOptions {
        field_manager: args.apply.field_manager,
        dry_run,
        timeout: Duration::ZERO,
        return_objects: output.format.shows_objects(),
    };
    let session = Session {
        dry_run,
        notices: Notice::warnings(warnings),
        redactor: Arc::clone(&redactor),
        sends_a_key: dry_run != DryRun::Client,
        ..Session::new(connection, scope, output)
    };
    Ok(session.run(async |clusters, run| {
        // Before any credential of Google is in memory, so that a core dump cannot contain it. The kubeconfig is open already: it
        // may be a path below /proc/self/fd.
        gcr_core::process::forbid_core_dumps();
        let command = RefreshCommand {
            desired,
            execution,
            issuer: AccountTokens::new(google, lifetime, redactor, run.clone()),
        };
        reconcile_namespaces(&command, clusters, run).await;
    }))
}

fn within(args: &RefreshArgs) -> Result<Option<Duration>, UsageError> {
    match (args.all, args.within.as_deref()) {
        (true, Some(_)) => Err(UsageError::new("--within cannot be used with --all")),
        (true, None) => Ok(None),
        (false, within) => parse_wait(within.unwrap_or("20m")).map(Some),
    }
}

fn lifetime(text: &str) -> Result<Duration, UsageError> {
    // pflag's rules have validated the value.
    let lifetime = duration::parse(text).unwrap_or_default();
    if lifetime.as_secs() == 0 {
        return Err(UsageError::new("--lifetime must be at least 1s"));
    }
    Ok(lifetime)
}
