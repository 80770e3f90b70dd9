//! Runs `kubectl gcr-secret doctor`.
//!
//! ```text
//! stuck pods ─▶ references of pod and account ─▶ Secrets ─▶ kubelet's keyring ─▶ handshakes ─▶ diagnosis and fix ─▶ (eviction)
//! ```

mod chain;
mod diagnosis;
mod doctor_query;
mod evidence;
mod explain;
mod fix;
mod kubelet_message;
mod report;
mod restart;

use std::sync::Arc;

use clap::Args;
use futures_util::future::join_all;
use gcr_core::args::TargetArgs;
use gcr_core::commands::rbac::CommandPermissions;
use gcr_core::commands::{NamespaceSelection, Session, selected_namespaces, show_progress};
use gcr_core::domain::names::ServiceAccountName;
use gcr_core::domain::redactor::Redactor;
use gcr_core::engine::{TargetName, TargetScope, query};
use gcr_core::report::View;
use gcr_core::request::OutputOptions;
use gcr_core::resources::permissions;
use kubectl_plugin::{ConnectionArgs, EarlyExit, GetOutputArgs, UsageError, parse_one, parse_wait};

use self::doctor_query::{DoctorQuery, Subject};
use crate::plugin_name::PLUGIN;
use crate::verify::handshake;

const LONG: &str = "\
Explain why pods cannot pull their images, and print the command that solves the problem.

Without POD, the plugin examines the pods in the selected namespaces with a container that waits for its image. It takes the same \
steps as kubelet: it parses the name of the image, reads the pull secrets of the pod and of its ServiceAccount, decodes each \
Secret, finds the entries that match the image, and logs in to Google's registries with each, in kubelet's order. The plugin \
writes nothing without --restart.

A cause is one of: retry-pending, invalid-image-name, no-pull-secret, pod-predates-secret, own-pull-secrets, secret-missing, \
secret-unreadable, secret-wrong-type, secret-undecodable, no-entry-for-host, credential-refused, image-not-found, \
registry-unreachable, cached-image, never-pulled, not-credentials, not-google, ok.

The exit code is 1 if there is a problem.";

const EXAMPLES: &str = "\
# Explain every stuck pod of the current namespace
kubectl gcr-secret doctor

# Explain one pod
kubectl gcr-secret doctor web-7d4b9c-x2x9k -n shop

# Replace the pods that were created before their ServiceAccount listed the pull secret
kubectl gcr-secret doctor --restart -n shop

# Check whether a pod of the ServiceAccount builder could pull an image
kubectl gcr-secret doctor --image europe-west1-docker.pkg.dev/my-project/images/web:1.2 --serviceaccount builder

# Print the causes of all stuck pods of the cluster for a program
kubectl gcr-secret doctor -A -o json";

#[derive(Debug, Args)]
#[command(
    about = "Explain why pods cannot pull their images",
    long_about = LONG,
    after_help = EXAMPLES,
    override_usage = "[POD ...] [-l selector] [--image=image [--serviceaccount=name]] [--restart]"
)]
pub(crate) struct DoctorArgs {
    #[arg(value_name = "POD")]
    pods: Vec<String>,
    #[arg(
        long,
        help = "If true, also explain images of other registries, without contacting these registries"
    )]
    all_registries: bool,
    #[arg(
        long,
        value_name = "IMAGE",
        help = "Image to check for the ServiceAccount, without a pod"
    )]
    image: Option<String>,
    #[arg(short, long, help = "If true, print only problems")]
    quiet: bool,
    #[arg(
        long,
        help = "If true, evict each pod whose replacement would be able to pull its images, if a controller creates the \
                replacement. A PodDisruptionBudget can refuse the eviction of a running pod; the server does not consult it for a pending pod"
    )]
    restart: bool,
    #[arg(
        short = 'l',
        long,
        value_name = "SELECTOR",
        help = "Selector (label query) to filter the pods on, supports '=', '==', '!=', 'in', 'notin'."
    )]
    selector: Option<String>,
    #[arg(
        long = "serviceaccount",
        value_name = "SERVICEACCOUNT",
        help = "ServiceAccount whose pull secrets --image uses [default: default]"
    )]
    service_account: Option<String>,
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "30s",
        help = "The length of time to wait for each registry, and for an eviction that a PodDisruptionBudget refuses"
    )]
    timeout: String,
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    output: GetOutputArgs,
}

impl DoctorArgs {
    /// Returns the permissions that this command line needs.
    ///
    /// # Errors
    /// Fails if a flag is invalid.
    pub(crate) fn permissions(
        &self,
        connection: &ConnectionArgs,
    ) -> Result<CommandPermissions, UsageError> {
        Ok(CommandPermissions {
            rules: permissions::doctor(self.restart),
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

/// Validates the flags, explains the pods and returns the exit code.
///
/// # Errors
/// Returns the text to print if a flag is invalid.
pub(crate) fn run(args: DoctorArgs, connection: ConnectionArgs) -> Result<u8, EarlyExit> {
    let subject = subject(&args)?;
    let timeout = parse_wait(&args.timeout)?;
    let output = OutputOptions {
        format: args.output.format()?,
        quiet: args.quiet,
        verbosity: connection.verbosity(),
        ..OutputOptions::default()
    };
    let scope = args.targets.scope(&connection)?;
    let qualifiers = scope.qualifiers;
    let redactor = Arc::new(Redactor::default());
    let handshake =
        handshake(&redactor, timeout, false).map_err(|error| UsageError::new(error.to_string()))?;
    let session = Session {
        redactor,
        view: View::Findings,
        ..Session::new(
            connection.options(PLUGIN, env!("CARGO_PKG_VERSION"))?,
            scope,
            output,
        )
    };
    Ok(session.run(async |clusters, run| {
        // Before any Secret is in memory, so that a core dump cannot contain it. After the kubeconfig, which may be a path below
        // /proc/self/fd.
        gcr_core::process::forbid_core_dumps();
        // Exec plugins that may prompt run first and one at a time.
        for selected in clusters.iter().filter(|selected| selected.can_prompt) {
            selected.cluster.authenticate().await;
        }
        let explained = clusters.iter().map(async |selected| {
            let namespaces = selected_namespaces(selected, &run).await;
            let query = DoctorQuery {
                cluster: Arc::clone(&selected.cluster),
                namespaces,
                names_them: matches!(selected.selection, NamespaceSelection::Explicit(_)),
                qualifiers,
                subject: &subject,
                all_registries: args.all_registries,
                restart: args.restart.then_some(timeout),
                handshake: &handshake,
                run: &run,
            };
            let target = TargetName {
                context: selected.cluster.context().cloned(),
                scope: TargetScope::Cluster,
            };
            query::query(target, &query, &run).await;
        });
        show_progress(&run.events, join_all(explained)).await;
    }))
}

fn subject(args: &DoctorArgs) -> Result<Subject, UsageError> {
    let is_empty = |text: &Option<String>| text.as_ref().is_some_and(|it| it.trim().is_empty());
    if is_empty(&args.selector) {
        return Err(UsageError::new(
            "--selector is empty; omit it to select every pod",
        ));
    }
    let Some(image) = &args.image else {
        if args.service_account.is_some() {
            return Err(UsageError::new("--serviceaccount requires --image"));
        }
        if !args.pods.is_empty() && args.selector.is_some() {
            return Err(UsageError::new(
                "name cannot be provided when a selector is specified",
            ));
        }
        let pods = args.pods.iter().map(|name| pod_name(name));
        return Ok(Subject::Pods {
            names: pods.collect::<Result<_, _>>()?,
            labels: args.selector.clone().unwrap_or_default(),
        });
    };
    if !args.pods.is_empty() || args.selector.is_some() || args.restart {
        return Err(UsageError::new(
            "--image cannot be used with POD, --selector or --restart",
        ));
    }
    let account: ServiceAccountName =
        parse_one(args.service_account.as_deref().unwrap_or("default"))?;
    Ok(Subject::Image {
        image: image.clone(),
        account,
    })
}

/// Returns the name in `NAME` or `pod/NAME`.
fn pod_name(text: &str) -> Result<String, UsageError> {
    let name = ["pod/", "pods/", "po/"]
        .iter()
        .find_map(|kind| text.strip_prefix(kind))
        .unwrap_or(text);
    // Names of pods and of Secrets follow the same rule.
    let valid: Result<gcr_core::domain::names::SecretName, _> = name.parse();
    valid.map_err(|_| {
        let name = kube_clientcmd::escape_control::escape_control(name);
        UsageError::new(format!("invalid Pod name \"{name}\""))
    })?;
    Ok(name.to_owned())
}
