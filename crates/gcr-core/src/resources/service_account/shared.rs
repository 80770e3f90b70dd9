//! The facts that all ServiceAccounts of a namespace share.

use serde_json::Value;

use super::missing_secrets::MissingSecrets;
use crate::domain::names::SecretName;
use crate::engine::ObjectError;
use crate::kubernetes::service_accounts::StoredAccount;
use crate::request::{DesiredAccounts, ExecutionOptions};
use crate::resources::namespace_target::NamespaceTarget;
use crate::resources::permissions;
use crate::resources::rbac_hint::explain_forbidden;
use crate::resources::resource_error::ResourceError;

/// What the lists of a cluster contained about an account.
#[derive(Debug)]
pub enum Listed {
    /// No list covered it, or the list has been used.
    Unknown,
    /// The list did not contain it.
    Absent,
    /// The list contained it.
    Stored(Box<StoredAccount>),
}

/// The facts that all accounts of a namespace share.
pub struct SharedAccounts<'a> {
    /// The namespace.
    pub target: &'a NamespaceTarget,
    /// The selected accounts, and the change.
    pub desired: &'a DesiredAccounts,
    /// How to execute the change.
    pub execution: &'a ExecutionOptions,
    /// The Secret of the same run that the accounts refer to, if there is one.
    pub secret: Option<SecretName>,
    /// The Secrets to attach that do not exist.
    pub missing_secrets: MissingSecrets,
    /// Whether an account that was deleted after it was listed counts as unchanged.
    pub may_vanish: bool,
}

impl SharedAccounts<'_> {
    /// Returns the account, if objects are printed.
    pub(super) fn printed(&self, account: Value) -> Option<Value> {
        self.execution.return_objects.then_some(account)
    }
}

/// Converts an error of the account called `name` for the report.
pub(super) async fn explain(
    shared: &SharedAccounts<'_>,
    name: &str,
    error: ResourceError,
) -> ObjectError {
    let rule = permissions::change_accounts(&shared.desired.selection);
    explain_forbidden(shared.target, &rule, name, error)
        .await
        .into()
}
