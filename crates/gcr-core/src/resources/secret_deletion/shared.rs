//! The facts that the deletion in one namespace shares.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::engine::ObjectError;
use crate::request::{DesiredAccounts, DesiredDeletion, ExecutionOptions};
use crate::resources::namespace_target::NamespaceTarget;
use crate::resources::permissions::Rule;
use crate::resources::rbac_hint::explain_forbidden;
use crate::resources::resource_error::ResourceError;

/// The deletion in one namespace.
#[derive(Clone, Copy)]
pub struct DeletionContext<'a> {
    /// The namespace.
    pub target: &'a NamespaceTarget,
    /// The Secret to delete, and which guards to ignore.
    pub desired: &'a DesiredDeletion,
    /// The change of the accounts that reference it.
    pub accounts: &'a DesiredAccounts,
    /// How to execute the deletion.
    pub execution: &'a ExecutionOptions,
}

impl DeletionContext<'_> {
    /// Returns the Secret for `-o json|yaml`, without its data, if objects are printed.
    pub(super) fn printed(&self, metadata: &ObjectMeta) -> Option<Value> {
        let manifest = || json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata});
        self.execution.return_objects.then(manifest)
    }

    /// Converts an error for the report. `rule` is the one that permits the request.
    pub(super) async fn explain(&self, rule: &Rule, error: ResourceError) -> ObjectError {
        let name = self.desired.name.as_str();
        explain_forbidden(self.target, rule, name, error)
            .await
            .into()
    }
}
