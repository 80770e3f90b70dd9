//! Runs `kubectl gcr-secret delete`.

mod carriers;
mod key_deletion;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use gcr_core::args::{ReportArgs, TargetArgs};
use gcr_core::commands::delete::{self, DeleteRequest};
use gcr_core::commands::rbac::CommandPermissions;
use gcr_core::domain::names::SecretName;
use gcr_core::domain::redactor::Redactor;
use gcr_core::engine::{Event, RunContext};
use gcr_core::request::{DesiredDeletion, DryRun, ExecutionOptions, Namespaces};
use gcr_core::resources::permissions;
use kubectl_plugin::{ConnectionArgs, EarlyExit, OutputArgs, UsageError, parse_one};

use crate::google_args::GoogleArgs;
use crate::google_permissions;
use crate::plugin_name::PLUGIN;
use key_deletion::KeyDeletion;

const LONG: &str = "\
Delete a pull Secret and the references to it.

The plugin first removes the Secret from the imagePullSecrets of every ServiceAccount in the namespace, and then deletes the \
Secret. It refuses to delete a Secret without its own label, one that another field manager applies, and one with an owner: it \
checks this before it changes the first ServiceAccount.

With --delete-key, the plugin also deletes the service account keys that the deleted Secrets carried, unless a pull Secret in one \
of the clusters still carries them. It reads all pull Secrets to know that. A deleted key cannot be restored.";

const EXAMPLES: &str = "\
# Delete the pull Secret gcr-io of the current namespace
kubectl gcr-secret delete gcr-io

# Preview what would be deleted in all namespaces
kubectl gcr-secret delete gcr-io -A --dry-run=server

# Delete the Secret everywhere, and its key at Google
kubectl gcr-secret delete gcr-io -A --delete-key

# Delete a Secret that this plugin did not create
kubectl gcr-secret delete old-registry --allow-unmanaged";

const USAGE: &str = "NAME [--ignore-not-found] [--keep-references] [--dry-run=server|client|none]";

#[derive(Debug, Args)]
#[command(
    about = "Delete a pull Secret and the references to it",
    long_about = LONG,
    after_help = EXAMPLES,
    override_usage = USAGE
)]
pub(crate) struct DeleteArgs {
    #[arg(value_name = "SECRET")]
    name: Option<String>,
    #[arg(
        long,
        help = "If true, also delete a Secret that does not carry the label of this plugin"
    )]
    allow_unmanaged: bool,
    #[arg(
        long,
        help = "If true, delete the service account keys of the deleted Secrets at Google, unless a pull Secret in a cluster still \
                carries them"
    )]
    delete_key: bool,
    #[arg(
        long,
        value_name = "MANAGER",
        default_value = "kubectl-gcr-secret",
        help = "Name of the manager used to track field ownership."
    )]
    field_manager: String,
    #[arg(
        long,
        help = "If true, also delete a Secret that another field manager applies"
    )]
    force_conflicts: bool,
    #[arg(long, help = "Treat \"resource not found\" as a successful delete.")]
    ignore_not_found: bool,
    #[arg(
        long,
        help = "If true, delete only the Secret, and leave the references of ServiceAccounts to it"
    )]
    keep_references: bool,
    #[command(flatten)]
    google: GoogleArgs,
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    report: ReportArgs,
}

impl DeleteArgs {
    /// Returns the permissions that this command line needs.
    ///
    /// # Errors
    /// Fails if a flag is invalid.
    pub(crate) fn permissions(
        &self,
        connection: &ConnectionArgs,
    ) -> Result<CommandPermissions, UsageError> {
        let name = parse_one(self.name.as_deref().unwrap_or("gcr-io"))?;
        let mut rules = permissions::delete(&name, self.keep_references);
        if self.output.dry_run(&mut Vec::new())? == DryRun::Client {
            rules = permissions::read_only(rules);
        }
        let mut comments = Vec::new();
        let scope = self.targets.scope(connection)?;
        if self.delete_key {
            comments = google_permissions::comments(&google_permissions::delete_key());
            let search = permissions::list_of("secrets");
            if matches!(scope.namespaces, Namespaces::Matching(_)) {
                rules.push(search);
            } else {
                comments.push(format!(
                    "To search all pull Secrets for the key, grant this ClusterRole rule too: {search}"
                ));
            }
        }
        Ok(CommandPermissions {
            rules,
            scope,
            lists_namespaces: true,
            output: self.report.options(&self.output, connection.verbosity())?,
            comments,
        })
    }
}

/// Validates the flags, runs the request and returns the exit code. `command` is the command as the user typed it.
///
/// # Errors
/// Returns the text to print if a flag is invalid.
pub(crate) fn run(
    args: DeleteArgs,
    connection: ConnectionArgs,
    command: &str,
) -> Result<u8, EarlyExit> {
    let Some(name) = &args.name else {
        let error = UsageError::new("exactly one NAME is required, got 0");
        return Err(error.with_help_of(command).into());
    };
    let mut warnings = Vec::new();
    let name: SecretName = parse_one(name)?;
    let dry_run = args.output.dry_run(&mut warnings)?;
    let output = args.report.options(&args.output, connection.verbosity())?;
    let scope = args.targets.scope(&connection)?;
    let connection = connection.options(PLUGIN, env!("CARGO_PKG_VERSION"))?;
    let redactor = Arc::new(Redactor::default());
    let google = args.google.options()?;
    if args.delete_key && dry_run == DryRun::Server {
        return Err(UsageError::new(
            "--delete-key cannot be used with --dry-run=server, because Google has no dry run; use --dry-run=client",
        )
        .into());
    }
    let request = DeleteRequest {
        connection,
        scope,
        desired: DesiredDeletion {
            name: name.clone(),
            allow_unmanaged: args.allow_unmanaged,
            force_conflicts: args.force_conflicts,
            ignore_not_found: args.ignore_not_found,
            keep_references: args.keep_references,
        },
        execution: ExecutionOptions {
            field_manager: args.field_manager,
            dry_run,
            timeout: Duration::ZERO,
            return_objects: output.format.shows_objects(),
        },
        output,
        warnings,
    };
    if !args.delete_key {
        return Ok(delete::run(request));
    }
    let (mut session, deletion) = delete::prepare(request);
    session.redactor = Arc::clone(&redactor);
    Ok(session.run(async |clusters, run: RunContext| {
        let wanted = (&name, args.allow_unmanaged, &google);
        let preparation = KeyDeletion::prepare(&clusters, wanted, (redactor, dry_run), &run);
        let keys = tokio::select! {
            biased;
            () = run.stop.stopped() => return,
            keys = preparation => keys,
        };
        match keys {
            Ok(keys) => {
                // Before the data of any Secret is in memory, so that a core dump cannot contain it. After the files of
                // credentials, whose paths may be below /proc/self/fd.
                gcr_core::process::forbid_core_dumps();
                deletion.reconcile(clusters, run).await;
                keys.execute().await;
            }
            Err(failure) => {
                let (line, context) = (failure.line, None);
                run.events.send(Event::Error { line, context }).await;
                if let Some(hint) = failure.hint {
                    run.events.send(Event::Hint(hint)).await;
                }
            }
        }
    }))
}
