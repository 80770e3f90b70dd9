//! The validated request of the user. A plugin creates it from its command line, and every later stage reads it.
//!
//! Names are valid, the credential was read, and the options do not contradict each other. Depends on no cluster.

mod scope;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

pub use kubectl_plugin::{DryRun, Format};
pub use scope::{LineQualifiers, NamespaceMatch, Namespaces, Scope};

use crate::domain::docker_config::DockerConfig;
use crate::domain::names::{SecretName, ServiceAccountName};
use crate::domain::pull_secret::CachedSecret;
use crate::domain::registry_credential::RegistryCredential;
use kube_clientcmd::ConnectionOptions;

/// The input of a run.
#[derive(Debug)]
pub struct Request {
    /// How to reach the cluster.
    pub connection: ConnectionOptions,
    /// The clusters and namespaces to work on.
    pub scope: Scope,
    /// The desired state of each namespace.
    pub desired: DesiredState,
    /// How to bring it about.
    pub execution: ExecutionOptions,
    /// Whether to evict the stuck pods of the ServiceAccounts afterwards.
    pub restart_stuck: bool,
    /// The output options.
    pub output: OutputOptions,
    /// Warnings about the command line and the credential, to print before the run.
    pub warnings: Vec<String>,
}

/// The desired state of a namespace, the same for every target.
#[derive(Debug, Default)]
pub struct DesiredState {
    /// The pull Secret to write.
    pub secret: Option<DesiredSecret>,
    /// The ServiceAccounts to change.
    pub accounts: Option<DesiredAccounts>,
}

/// How a run executes its writes.
#[derive(Debug, Clone)]
pub struct ExecutionOptions {
    /// The field manager of all writes.
    pub field_manager: String,
    /// Whether and how to simulate the run.
    pub dry_run: DryRun,
    /// Time limit, over the whole run, for waiting until objects exist or are deleted.
    pub timeout: Duration,
    /// Whether objects are printed, so that the server must return them whole.
    pub return_objects: bool,
}

/// How a client dry run prints a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manifest {
    /// Whether `***` replaces the data.
    pub masked: bool,
    /// Whether the manifest has `metadata.namespace`: only if the user or the context sets a namespace.
    pub with_namespace: bool,
}

/// The desired pull Secret.
#[derive(Debug)]
pub struct DesiredSecret {
    /// Its name.
    pub name: SecretName,
    /// The credential in it.
    pub credential: RegistryCredential,
    /// Its Docker config, for all requested hosts.
    pub config: DockerConfig,
    /// The Secret as most namespaces get it.
    pub cached: CachedSecret,
    /// Whether to keep the other hosts of an existing Secret.
    pub merge: bool,
    /// Whether to write only to the Secret as it was observed, so that a change of another client is never overwritten.
    pub only_as_observed: bool,
    /// Whether to take ownership of fields from other field managers.
    pub force_conflicts: bool,
    /// Whether to delete and create a Secret whose type or `immutable` prevents an update.
    pub recreate: bool,
    /// For a rotation: the keys that this credential replaces. `None` writes the Secret whatever it contains.
    pub replaces: Option<KeyReplacement>,
}

/// A restriction of a write to Secrets that carry certain keys, so that the newer key of another run is never overwritten.
#[derive(Clone, Debug, Default)]
pub struct KeyReplacement {
    /// The ids of the keys to replace.
    pub old: BTreeSet<String>,
    /// Whether the Secret gets the annotation with the previous keys. One that has the annotation already keeps it.
    pub marks: bool,
}

/// The pull Secret to delete.
#[derive(Debug)]
pub struct DesiredDeletion {
    /// Its name.
    pub name: SecretName,
    /// Whether to delete a Secret without the label of this plugin.
    pub allow_unmanaged: bool,
    /// Whether to delete a Secret that another field manager applies.
    pub force_conflicts: bool,
    /// Whether a Secret that does not exist is no error.
    pub ignore_not_found: bool,
    /// Whether ServiceAccounts keep their references to it.
    pub keep_references: bool,
}

/// The access tokens to renew.
#[derive(Debug)]
pub struct DesiredRefresh {
    /// The Secret in each namespace; `None` for all Secrets of this plugin.
    pub name: Option<SecretName>,
    /// A token that is valid for less than this is renewed; `None` to renew each.
    pub within: Option<Duration>,
    /// Whether to take ownership of fields from other field managers.
    pub force_conflicts: bool,
}

/// The ServiceAccounts to change, and the change.
#[derive(Debug)]
pub struct DesiredAccounts {
    /// The selected accounts.
    pub selection: AccountSelection,
    /// The change.
    pub change: AccountChange,
    /// Whether to wait for accounts other than `default` too (`--timeout` was given).
    pub wait_for_all: bool,
}

/// The ServiceAccount that the controller manager creates in every new namespace.
pub const DEFAULT_ACCOUNT: &str = "default";

impl DesiredAccounts {
    /// Returns the names of the Secrets to add or remove.
    pub fn secrets(&self) -> &[SecretName] {
        match &self.change {
            AccountChange::Attach(names) | AccountChange::Detach(names) => names,
        }
    }

    /// Returns whether to wait for an account that does not exist.
    pub fn waits_for(&self, name: &ServiceAccountName) -> bool {
        matches!(self.change, AccountChange::Attach(_))
            && (self.wait_for_all || name.as_str() == DEFAULT_ACCOUNT)
    }
}

/// A selection of the ServiceAccounts of a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountSelection {
    /// Accounts by name.
    Names(Vec<ServiceAccountName>),
    /// All accounts.
    All,
    /// Accounts that match a label selector, in Kubernetes syntax.
    Labels(String),
}

/// A change to `imagePullSecrets`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    /// Adds these names if they are missing.
    Attach(Vec<SecretName>),
    /// Removes these names.
    Detach(Vec<SecretName>),
}

/// The flags that select the output.
#[derive(Debug, Clone, Default)]
pub struct OutputOptions {
    /// `-o`
    pub format: Format,
    /// `--show-managed-fields`
    pub show_managed_fields: bool,
    /// `-q`
    pub quiet: bool,
    /// `-v`
    pub verbosity: u8,
    /// `--report`
    pub report: Option<PathBuf>,
}
