//! Defines the flags of `gcr-patch-sa`, which `gcr-secret rbac gcr-patch-sa` parses too.

use clap::Args;

use crate::domain::names::{SecretName, ServiceAccountName};
use crate::request::{AccountChange, AccountSelection, DesiredAccounts};
use kubectl_plugin::{UsageError, parse_each_once, parse_one};

/// The flags that select ServiceAccounts and the change to them.
#[derive(Debug, Args)]
pub struct PatchAccountArgs {
    #[arg(value_name = "SERVICEACCOUNT")]
    names: Vec<String>,
    #[arg(long, help = "If true, select all ServiceAccounts in the namespaces")]
    all: bool,
    /// The name of the field manager.
    #[arg(
        long,
        value_name = "MANAGER",
        default_value = "kubectl-gcr-patch-sa",
        help = "Name of the manager used to track field ownership."
    )]
    pub field_manager: String,
    #[arg(long, help = "If true, remove the Secrets instead of adding them")]
    remove: bool,
    /// Whether to evict the stuck pods of the ServiceAccounts afterwards.
    #[arg(
        long,
        help = "If true, then evict the pods of these ServiceAccounts that wait for an image and were created without the \
                Secrets, if a controller creates new ones"
    )]
    pub restart_stuck: bool,
    #[arg(
        long,
        value_name = "SECRET",
        help = "Name of the Secret; can be repeated or comma-separated [default: gcr-io]"
    )]
    secret: Vec<String>,
    #[arg(
        short = 'l',
        long,
        value_name = "SELECTOR",
        help = "Selector (label query) to filter on, supports '=', '==', '!=', 'in', 'notin'.(e.g. -l \
                key1=value1,key2=value2,key3 in (value3)). Matching objects must satisfy all of the specified label \
                constraints."
    )]
    selector: Option<String>,
    /// The time limit for ServiceAccounts that do not exist yet.
    #[arg(
        long,
        value_name = "DURATION",
        help = "The total length of time to wait for ServiceAccounts that do not exist yet. Without this flag, only the \
                ServiceAccount default is waited for. Zero means do not wait. With --restart-stuck also the time for \
                evictions that a PodDisruptionBudget refuses [default: 10s]"
    )]
    pub timeout: Option<String>,
    /// Whether to prove the Secrets first.
    #[arg(
        long,
        help = "If true, prove the Secrets in the cluster against their registries first, as `kubectl gcr-secret verify` does, \
                and write nothing if that fails. Requires the plugin gcr-secret"
    )]
    pub verify: bool,
}

impl PatchAccountArgs {
    /// Returns the selected accounts and the change.
    ///
    /// # Errors
    /// Fails for an invalid name, and for flags that contradict each other.
    pub fn accounts(&self) -> Result<DesiredAccounts, UsageError> {
        if self.restart_stuck && self.remove {
            return Err(UsageError::new(
                "--restart-stuck cannot be used with --remove",
            ));
        }
        if self.verify && self.remove {
            return Err(UsageError::new("--verify cannot be used with --remove"));
        }
        Ok(DesiredAccounts {
            selection: self.selection()?,
            change: self.change()?,
            wait_for_all: self.timeout.is_some(),
        })
    }

    fn selection(&self) -> Result<AccountSelection, UsageError> {
        let mut names: Vec<ServiceAccountName> = Vec::new();
        for name in &self.names {
            let name = parse_one(name)?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        match (names.is_empty(), self.all, &self.selector) {
            (false, false, None) => Ok(AccountSelection::Names(names)),
            (true, true, None) => Ok(AccountSelection::All),
            // An unset shell variable must not select every ServiceAccount.
            (true, false, Some(selector)) if selector.trim().is_empty() => Err(UsageError::new(
                "--selector is empty; use --all to select every ServiceAccount",
            )),
            (true, false, Some(selector)) => Ok(AccountSelection::Labels(selector.clone())),
            (true, false, None) => Ok(AccountSelection::Names(vec![parse_one("default")?])),
            _ => Err(UsageError::new(
                "only one of SERVICEACCOUNT, --all or --selector may be given",
            )),
        }
    }

    fn change(&self) -> Result<AccountChange, UsageError> {
        let mut names: Vec<SecretName> = parse_each_once(&self.secret)?;
        if names.is_empty() {
            names = vec![parse_one("gcr-io")?];
        }
        Ok(if self.remove {
            AccountChange::Detach(names)
        } else {
            AccountChange::Attach(names)
        })
    }
}
