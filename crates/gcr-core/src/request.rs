//! What the user asked for, checked: made by a plugin from its command line, read by every later stage.
//!
//! A value of these types can be carried out: names are valid, the credential is read, contradictions are gone.
//! Knows no cluster.

mod scope;

use std::path::PathBuf;
use std::time::Duration;

pub use scope::{LineQualifiers, NamespaceMatch, Namespaces, Scope};

use crate::connection::ConnectionOptions;
use crate::domain::docker_config::DockerConfig;
use crate::domain::names::{SecretName, ServiceAccountName};
use crate::domain::pull_secret::CachedBody;
use crate::domain::registry_credential::RegistryCredential;

/// One run.
#[derive(Debug)]
pub struct Request {
    /// How to reach the cluster.
    pub connection: ConnectionOptions,
    /// Where to work.
    pub scope: Scope,
    /// What is wanted in each namespace.
    pub desired: Desired,
    /// What to print.
    pub output: OutputOptions,
    /// What was noticed while the request was made, for the user's eyes.
    pub warnings: Vec<String>,
}

/// What one namespace should look like afterwards, the same for every target.
#[derive(Debug)]
pub struct Desired {
    /// The pull Secret to be there.
    pub secret: Option<DesiredSecret>,
    /// The ServiceAccounts to refer to it, or no longer.
    pub accounts: Option<DesiredAccounts>,
    /// Under which manager the fields are owned.
    pub field_manager: String,
    /// Whether to write at all.
    pub dry_run: DryRun,
    /// How long to wait, over the whole run, for what is not there yet or not gone yet.
    pub timeout: Duration,
    /// Whether objects are shown, so that replies should hold them whole.
    pub return_objects: bool,
    /// How a client dry run shows the Secret.
    pub manifest: Manifest,
}

/// How a manifest that is only printed looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manifest {
    /// `***` in place of the data.
    pub masked: bool,
    /// With `metadata.namespace`: where the user or the context named one.
    pub with_namespace: bool,
}

/// The pull Secret.
#[derive(Debug)]
pub struct DesiredSecret {
    /// Its name.
    pub name: SecretName,
    /// The credential in it.
    pub credential: RegistryCredential,
    /// Its docker config, for all hosts asked for.
    pub config: DockerConfig,
    /// The body of an apply that is bound to nothing: the same in every namespace.
    pub body: CachedBody,
    /// Keep the other hosts of an existing Secret.
    pub merge: bool,
    /// Take fields over from other managers.
    pub force_conflicts: bool,
    /// Delete and create anew where the type or `immutable` is in the way.
    pub recreate: bool,
}

/// Which ServiceAccounts, and what of them.
#[derive(Debug)]
pub struct DesiredAccounts {
    /// Which ones.
    pub selection: AccountSelection,
    /// What to do to them.
    pub change: AccountChange,
    /// Whether accounts other than `default` are waited for too (`--timeout` was given).
    pub wait_for_all: bool,
}

/// The account every namespace gets, a moment after it was made.
pub const DEFAULT_ACCOUNT: &str = "default";

impl DesiredAccounts {
    /// Whether an account that is not there is waited for.
    pub fn waits_for(&self, name: &ServiceAccountName) -> bool {
        matches!(self.change, AccountChange::Attach(_))
            && (self.wait_for_all || name.as_str() == DEFAULT_ACCOUNT)
    }
}

/// Which ServiceAccounts of a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountSelection {
    /// These.
    Names(Vec<ServiceAccountName>),
    /// Every one.
    All,
    /// Those whose labels match; in Kubernetes' own syntax.
    Labels(String),
}

/// The change to `imagePullSecrets`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    /// These names are to be there.
    Attach(Vec<SecretName>),
    /// These names are to be gone.
    Detach(Vec<SecretName>),
}

/// `--dry-run`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DryRun {
    /// Write.
    #[default]
    None,
    /// Print what would be sent.
    Client,
    /// Let the server answer as if.
    Server,
}

impl DryRun {
    /// The word of `--dry-run`; `None` for what is written.
    pub fn strategy(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Client => Some("client"),
            Self::Server => Some("server"),
        }
    }

    /// What a line ends with, as kubectl has it.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Client => " (dry run)",
            Self::Server => " (server dry run)",
        }
    }
}

/// `-o`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// A line an object.
    #[default]
    Lines,
    /// `secret/NAME`.
    Name,
    /// JSON, indented by four as kubectl does.
    Json,
    /// YAML.
    Yaml,
}

impl Format {
    /// Whether objects are shown, not lines.
    pub fn shows_objects(self) -> bool {
        matches!(self, Self::Json | Self::Yaml)
    }
}

/// What to print.
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
