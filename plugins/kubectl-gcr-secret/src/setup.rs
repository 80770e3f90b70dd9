//! Runs `kubectl gcr-secret setup`: the objects at Google and in the cluster that pulling images needs.

mod commands;
mod flow;
mod plan;
pub(crate) mod pull_secrets;
mod registries;
mod request;

use std::sync::Arc;
use std::time::Duration;

use clap::{ArgAction, Args};
use gcr_core::args::{ApplyArgs, ReportArgs, TargetArgs};
use gcr_core::commands::rbac::CommandPermissions;
use gcr_core::commands::{Notice, Session, show_progress};
use gcr_core::domain::names::{SecretName, ServiceAccountName};
use gcr_core::domain::redactor::Redactor;
use gcr_core::request::{
    AccountChange, AccountSelection, DesiredAccounts, ExecutionOptions, Namespaces,
};
use gcr_core::resources::permissions;
use gcr_google::artifact_registry::RepositoryRole;
use kube_clientcmd::escape_control::escape_control;
use kube_clientcmd::go::duration;
use kubectl_plugin::{
    ConnectionArgs, DryRun, EarlyExit, OutputArgs, UsageError, parse_each_once, parse_one,
    parse_wait, without_server_dry_run,
};

use crate::google_args::GoogleArgs;
use crate::google_permissions::{self, GooglePermission};
use crate::plugin_name::PLUGIN;
use registries::RegistryFlags;
use request::{CredentialKind, SetupRequest};

const LONG: &str = "\
Set up image pulls from Google's registries: everything between a Google project and a cluster.

The plugin enables the APIs, creates a service account, grants it a role on the repository, creates a key in memory, proves it \
against the registry, writes it to the Secret of each namespace, and adds the Secret to the default ServiceAccount. It observes \
each object first: a second run changes nothing, and a run after an interrupted one finishes its work. NAME defaults to \
gcr-io.

The caller of Google needs the roles roles/serviceusage.serviceUsageAdmin, roles/iam.serviceAccountCreator, \
roles/iam.serviceAccountKeyAdmin and roles/artifactregistry.admin, as far as there is something to change.";

const EXAMPLES: &str = "\
# Let all namespaces pull from a repository of Artifact Registry
kubectl gcr-secret setup --registry europe-west1-docker.pkg.dev/my-project/images -A

# Let the current namespace pull from gcr.io
kubectl gcr-secret setup --project my-project

# Print what would be done, with the commands that do it by hand
kubectl gcr-secret setup --project my-project --dry-run=client

# Use an access token in an organization that forbids keys
kubectl gcr-secret setup --project my-project --credential token";

/// Why `--dry-run=server` is refused.
const NO_SERVER_DRY_RUN: &str = "Google has no dry run";

const USAGE: &str =
    "[NAME] [--registry=host/project/repository] [--project=id] [--dry-run=client|none]";

#[derive(Debug, Args)]
#[command(
    about = "Set up image pulls: project, service account, key, Secret",
    long_about = LONG,
    after_help = EXAMPLES,
    override_usage = USAGE,
    mut_arg("dry_run", without_server_dry_run)
)]
pub(crate) struct SetupArgs {
    #[arg(value_name = "SECRET", default_value = "gcr-io")]
    name: String,
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value = "true",
        help = "If true, add the Secret to the imagePullSecrets of the default ServiceAccount"
    )]
    attach: bool,
    #[arg(
        long,
        help = "If true, create a repository that does not exist, with the format Docker"
    )]
    create_repository: bool,
    #[arg(
        long,
        value_name = "key|token",
        default_value = "key",
        help = "What the Secret contains: a service account key, or an access token that expires. One of: (key, token)."
    )]
    credential: String,
    #[arg(
        long,
        value_name = "ACCOUNT",
        default_value = "gcr-pull",
        help = "Google service account to create or reuse: its name in the project, or its email address"
    )]
    iam_account: String,
    #[arg(
        long,
        value_name = "IMAGE",
        help = "Image to take the registry and the repository from; can be repeated"
    )]
    image: Vec<String>,
    #[arg(
        long,
        value_name = "DURATION",
        help = "Lifetime of the access token of --credential=token [default: 1h]"
    )]
    lifetime: Option<String>,
    #[arg(
        long,
        value_name = "LOCATION",
        help = "Location of the repository that --repository names"
    )]
    location: Option<String>,
    #[arg(
        long,
        help = "If true, keep the entries for other registry hosts in an existing Secret"
    )]
    merge: bool,
    #[arg(
        long,
        help = "If true, create a key even if a Secret carries a valid one"
    )]
    new_key: bool,
    #[arg(
        long,
        help = "If true, delete and recreate an existing Secret that has a different type or is immutable"
    )]
    recreate: bool,
    #[arg(
        long,
        value_name = "HOST",
        help = "Registry HOST/PROJECT/REPOSITORY to grant access to; can be repeated or comma-separated. gcr.io stands for the \
                repository gcr.io of the project [default: gcr.io]"
    )]
    registry: Vec<String>,
    #[arg(
        long,
        value_name = "REPOSITORY",
        help = "Repository of the project to grant access to, instead of --registry. Requires --location"
    )]
    repository: Option<String>,
    #[arg(
        long,
        value_name = "reader|writer",
        default_value = "reader",
        help = "Role on the repository. One of: (reader, writer)."
    )]
    role: String,
    #[arg(
        long = "serviceaccount",
        value_name = "SERVICEACCOUNT",
        help = "ServiceAccount to add the Secret to instead of default; can be repeated or comma-separated"
    )]
    service_account: Vec<String>,
    #[arg(
        long,
        value_name = "DURATION",
        help = "The total length of time to wait until changes at Google are effective [default: 5m]"
    )]
    timeout: Option<String>,
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value = "true",
        help = "If true, prove the credential against the registry before it is written to a Secret"
    )]
    verify: bool,
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

impl SetupArgs {
    /// Returns the permissions that this command line needs.
    ///
    /// # Errors
    /// Fails if a flag is invalid.
    pub(crate) fn permissions(
        &self,
        connection: &ConnectionArgs,
    ) -> Result<CommandPermissions, UsageError> {
        let name = parse_one(&self.name)?;
        let scope = self.targets.scope(connection)?;
        let searches = matches!(scope.namespaces, Namespaces::Matching(_));
        let mut rules = vec![permissions::setup(&name, self.recreate, searches)];
        if let Some(accounts) = accounts(self, &name)? {
            rules.push(permissions::change_accounts(&accounts.selection));
        }
        if self
            .output
            .client_dry_run(&mut Vec::new(), NO_SERVER_DRY_RUN)?
            == DryRun::Client
        {
            rules = permissions::read_only(rules);
        }
        Ok(CommandPermissions {
            rules,
            scope,
            lists_namespaces: true,
            output: self.report.options(&self.output, connection.verbosity())?,
            comments: google_permissions::comments(&self.google_permissions()?),
        })
    }

    fn google_permissions(&self) -> Result<Vec<GooglePermission>, UsageError> {
        let has_key = matches!(credential(self)?, CredentialKind::Key);
        Ok(google_permissions::setup(self.create_repository, has_key))
    }
}

/// How long to wait for a ServiceAccount that does not exist yet, as `create` does.
const ACCOUNT_TIMEOUT: Duration = Duration::from_secs(10);

/// Validates the flags, runs the set-up and returns the exit code.
///
/// # Errors
/// Returns the text to print if a flag is invalid.
pub(crate) fn run(args: SetupArgs, connection: ConnectionArgs) -> Result<u8, EarlyExit> {
    let mut warnings = Vec::new();
    let name: SecretName = parse_one(&args.name)?;
    let dry_run = args
        .output
        .client_dry_run(&mut warnings, NO_SERVER_DRY_RUN)?;
    if args.merge && dry_run == DryRun::Client {
        return Err(UsageError::new("--merge cannot be used with --dry-run=client: it would print other people's credentials").into());
    }
    let credential = credential(&args)?;
    let role = role(&args.role)?;
    let registries = RegistryFlags::parse(
        &args.registry,
        &args.image,
        args.location.as_deref(),
        args.repository.as_deref(),
    )?;
    let accounts = accounts(&args, &name)?;
    let timeout = parse_wait(args.timeout.as_deref().unwrap_or("5m"))?;
    let google = args.google.options()?;
    let output = args.report.options(&args.output, connection.verbosity())?;
    let scope = args.targets.scope(&connection)?;
    let connection = connection.options(PLUGIN, env!("CARGO_PKG_VERSION"))?;
    let redactor = Arc::new(Redactor::default());
    let request = SetupRequest {
        name,
        google,
        registries,
        iam_account: args.iam_account,
        role,
        create_repository: args.create_repository,
        credential,
        new_key: args.new_key,
        verify: args.verify,
        timeout,
        accounts,
        merge: args.merge,
        force_conflicts: args.apply.force_conflicts,
        recreate: args.recreate,
        execution: ExecutionOptions {
            field_manager: args.apply.field_manager,
            dry_run,
            timeout: ACCOUNT_TIMEOUT,
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

fn credential(args: &SetupArgs) -> Result<CredentialKind, UsageError> {
    let lifetime = args.lifetime.as_deref();
    match (args.credential.as_str(), lifetime) {
        ("key", None) => Ok(CredentialKind::Key),
        ("key", Some(_)) => Err(UsageError::new("--lifetime requires --credential=token")),
        ("token", _) if args.new_key => Err(UsageError::new(
            "--new-key cannot be used with --credential=token",
        )),
        ("token", lifetime) => {
            // pflag's rules have validated the value.
            let lifetime = duration::parse(lifetime.unwrap_or("1h")).unwrap_or_default();
            if lifetime.as_secs() == 0 {
                return Err(UsageError::new("--lifetime must be at least 1s"));
            }
            Ok(CredentialKind::Token { lifetime })
        }
        (other, _) => Err(UsageError::new(format!(
            "Invalid credential value ({}). Must be \"key\" or \"token\".",
            escape_control(other)
        ))),
    }
}

fn role(text: &str) -> Result<RepositoryRole, UsageError> {
    match text {
        "reader" => Ok(RepositoryRole::Reader),
        "writer" => Ok(RepositoryRole::Writer),
        other => Err(UsageError::new(format!(
            "Invalid role value ({}). Must be \"reader\" or \"writer\".",
            escape_control(other)
        ))),
    }
}

fn accounts(args: &SetupArgs, secret: &SecretName) -> Result<Option<DesiredAccounts>, UsageError> {
    let mut names: Vec<ServiceAccountName> = parse_each_once(&args.service_account)?;
    if names.is_empty() {
        if !args.attach {
            return Ok(None);
        }
        names.push(parse_one("default")?);
    } else if !args.attach {
        return Err(UsageError::new(
            "--serviceaccount cannot be used with --attach=false",
        ));
    }
    Ok(Some(DesiredAccounts {
        selection: AccountSelection::Names(names),
        change: AccountChange::Attach(vec![secret.clone()]),
        wait_for_all: false,
    }))
}
