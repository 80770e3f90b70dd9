//! Runs `kubectl gcr-secret verify`.
//!
//! ```text
//! Secrets of the cluster, a file ─▶ Source ─▶ what to ask (hosts, images, pods) ─▶ handshakes ─▶ findings
//! ```

mod credential_proof;
pub(crate) mod finding;
mod operator_view;
mod prover;
pub(crate) mod requested;
mod secret_source;
pub(crate) mod source;
mod verify_query;

use std::ffi::OsString;
use std::sync::Arc;

use clap::Args;
use futures_util::future::join_all;
use gcr_core::args::TargetArgs;
use gcr_core::commands::rbac::CommandPermissions;
use gcr_core::commands::{Notice, Session, selected_namespaces, show_progress};
use gcr_core::credential_file::CredentialSource;
use gcr_core::domain::names::SecretName;
use gcr_core::domain::redactor::Redactor;
use gcr_core::engine::{TargetName, TargetScope, query};
use gcr_core::report::View;
use gcr_core::request::OutputOptions;
use gcr_core::resources::permissions;
use kubectl_plugin::{
    ConnectionArgs, EarlyExit, GetOutputArgs, UsageError, parse_each_once, parse_one, parse_wait,
};

pub(crate) use self::credential_proof::CredentialProof;
use self::operator_view::OperatorView;
pub(crate) use self::prover::handshake;
use self::requested::Requested;
pub(crate) use self::secret_source::read_secrets;
use self::source::Source;
use self::verify_query::{FileQuery, Question, VerifyQuery};

const LONG: &str = "\
Prove credentials against the registry, and explain why one is refused.

The plugin logs in as kubelet does, and asks each registry for access to exactly the repository. It also exchanges a service \
account key for a token at Google, because only that response says why Google refuses a key. Equal credentials are checked once. \
The plugin writes nothing.

The credential comes from Secrets in the cluster, or from --key-file, --access-token-file or --docker-config. NAME defaults to \
gcr-io.

A finding has one of these verdicts: ok, not-a-key, bad-encoding, key-revoked, account-deleted, account-disabled, clock-skew, \
token-expired, unauthorized, no-credential-for-host, permission-denied, api-disabled, repository-not-found, image-not-found, \
not-migrated, registry-unreachable, registry-busy, unrecognized.

The exit code is 1 unless every verdict is ok. image-not-found is a failure only with --image.";

const EXAMPLES: &str = "\
# Check the pull Secret gcr-io of the current namespace against each registry in it
kubectl gcr-secret verify

# Check every Secret gcr-io of the cluster, for the images that the pods use
kubectl gcr-secret verify -A --from-pods

# Check a key before creating a Secret from it
kubectl gcr-secret verify --key-file key.json --registry europe-west1-docker.pkg.dev/my-project/images

# Check that an image can be pulled
kubectl gcr-secret verify --image europe-west1-docker.pkg.dev/my-project/images/web:1.2

# Find out whether the role or the repository is missing
kubectl gcr-secret verify --explain

# Show each step, with status and time
kubectl gcr-secret verify -o wide";

#[derive(Debug, Args)]
#[command(
    about = "Prove credentials against the registry",
    long_about = LONG,
    after_help = EXAMPLES,
    override_usage = "[NAME ...] [--registry=host[/project/repository]] [--image=image] [--from-pods]"
)]
pub(crate) struct VerifyArgs {
    #[arg(value_name = "SECRET")]
    names: Vec<String>,
    #[arg(
        long,
        value_name = "FILE",
        help = "Path to a file with an OAuth access token to check instead of a Secret; - reads standard input"
    )]
    access_token_file: Option<OsString>,
    #[arg(
        long,
        help = "If true, also send credentials to registry hosts that are not Google's, each to its own host only"
    )]
    allow_any_host: bool,
    #[arg(
        long,
        value_name = "FILE",
        help = "Path to a Docker config to check instead of a Secret, such as ~/.docker/config.json; - reads standard input"
    )]
    docker_config: Option<OsString>,
    #[arg(
        long,
        help = "If true, ask Google with the credentials of the operator what a refusal means: whether the role or the \
                repository is missing, and whether a key was deleted, disabled or has expired. Uses Application Default Credentials, the account of gcloud, or the metadata server"
    )]
    explain: bool,
    #[arg(
        long,
        help = "If true, ask for the repositories of the images that the pods of the selected namespaces use"
    )]
    from_pods: bool,
    #[arg(
        long,
        value_name = "IMAGE",
        help = "Image to ask for, including its manifest; can be repeated"
    )]
    image: Vec<String>,
    #[arg(
        long,
        value_name = "FILE",
        help = "Path to a Google service account key file (JSON) to check instead of a Secret; - reads standard input"
    )]
    key_file: Option<OsString>,
    #[arg(
        short,
        long,
        help = "If true, print only problems, and no lines for working credentials"
    )]
    quiet: bool,
    #[arg(
        long,
        value_name = "HOST",
        help = "Registry host to ask, or a repository as HOST/PROJECT/REPOSITORY; can be repeated or comma-separated. The \
                default is each host in the Secret, or gcr.io for a key or a token"
    )]
    registry: Vec<String>,
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "30s",
        help = "The length of time to wait for each registry"
    )]
    timeout: String,
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    output: GetOutputArgs,
}

impl VerifyArgs {
    /// Returns the permissions that this command line needs.
    ///
    /// # Errors
    /// Fails if a flag is invalid.
    pub(crate) fn permissions(
        &self,
        connection: &ConnectionArgs,
    ) -> Result<CommandPermissions, UsageError> {
        let files = [&self.key_file, &self.access_token_file, &self.docker_config];
        let mut rules = permissions::verify(&names(&self.names)?, self.from_pods);
        if files.into_iter().any(Option::is_some) {
            rules.retain(|rule| rule.resource != "secrets");
        }
        Ok(CommandPermissions {
            rules,
            scope: self.targets.scope(connection)?,
            lists_namespaces: true,
            output: OutputOptions {
                format: self.output.format()?,
                verbosity: connection.verbosity(),
                ..OutputOptions::default()
            },
            comments: Vec::new(),
        })
    }
}

/// Returns the names of the Secrets to check.
fn names(names: &[String]) -> Result<Vec<SecretName>, UsageError> {
    if names.is_empty() {
        return Ok(vec![parse_one("gcr-io")?]);
    }
    parse_each_once(names)
}

/// Validates the flags, reads the credential file, runs the checks and returns the exit code.
///
/// # Errors
/// Returns the text to print if a flag or a file is invalid.
pub(crate) fn run(args: VerifyArgs, connection: ConnectionArgs) -> Result<u8, EarlyExit> {
    let files = [&args.key_file, &args.access_token_file, &args.docker_config];
    let given = files.iter().filter(|file| file.is_some()).count();
    if given > 1 {
        return Err(UsageError::new(
            "only one of --key-file, --access-token-file or --docker-config may be given",
        )
        .into());
    }
    if given == 1 && !args.names.is_empty() {
        return Err(UsageError::new(
            "NAME cannot be used with --key-file, --access-token-file or --docker-config",
        )
        .into());
    }
    // The pods are asked about with the Secrets of their own namespaces.
    if given == 1 && args.from_pods {
        return Err(UsageError::new(
            "--from-pods cannot be used with --key-file, --access-token-file or --docker-config",
        )
        .into());
    }
    let names = names(&args.names)?;
    let requested = Requested::of_flags(&args.registry, &args.image, args.allow_any_host)?;
    let timeout = parse_wait(&args.timeout)?;
    let output = OutputOptions {
        format: args.output.format()?,
        quiet: args.quiet,
        verbosity: connection.verbosity(),
        ..OutputOptions::default()
    };
    let scope = args.targets.scope(&connection)?;
    let qualifiers = scope.qualifiers;
    let mut connection =
        connection.options(crate::plugin_name::PLUGIN, env!("CARGO_PKG_VERSION"))?;
    connection.stdin_taken = files
        .into_iter()
        .flatten()
        .any(|file| matches!(CredentialSource::from_flag(file), CredentialSource::Stdin));
    let redactor = Arc::new(Redactor::default());
    let mut warnings = Vec::new();
    let file = Source::of_flags(
        args.key_file.as_ref(),
        args.access_token_file.as_ref(),
        args.docker_config.as_ref(),
        &redactor,
        &mut warnings,
    )?;
    let handshake = handshake(&redactor, timeout, args.allow_any_host)
        .map_err(|error| UsageError::new(error.to_string()))?;
    let operator = args.explain.then(|| OperatorView::new(&redactor));
    let operator = operator.as_ref();
    let question = Question {
        requested,
        from_pods: args.from_pods,
        names,
    };
    let session = Session {
        notices: Notice::warnings(warnings),
        redactor,
        view: View::Findings,
        ..Session::new(connection, scope, output)
    };
    Ok(session.run(async |clusters, run| {
        // Before any Secret is in memory, so that a core dump cannot contain it. After the kubeconfig, which may be a path below
        // /proc/self/fd.
        gcr_core::process::forbid_core_dumps();
        if let Some(source) = file {
            let target = source.target.clone();
            let file = FileQuery {
                source,
                question: &question,
                handshake: &handshake,
                operator,
                events: run.events.clone(),
            };
            return show_progress(&run.events, query::query(target, &file, &run)).await;
        }
        // Exec plugins that may prompt run first and one at a time.
        for selected in clusters.iter().filter(|selected| selected.can_prompt) {
            selected.cluster.authenticate().await;
        }
        let checks = clusters.iter().map(async |selected| {
            let namespaces = selected_namespaces(selected, &run).await;
            let target = TargetName {
                context: selected.cluster.context().cloned(),
                scope: TargetScope::Cluster,
            };
            let names_them = matches!(
                selected.selection,
                gcr_core::commands::NamespaceSelection::Explicit(_)
            );
            let secrets = VerifyQuery {
                cluster: Arc::clone(&selected.cluster),
                namespaces,
                names_them,
                qualifiers,
                question: &question,
                handshake: &handshake,
                operator,
                events: run.events.clone(),
            };
            query::query(target, &secrets, &run).await;
        });
        show_progress(&run.events, join_all(checks)).await;
    }))
}
