//! Runs `kubectl gcr-secret rotate`: writes a new key to every Secret, then disables and deletes the old one.

mod account_rotation;
mod carrier;
mod commands;
mod contained_keys;
mod failure;
mod flow;
mod key_writes;
mod max_age;
mod orphans;
mod plan;
mod preflight;
mod prepared;
mod request;
mod retirement;
mod secret_search;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use clap::{ArgAction, Args};
use gcr_core::args::{ApplyArgs, ReportArgs, TargetArgs};
use gcr_core::commands::rbac::CommandPermissions;
use gcr_core::commands::{Notice, Session, show_progress};
use gcr_core::domain::redactor::Redactor;
use gcr_core::request::ExecutionOptions;
use gcr_core::resources::permissions;
use kube_clientcmd::go::duration;
use kubectl_plugin::{
    ConnectionArgs, DryRun, EarlyExit, OutputArgs, UsageError, parse_one, parse_wait,
    without_server_dry_run,
};

use crate::google_args::GoogleArgs;
use crate::google_permissions;
use crate::plugin_name::PLUGIN;
use request::RotateRequest;

const LONG: &str = "\
Rotate the service account keys in pull Secrets, with no moment in which a pull fails.

The plugin finds the Secrets that carry a key, creates a new key of the same service account in memory, proves it against the \
registries of the Secrets, and writes it to each of them. Only when every Secret was written and no other Secret of the \
cluster carries the old key, it disables the old key and deletes it. A run after an interrupted one finishes its work and \
creates no further key. Without NAME, Secrets of every name are rotated.

The caller of Google needs the role roles/iam.serviceAccountKeyAdmin on the service account.";

const EXAMPLES: &str = "\
# Rotate the keys of all Secrets in all namespaces
kubectl gcr-secret rotate -A

# Rotate keys that are older than 90 days, for a job that runs every day
kubectl gcr-secret rotate -A --max-age 90d

# Keep the old key for a day after it was disabled, before it is deleted
kubectl gcr-secret rotate -A --grace 24h

# Print what would be done, with the commands that do it by hand
kubectl gcr-secret rotate -A --dry-run=client";

/// Why `--dry-run=server` is refused.
const NO_SERVER_DRY_RUN: &str = "Google has no dry run";

const USAGE: &str =
    "[NAME] [--max-age=age] [--grace=duration] [--keep-old] [--dry-run=client|none]";

#[derive(Debug, Args)]
#[command(
    about = "Rotate the keys in pull Secrets without failed pulls",
    long_about = LONG,
    after_help = EXAMPLES,
    override_usage = USAGE,
    mut_arg("dry_run", without_server_dry_run)
)]
pub(crate) struct RotateArgs {
    #[arg(value_name = "SECRET")]
    name: Option<String>,
    #[arg(
        long,
        help = "If true, disable the old key although Secrets outside of the selected namespaces carry it or cannot be searched"
    )]
    force_disable: bool,
    #[arg(
        long,
        value_name = "DURATION",
        help = "The length of time to keep the disabled key before it is deleted [default: 0s]"
    )]
    grace: Option<String>,
    #[arg(long, help = "If true, disable the old key and do not delete it")]
    keep_old: bool,
    #[arg(
        long,
        value_name = "AGE",
        help = "Rotate only keys that are older than this, for example 90d, 2w or 36h"
    )]
    max_age: Option<String>,
    #[arg(
        long,
        help = "If true, delete and recreate an existing Secret that has a different type or is immutable"
    )]
    recreate: bool,
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value = "true",
        help = "If true, search the whole cluster for Secrets that carry the old key before it is disabled"
    )]
    scope_check: bool,
    #[arg(
        long,
        value_name = "DURATION",
        help = "The total length of time to wait until changes at Google are effective [default: 5m]"
    )]
    timeout: Option<String>,
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

impl RotateArgs {
    /// Returns the permissions that the command line needs.
    ///
    /// # Errors
    /// Fails if a flag is invalid.
    pub(crate) fn permissions(
        &self,
        connection: &ConnectionArgs,
    ) -> Result<CommandPermissions, UsageError> {
        let name = self.name.as_deref().map(parse_one).transpose()?;
        let mut rules = permissions::rotate(name.as_ref(), self.scope_check, self.recreate);
        if self
            .output
            .client_dry_run(&mut Vec::new(), NO_SERVER_DRY_RUN)?
            == DryRun::Client
        {
            rules = permissions::read_only(rules);
        }
        Ok(CommandPermissions {
            rules,
            scope: self.targets.scope(connection)?,
            lists_namespaces: true,
            comments: google_permissions::comments(&google_permissions::rotate(self.keep_old)),
            output: self.report.options(&self.output, connection.verbosity())?,
        })
    }
}

/// How long to wait for a Secret that is being deleted, as `create` does.
const SECRET_TIMEOUT: Duration = Duration::from_secs(10);

/// Validates the flags, runs the rotation and returns the exit code.
///
/// # Errors
/// Returns the text to print if a flag is invalid.
pub(crate) fn run(args: RotateArgs, connection: ConnectionArgs) -> Result<u8, EarlyExit> {
    let mut warnings = Vec::new();
    let name = args.name.as_deref().map(parse_one).transpose()?;
    let dry_run = args
        .output
        .client_dry_run(&mut warnings, NO_SERVER_DRY_RUN)?;
    if args.keep_old && args.grace.is_some() {
        return Err(UsageError::new("--grace cannot be used with --keep-old").into());
    }
    // pflag's rules have validated the value.
    let grace = args.grace.as_deref().and_then(duration::parse);
    let max_age = args.max_age.as_deref().map(max_age::parse).transpose()?;
    let timeout = parse_wait(args.timeout.as_deref().unwrap_or("5m"))?;
    let google = args.google.options()?;
    let output = args.report.options(&args.output, connection.verbosity())?;
    let scope = args.targets.scope(&connection)?;
    let connection = connection.options(PLUGIN, env!("CARGO_PKG_VERSION"))?;
    let redactor = Arc::new(Redactor::default());
    let request = RotateRequest {
        name,
        google,
        max_age,
        grace: grace.unwrap_or_default(),
        keep_old: args.keep_old,
        force_disable: args.force_disable,
        scope_check: args.scope_check,
        timeout,
        force_conflicts: args.apply.force_conflicts,
        recreate: args.recreate,
        execution: ExecutionOptions {
            field_manager: args.apply.field_manager,
            dry_run,
            timeout: SECRET_TIMEOUT,
            return_objects: output.format.shows_objects(),
        },
        redactor: Arc::clone(&redactor),
    };
    let session = Session {
        dry_run,
        notices: Notice::warnings(warnings),
        redactor,
        sends_a_key: dry_run != DryRun::Client,
        ..Session::new(connection, scope, output)
    };
    Ok(session.run(async |clusters, run| {
        // Before any credential of Google is in memory, so that a core dump cannot contain it. The kubeconfig is open already: it
        // may be a path below /proc/self/fd.
        gcr_core::process::forbid_core_dumps();
        let events = run.events.clone();
        show_progress(&events, flow::run(request, clusters, run)).await;
    }))
}
