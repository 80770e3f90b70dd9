//! The desired Secret of one namespace.

use serde_json::Value;

use crate::domain::pull_secret::PullSecret;
use crate::request::{DesiredSecret, ExecutionOptions, Manifest};
use crate::resources::namespace_target::NamespaceTarget;

/// The desired Secret of one namespace, and how to write it.
#[derive(Clone, Copy)]
pub(crate) struct SecretSpec<'a> {
    pub(crate) target: &'a NamespaceTarget,
    pub(crate) desired: &'a DesiredSecret,
    pub(crate) execution: &'a ExecutionOptions,
    pub(crate) manifest: Manifest,
}

impl SecretSpec<'_> {
    /// Returns the Secret for `-o json|yaml`, if objects are printed.
    pub(crate) fn printed(&self, with_namespace: bool, masked: bool) -> Option<Value> {
        let DesiredSecret {
            name,
            credential,
            config,
            ..
        } = self.desired;
        let namespace = with_namespace.then_some(&self.target.namespace);
        let manifest = || PullSecret::new(name, credential, config).manifest(namespace, masked);
        self.execution.return_objects.then(manifest)
    }
}
