//! The facts that the renewal in one namespace shares.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use super::token_issuer::TokenIssuer;
use crate::engine::ObjectError;
use crate::request::{DesiredRefresh, ExecutionOptions};
use crate::resources::namespace_target::NamespaceTarget;
use crate::resources::permissions::Rule;
use crate::resources::rbac_hint::explain_forbidden;
use crate::resources::resource_error::ResourceError;

/// The renewal in one namespace.
#[derive(Clone, Copy)]
pub struct RefreshContext<'a> {
    /// The namespace.
    pub target: &'a NamespaceTarget,
    /// Which tokens to renew.
    pub desired: &'a DesiredRefresh,
    /// How to execute the writes.
    pub execution: &'a ExecutionOptions,
    /// The source of new tokens.
    pub issuer: &'a dyn TokenIssuer,
}

impl RefreshContext<'_> {
    /// Returns a Secret that stays as it is for `-o json|yaml`, without its data, if objects are printed.
    pub(super) fn printed(&self, metadata: &ObjectMeta) -> Option<Value> {
        let manifest = || json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata});
        self.execution.return_objects.then(manifest)
    }

    /// Converts an error of a Secret for the report. `rule` is the one that permits the request.
    pub(super) async fn explain(
        &self,
        rule: &Rule,
        name: &str,
        error: ResourceError,
    ) -> ObjectError {
        explain_forbidden(self.target, rule, name, error)
            .await
            .into()
    }
}
