//! A ServiceAccount as a resource: its `imagePullSecrets` is read, changed, and patched with preconditions.

mod decide;
mod discovery;
mod missing_secrets;
mod observe;
mod patch;

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde_json::Value;

use super::namespace_target::NamespaceTarget;
use super::rbac_hint::{Permissions, explain_forbidden};
use super::resource_error::ResourceError;
use crate::domain::names::{SecretName, ServiceAccountName};
use crate::engine::{
    Context, Decision, Finished, ObjectError, ObjectId, ObjectKind, Outcome, Resource, State,
    StepResult, WriteTracker,
};
use crate::kubernetes::service_accounts::StoredAccount;
use crate::request::{AccountSelection, DesiredAccounts, ExecutionOptions};
pub use discovery::ServiceAccountDiscovery;
pub use missing_secrets::MissingSecrets;
pub use observe::ObservedAccount;

/// The kind of a ServiceAccount.
pub const SERVICE_ACCOUNT: ObjectKind = ObjectKind {
    rank: 110,
    singular: "serviceaccount",
    kind: "ServiceAccount",
    unchanged: "patched (no change)",
};
/// The ServiceAccount's `imagePullSecrets` was changed.
pub const PATCHED: Outcome = Outcome::changed(110, "patched");

/// Returns the id of the ServiceAccount called `name`.
pub fn id(name: &ServiceAccountName) -> ObjectId {
    ObjectId::new(&SERVICE_ACCOUNT, name.as_str())
}

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

/// The patch of an account's list, or the account as a client dry run prints it.
#[derive(Debug)]
pub struct AccountPatch {
    /// The JSON merge patch, with the observed uid and resourceVersion as preconditions.
    body: Bytes,
    /// The account with the new list.
    patched: Value,
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
}

/// One ServiceAccount of one namespace.
pub struct ServiceAccountResource<'a> {
    id: ObjectId,
    name: ServiceAccountName,
    depends_on: Vec<ObjectId>,
    shared: Arc<SharedAccounts<'a>>,
    /// Used by the first round.
    listed: Mutex<Listed>,
}

impl<'a> ServiceAccountResource<'a> {
    /// Returns the resource.
    pub fn new(shared: &Arc<SharedAccounts<'a>>, name: ServiceAccountName, listed: Listed) -> Self {
        Self {
            id: id(&name),
            name,
            depends_on: shared.secret.iter().map(super::secret::id).collect(),
            shared: Arc::clone(shared),
            listed: Mutex::new(listed),
        }
    }

    fn take_listed(&self) -> Listed {
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut listed, Listed::Unknown)
    }

    fn printed(&self, account: Value) -> Option<Value> {
        self.shared.execution.return_objects.then_some(account)
    }
}

/// Returns the verbs that a command needs for the accounts that it selects.
fn verbs(desired: &DesiredAccounts) -> &'static [&'static str] {
    match desired.selection {
        AccountSelection::Names(_) => &["get", "patch"],
        AccountSelection::All | AccountSelection::Labels(_) => &["list", "get", "patch"],
    }
}

async fn explain(shared: &SharedAccounts<'_>, name: &str, error: ResourceError) -> ObjectError {
    let permissions = Permissions {
        resource: "serviceaccounts",
        name,
        verbs: verbs(shared.desired),
    };
    explain_forbidden(shared.target, permissions, error)
        .await
        .into()
}

impl Resource for ServiceAccountResource<'_> {
    type Observed = ObservedAccount;
    type Action = AccountPatch;
    type Error = ResourceError;
    type Unconfirmed = ();

    const ACTS_ONLY_ON_DIFFERENCE: bool = true;

    fn id(&self) -> &ObjectId {
        &self.id
    }

    fn depends_on(&self) -> &[ObjectId] {
        &self.depends_on
    }

    async fn observe(&self, cx: &Context) -> Result<ObservedAccount, ResourceError> {
        let listed = self.take_listed();
        Ok(observe::observe(&self.shared, &self.name, listed, cx.round).await?)
    }

    fn decide(
        &self,
        observed: ObservedAccount,
        state: &State<'_, ()>,
        warnings: &mut Vec<String>,
    ) -> Decision<AccountPatch, ResourceError> {
        decide::decide(self, observed, state, warnings)
    }

    async fn execute(
        &self,
        _: &Context,
        action: AccountPatch,
        tracker: &Arc<WriteTracker>,
    ) -> StepResult<ResourceError, ()> {
        patch::patch(self, action, tracker).await
    }

    fn preview(&self, action: AccountPatch) -> Finished<ResourceError> {
        Finished::success(PATCHED, self.printed(action.patched))
    }

    async fn explain(&self, error: ResourceError) -> ObjectError {
        explain(&self.shared, self.name.as_str(), error).await
    }

    fn skip_reason(&self, error: &ResourceError) -> Option<String> {
        self.shared.target.skip_note(error.namespace_gone())
    }

    fn dependency_failed(&self, _: &ObjectId) -> ObjectError {
        ObjectError::not_started("skipped: writing its Secret failed")
    }
}
