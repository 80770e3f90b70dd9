//! Runs `kubectl gcr-secret create`.
//!
//! Reads the credential, and validates all input before the plugin contacts a server.

use std::ffi::OsString;

use clap::Args;
use gcr_core::args::{ApplyArgs, ReportArgs, TargetArgs};
use gcr_core::commands::pull_secret;
use gcr_core::commands::rbac::CommandPermissions;
use gcr_core::credential_file::CredentialSource;
use gcr_core::domain::docker_config::DockerConfig;
use gcr_core::domain::names::{SecretName, ServiceAccountName};
use gcr_core::domain::pull_secret::CachedSecret;
use gcr_core::domain::registry_credential::KeyAuth;
use gcr_core::domain::registry_host::{RegistryHost, RegistryOwner};
use gcr_core::request::{
    AccountChange, AccountSelection, DesiredAccounts, DesiredSecret, DesiredState,
    ExecutionOptions, Request,
};
use gcr_core::resources::permissions;
use kube_clientcmd::escape_control::escape_control;
use kubectl_plugin::{
    ConnectionArgs, DryRun, EarlyExit, OutputArgs, UsageError, parse_each, parse_each_once,
    parse_one, parse_wait,
};

use crate::plugin_name::PLUGIN;
use gcr_google::registry::Login;

use crate::credential_flags::registry_credential;
use crate::verify::CredentialProof;
use crate::verify::requested::Requested;

const LONG: &str = "\
Create or update an image pull Secret for Google's registries.

The credential is a service account key or an access token. The plugin reads it from a file or from standard input, and \
validates it before contacting a server. Messages never contain it. NAME defaults to gcr-io.

The plugin writes the Secret with server-side apply: it keeps the fields of other managers, and a second run changes nothing. \
New pods use the Secret if their ServiceAccount lists it; --attach adds it.";

const EXAMPLES: &str = "\
# Create the pull Secret gcr-io for gcr.io in the current namespace
kubectl gcr-secret create --key-file key.json

# Create the pull Secret and add it to the default ServiceAccount of the namespace
kubectl gcr-secret create --key-file key.json --attach

# Create the pull Secret for Artifact Registry in three namespaces
kubectl gcr-secret create --key-file key.json --registry europe-west1-docker.pkg.dev -n team-a,team-b,team-c

# Write the Secret only if Google accepts the key for the repository
kubectl gcr-secret create --key-file key.json --registry europe-west1-docker.pkg.dev/my-project/images --verify

# Read a new key from standard input, so that it is never stored on disk
gcloud iam service-accounts keys create /dev/stdout --iam-account puller@my-project.iam.gserviceaccount.com | \
kubectl gcr-secret create --key-file -

# Preview the changes without making them
kubectl gcr-secret create --key-file key.json --attach --dry-run=server

# Write a manifest that contains the key, to be encrypted before it is committed
kubectl gcr-secret create --key-file key.json --dry-run=client -o yaml > secret.yaml";

const USAGE: &str =
    "[NAME] --key-file=file [--registry=host] [--attach] [--dry-run=server|client|none]";

#[derive(Debug, Args)]
#[command(
    about = "Create or update the image pull Secret",
    long_about = LONG,
    after_help = EXAMPLES,
    override_usage = USAGE
)]
pub(crate) struct CreateArgs {
    #[arg(value_name = "SECRET", default_value = "gcr-io")]
    name: String,
    #[arg(
        long,
        value_name = "FILE",
        help = "Path to a file with an OAuth access token to use instead of a key; - reads standard input. Access tokens \
                usually expire within an hour"
    )]
    access_token_file: Option<OsString>,
    #[arg(
        long,
        help = "If true, accept registry hosts that are not Google's. Every node sends them the credential"
    )]
    allow_any_host: bool,
    #[arg(
        long,
        help = "If true, also add the Secret to the imagePullSecrets of the default ServiceAccount"
    )]
    attach: bool,
    #[arg(
        long,
        value_name = "json-key|json-key-base64",
        default_value = "json-key",
        help = "How a key is presented to the registry. One of: (json-key, json-key-base64)."
    )]
    auth: String,
    #[arg(
        long,
        value_name = "IMAGE",
        help = "Image to take the registry host from; can be repeated. The default of --registry does not apply if this flag \
                is given"
    )]
    image: Vec<String>,
    #[arg(
        long,
        value_name = "FILE",
        help = "Path to a Google service account key file (JSON); - reads standard input"
    )]
    key_file: Option<OsString>,
    #[arg(
        long,
        help = "If true, keep the entries for other registry hosts in an existing Secret"
    )]
    merge: bool,
    #[arg(
        long,
        help = "If true, delete and recreate an existing Secret that has a different type or is immutable"
    )]
    recreate: bool,
    #[arg(
        long,
        alias = "docker-server",
        value_name = "HOST",
        help = "Registry host; can be repeated or comma-separated. --docker-server is an alias [default: gcr.io]"
    )]
    registry: Vec<String>,
    #[arg(
        long,
        help = "If true, then evict the pods of these ServiceAccounts that wait for an image from the registry hosts and were \
                created without the Secret, if a controller creates new ones. Requires --attach or --serviceaccount"
    )]
    restart_stuck: bool,
    #[arg(
        long = "serviceaccount",
        value_name = "SERVICEACCOUNT",
        help = "ServiceAccount to add the Secret to instead of default (implies --attach); can be repeated or comma-separated"
    )]
    service_account: Vec<String>,
    #[arg(
        long,
        value_name = "DURATION",
        help = "The total length of time to wait for a ServiceAccount that does not exist yet, for the deletion of an old \
                Secret, and for an eviction that a PodDisruptionBudget refuses. Zero means do not wait [default: 10s]"
    )]
    timeout: Option<String>,
    #[arg(
        long,
        help = "If true, prove the credential against each registry first, as `kubectl gcr-secret verify` does, and write \
                nothing if that fails"
    )]
    verify: bool,
    #[command(flatten)]
    apply: ApplyArgs,
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    report: ReportArgs,
}

/// Validates the flags, reads the credential, runs the request and returns the exit code.
///
/// # Errors
/// Returns the text to print if a flag or the credential is invalid.
pub(crate) fn run(args: CreateArgs, connection: ConnectionArgs) -> Result<u8, EarlyExit> {
    let mut warnings = Vec::new();
    let name: SecretName = parse_one(&args.name)?;
    let hosts = hosts(&args, &mut warnings)?;
    let dry_run = args.output.dry_run(&mut warnings)?;
    if args.merge && dry_run == DryRun::Client {
        return Err(UsageError::new("--merge cannot be used with --dry-run=client: it would print other people's credentials").into());
    }
    let accounts = accounts(&args, &name)?;
    if args.restart_stuck && accounts.is_none() {
        let text = "--restart-stuck requires --attach or --serviceaccount";
        return Err(UsageError::new(text).into());
    }
    let timeout = parse_wait(args.timeout.as_deref().unwrap_or("10s"))?;
    let output = args.report.options(&args.output, connection.verbosity())?;
    let scope = args.targets.scope(&connection)?;
    let auth = auth(&args.auth)?;
    let mut connection = connection.options(PLUGIN, env!("CARGO_PKG_VERSION"))?;
    connection.stdin_taken = [&args.key_file, &args.access_token_file]
        .into_iter()
        .flatten()
        .any(|file| matches!(CredentialSource::from_flag(file), CredentialSource::Stdin));
    let credential = registry_credential(
        args.key_file.as_ref(),
        args.access_token_file.as_ref(),
        auth,
        &mut warnings,
    )?;
    if args.access_token_file.is_some() {
        warnings.push("an access token usually expires within an hour; after that, image pulls with this Secret fail".to_owned());
    }
    let proof = CredentialProof {
        login: Login::new(credential.username(), credential.password()),
        requested: asked_for(&args, &hosts)?,
        allow_any_host: args.allow_any_host,
    };
    let config = DockerConfig::new(hosts, credential.auth());
    let request = Request {
        connection,
        scope,
        desired: DesiredState {
            secret: Some(DesiredSecret {
                name,
                credential,
                config,
                cached: CachedSecret::default(),
                merge: args.merge,
                only_as_observed: false,
                force_conflicts: args.apply.force_conflicts,
                recreate: args.recreate,
                replaces: None,
            }),
            accounts,
        },
        execution: ExecutionOptions {
            field_manager: args.apply.field_manager,
            dry_run,
            timeout,
            return_objects: output.format.shows_objects(),
        },
        restart_stuck: args.restart_stuck,
        output,
        warnings,
    };
    Ok(if args.verify {
        pull_secret::run_if(request, async |redactor, run| {
            proof.succeeds(redactor, run).await
        })
    } else {
        pull_secret::run(request)
    })
}

/// Returns what `--verify` asks the registries: each image, and each host that no image names.
fn asked_for(args: &CreateArgs, hosts: &[RegistryHost]) -> Result<Vec<Requested>, UsageError> {
    let mut requested = Requested::of_flags(&[], &args.image, true)?;
    for host in hosts {
        let host = Requested::of_entry(host.as_str());
        if !requested
            .iter()
            .any(|image| image.target.host == host.label)
        {
            requested.push(host);
        }
    }
    Ok(requested)
}

impl CreateArgs {
    /// Returns the permissions that this command line needs.
    ///
    /// # Errors
    /// Fails if a flag is invalid.
    pub(crate) fn permissions(
        &self,
        connection: &ConnectionArgs,
    ) -> Result<CommandPermissions, UsageError> {
        let name = parse_one(&self.name)?;
        let accounts = accounts(self, &name)?;
        let accounts = accounts.map(|accounts| permissions::change_accounts(&accounts.selection));
        let mut accounts: Vec<_> = accounts.into_iter().collect();
        if self.restart_stuck {
            accounts.extend(permissions::restart_stuck());
        }
        let rules = match self.output.dry_run(&mut Vec::new())? {
            // The Secret is not even read.
            DryRun::Client => permissions::read_only(accounts),
            DryRun::None | DryRun::Server => {
                let secret = permissions::write_secret(&name, self.merge, self.recreate);
                [vec![secret], accounts].concat()
            }
        };
        Ok(CommandPermissions {
            rules,
            scope: self.targets.scope(connection)?,
            lists_namespaces: true,
            output: self.report.options(&self.output, connection.verbosity())?,
            comments: Vec::new(),
        })
    }
}

fn auth(text: &str) -> Result<KeyAuth, UsageError> {
    match text {
        "json-key" => Ok(KeyAuth::JsonKey),
        "json-key-base64" => Ok(KeyAuth::JsonKeyBase64),
        other => Err(UsageError::new(format!(
            "Invalid auth value ({}). Must be \"json-key\" or \"json-key-base64\".",
            escape_control(other)
        ))),
    }
}

/// Returns the registry hosts. Refuses hosts that are not Google's, because every node would send them the credential.
fn hosts(args: &CreateArgs, warnings: &mut Vec<String>) -> Result<Vec<RegistryHost>, UsageError> {
    let mut hosts: Vec<RegistryHost> = parse_each(&args.registry)?;
    for image in &args.image {
        hosts.push(
            RegistryHost::from_image(image).map_err(|error| UsageError::new(error.to_string()))?,
        );
    }
    if hosts.is_empty() {
        hosts.push(parse_one("gcr.io")?);
    }
    for host in &hosts {
        match host.owner() {
            RegistryOwner::Google => {}
            RegistryOwner::UnknownGoogle => {
                warnings.push(format!(
                    "{host} is not a Google registry host known to this version; check its spelling"
                ));
            }
            RegistryOwner::Foreign if args.allow_any_host => {}
            RegistryOwner::Foreign => {
                return Err(UsageError::new(format!(
                    "{host} is not a Google registry host, and every node would send it the credential; pass \
                     --allow-any-host to accept it"
                )));
            }
        }
    }
    Ok(hosts)
}

fn accounts(args: &CreateArgs, secret: &SecretName) -> Result<Option<DesiredAccounts>, UsageError> {
    let mut names: Vec<ServiceAccountName> = parse_each_once(&args.service_account)?;
    if names.is_empty() {
        if !args.attach {
            return Ok(None);
        }
        names.push(parse_one("default")?);
    }
    Ok(Some(DesiredAccounts {
        selection: AccountSelection::Names(names),
        change: AccountChange::Attach(vec![secret.clone()]),
        wait_for_all: args.timeout.is_some(),
    }))
}
