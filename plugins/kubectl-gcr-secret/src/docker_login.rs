//! Runs `kubectl gcr-secret docker-login`: writes a credential into the file of a container client.
//!
//! ```text
//! key, token, Secret ─▶ a login per host ─▶ proof ─▶ EntryResource ─▶ the helper that the file names, or the file
//! ```

mod config_file;
mod credential_helper;
mod entry;
mod logins;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgAction, Args};
use gcr_core::args::ReportArgs;
use gcr_core::commands::rbac::CommandPermissions;
use gcr_core::commands::{Notice, SelectedCluster, Session};
use gcr_core::credential_file::CredentialSource;
use gcr_core::domain::names::SecretName;
use gcr_core::domain::redactor::Redactor;
use gcr_core::domain::registry_credential::KeyAuth;
use gcr_core::engine::{
    Event, ObjectError, OpenResource, RunContext, TargetName, TargetPermit, TargetScope,
    TargetWork, reconcile,
};
use gcr_core::request::{LineQualifiers, Namespaces, Scope};
use gcr_core::resources::permissions;
use gcr_google::registry::Login;
use kube_clientcmd::{Environment, home_directory};
use kubectl_plugin::{
    ConnectionArgs, EarlyExit, OutputArgs, UsageError, parse_one, without_server_dry_run,
};
use tokio::time::Instant;

use crate::credential_flags::registry_credential;
use crate::plugin_name::PLUGIN;
use crate::verify::CredentialProof;
use crate::verify::requested::Requested;
use config_file::ConfigFile;
use entry::{EntryResource, SharedFile};
use logins::HostLogin;

const LONG: &str = "\
Log Docker, or another container client, in to Google's registries.

The plugin writes the credential of a key file, an access token or a Secret in the cluster into Docker's config.json (in the \
directory of DOCKER_CONFIG, or ~/.docker), or into the auth.json that Podman, Buildah and Skopeo read. It proves the credential \
against the registry first. Other entries and settings of the file stay as they are, and the file is replaced as a whole.

If the file names a credential helper for the host (credHelpers, credsStore), the helper stores the credential, and the file \
contains none. A helper that is missing or fails is an error. The keys of entries are hosts, because Docker ignores paths; \
`docker logout HOST` removes them.";

const EXAMPLES: &str = "\
# Let Docker pull from gcr.io with a key
kubectl gcr-secret docker-login --key-file key.json

# Let Docker pull what the pods of a namespace can pull
kubectl gcr-secret docker-login --from-secret gcr-io -n team-a

# Let Docker push to a repository with your own access token, for an hour
gcloud auth print-access-token | kubectl gcr-secret docker-login --access-token-file - --registry \
europe-west1-docker.pkg.dev/my-project/images

# Log Podman in
kubectl gcr-secret docker-login --key-file key.json --authfile \"$XDG_RUNTIME_DIR/containers/auth.json\"";

#[derive(Debug, Args)]
#[command(
    about = "Log Docker in to Google's registries",
    long_about = LONG,
    after_help = EXAMPLES,
    override_usage = "--key-file=file|--access-token-file=file|--from-secret=name [--registry=host] [--authfile=file]",
    mut_arg("dry_run", without_server_dry_run)
)]
pub(crate) struct DockerLoginArgs {
    #[arg(
        long,
        value_name = "FILE",
        help = "Path to a file with an OAuth access token; - reads standard input. Access tokens usually expire within an hour"
    )]
    access_token_file: Option<OsString>,
    #[arg(
        long,
        help = "If true, accept registry hosts that are not Google's, and send them the credential"
    )]
    allow_any_host: bool,
    #[arg(
        long,
        value_name = "FILE",
        help = "Path to an auth.json of Podman, Buildah and Skopeo to write instead of Docker's config.json"
    )]
    authfile: Option<OsString>,
    #[arg(
        long,
        value_name = "SECRET",
        help = "Secret in the cluster to take the credentials from"
    )]
    from_secret: Option<String>,
    #[arg(
        long,
        value_name = "IMAGE",
        help = "Image to take the registry host from, and to prove the credential with; can be repeated"
    )]
    image: Vec<String>,
    #[arg(
        long,
        value_name = "FILE",
        help = "Path to a Google service account key file (JSON); - reads standard input"
    )]
    key_file: Option<OsString>,
    #[arg(
        short,
        long,
        value_name = "NAMESPACE",
        help = "If present, the namespace scope for this CLI request"
    )]
    namespace: Option<String>,
    #[arg(
        long,
        value_name = "HOST",
        help = "Registry host, or a repository to prove the credential with as HOST/PROJECT/REPOSITORY; can be repeated or \
                comma-separated. The default is gcr.io, or each host of Google in the Secret"
    )]
    registry: Vec<String>,
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value = "true",
        help = "If true, prove the credential against the registry before it is written"
    )]
    verify: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    report: ReportArgs,
}

/// Where the credential comes from.
enum Source {
    Login(Login),
    Secret(SecretName),
}

impl DockerLoginArgs {
    /// Returns the permissions of the command line.
    ///
    /// # Errors
    /// Fails if a flag is invalid.
    pub(crate) fn permissions(
        &self,
        connection: &ConnectionArgs,
    ) -> Result<CommandPermissions, UsageError> {
        let name: Option<SecretName> = self.from_secret.as_deref().map(parse_one).transpose()?;
        Ok(CommandPermissions {
            rules: name.iter().map(permissions::docker_login).collect(),
            scope: self.scope()?,
            lists_namespaces: false,
            output: self.report.options(&self.output, connection.verbosity())?,
            comments: Vec::new(),
        })
    }

    fn scope(&self) -> Result<Scope, UsageError> {
        let named = self.namespace.as_deref().filter(|name| !name.is_empty());
        Ok(Scope {
            contexts: Vec::new(),
            namespaces: match named {
                None => Namespaces::OfContext,
                Some(name) => Namespaces::Named(vec![parse_one(name)?]),
            },
            qualifiers: LineQualifiers::default(),
        })
    }

    fn source(&self, warnings: &mut Vec<String>) -> Result<Source, UsageError> {
        let given = [
            self.key_file.is_some(),
            self.access_token_file.is_some(),
            self.from_secret.is_some(),
        ];
        match given.into_iter().filter(|it| *it).count() {
            1 => {}
            0 => {
                return Err(UsageError::new(
                    "one of --key-file, --access-token-file or --from-secret is required",
                ));
            }
            _ => {
                return Err(UsageError::new(
                    "only one of --key-file, --access-token-file or --from-secret may be given",
                ));
            }
        }
        if let Some(name) = &self.from_secret {
            return Ok(Source::Secret(parse_one(name)?));
        }
        let credential = registry_credential(
            self.key_file.as_ref(),
            self.access_token_file.as_ref(),
            KeyAuth::JsonKey,
            warnings,
        )?;
        if self.access_token_file.is_some() {
            warnings.push(
                "an access token usually expires within an hour; log in again after that"
                    .to_owned(),
            );
        }
        Ok(Source::Login(Login::new(
            credential.username(),
            credential.password(),
        )))
    }

    /// Returns the file to write.
    fn file(&self) -> Result<ConfigFile, UsageError> {
        if let Some(file) = &self.authfile {
            if file.is_empty() {
                return Err(UsageError::new("--authfile is empty"));
            }
            return Ok(ConfigFile::new(PathBuf::from(file), false));
        }
        let environment = Environment::of_process();
        let directory = match environment.os("DOCKER_CONFIG") {
            Some(directory) => PathBuf::from(directory),
            None => home_directory(&environment).join(".docker"),
        };
        Ok(ConfigFile::new(directory.join("config.json"), true))
    }
}

/// Validates the flags, reads the credential, writes the file and returns the exit code.
///
/// # Errors
/// Returns the text to print if a flag or the credential is invalid.
pub(crate) fn run(args: DockerLoginArgs, connection: ConnectionArgs) -> Result<u8, EarlyExit> {
    let mut warnings = Vec::new();
    let reason = "no server stores the file";
    let dry_run = args.output.client_dry_run(&mut warnings, reason)?;
    let requested = Requested::of_flags(&args.registry, &args.image, args.allow_any_host)?;
    let output = args.report.options(&args.output, connection.verbosity())?;
    let scope = args.scope()?;
    let file = args.file()?;
    let mut connection = connection.options(PLUGIN, env!("CARGO_PKG_VERSION"))?;
    connection.stdin_taken = [&args.key_file, &args.access_token_file]
        .into_iter()
        .flatten()
        .any(|file| matches!(CredentialSource::from_flag(file), CredentialSource::Stdin));
    let source = args.source(&mut warnings)?;
    let redactor = Arc::new(Redactor::default());
    if let Source::Login(login) = &source {
        let password = secrecy::ExposeSecret::expose_secret(&login.password);
        redactor.add_secret(password);
    }
    let shared = Arc::new(SharedFile::new(
        file,
        Arc::clone(&redactor),
        output.format.shows_objects(),
    ));
    let session = Session {
        dry_run,
        notices: Notice::warnings(warnings),
        redactor,
        ..Session::new(connection, scope, output)
    };
    let login = LoginRun {
        source,
        requested,
        allow_any_host: args.allow_any_host,
        verify: args.verify,
        shared,
    };
    Ok(session.run(async |clusters, run| {
        // Before the Secret is in memory, so that a core dump cannot contain it. The kubeconfig is open already: it may be a path
        // below /proc/self/fd.
        gcr_core::process::forbid_core_dumps();
        login.run(clusters, run).await;
    }))
}

/// A validated login.
struct LoginRun {
    source: Source,
    requested: Vec<Requested>,
    allow_any_host: bool,
    verify: bool,
    shared: Arc<SharedFile>,
}

impl LoginRun {
    async fn run(self, clusters: Vec<SelectedCluster<'_>>, run: RunContext) {
        let logins = tokio::select! {
            biased;
            () = run.stop.stopped() => return,
            logins = self.logins(clusters) => logins,
        };
        let logins = match logins {
            Ok(logins) => logins,
            Err(error) => {
                let (line, context) = (error.text, None);
                run.events.send(Event::Error { line, context }).await;
                if let Some(hint) = error.hint {
                    run.events.send(Event::Hint(hint)).await;
                }
                return;
            }
        };
        if self.verify && !self.are_proven(&logins, &run).await {
            return;
        }
        let path: Arc<str> = self.shared.file.shown().into();
        let resources = logins.into_iter().map(|it| {
            let resource = EntryResource::new(&self.shared, &it.host, it.login);
            OpenResource::new(resource)
        });
        let work = TargetWork {
            target: TargetName {
                context: None,
                scope: TargetScope::File(path),
            },
            resources: resources.collect(),
            discovery: None,
        };
        let run = RunContext {
            deadline: Instant::now() + Duration::from_secs(10),
            ..run
        };
        reconcile(work, TargetPermit::default(), &run).await;
    }

    async fn logins(
        &self,
        clusters: Vec<SelectedCluster<'_>>,
    ) -> Result<Vec<HostLogin>, ObjectError> {
        let requested = self.requested.clone();
        match &self.source {
            Source::Login(login) if requested.is_empty() => {
                Ok(logins::of_login(login, vec![Requested::of_entry("gcr.io")]))
            }
            Source::Login(login) => Ok(logins::of_login(login, requested)),
            Source::Secret(name) => {
                let Some(cluster) = clusters.first() else {
                    return Err(ObjectError::new("error: no cluster is selected"));
                };
                cluster.cluster.authenticate().await;
                let (any, redactor) = (self.allow_any_host, &self.shared.redactor);
                logins::of_secret(cluster, name, requested, any, redactor).await
            }
        }
    }

    /// Asks the registries. Reports each refusal as an error.
    async fn are_proven(&self, logins: &[HostLogin], run: &RunContext) -> bool {
        let mut all = true;
        for one in logins {
            let proof = CredentialProof {
                login: one.login.clone(),
                requested: one.requested.clone(),
                allow_any_host: self.allow_any_host,
            };
            all &= proof.succeeds(&self.shared.redactor, run).await;
        }
        all
    }
}
