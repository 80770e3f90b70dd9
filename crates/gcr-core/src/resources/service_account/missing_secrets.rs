//! Finds the Secrets to attach that do not exist.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::domain::names::SecretName;
use crate::resources::namespace_target::NamespaceTarget;

/// The Secrets of one namespace that the run attaches but does not write, and which of them do not exist. All accounts of the
/// namespace share one look-up.
#[derive(Debug, Default)]
pub struct MissingSecrets {
    names: Vec<SecretName>,
    /// Whether the Secrets exist, as far as a list of the cluster shows.
    listed: Mutex<BTreeMap<SecretName, bool>>,
    missing: OnceCell<Vec<SecretName>>,
}

impl MissingSecrets {
    /// Returns the look-up of `names`. `listed` contains the existence of those that a list covered.
    pub fn new(names: Vec<SecretName>, listed: BTreeMap<SecretName, bool>) -> Self {
        Self {
            names,
            listed: Mutex::new(listed),
            missing: OnceCell::new(),
        }
    }

    /// Returns the Secrets that do not exist, as far as they may be read. Reads them at the first call.
    pub(super) async fn get(&self, target: &NamespaceTarget) -> &[SecretName] {
        self.missing.get_or_init(|| self.find(target)).await
    }

    async fn find(&self, target: &NamespaceTarget) -> Vec<SecretName> {
        let mut missing = Vec::new();
        for name in &self.names {
            // A list that lacks the Secret proves nothing: some proxies filter lists.
            if self.take_listed(name) == Some(true) {
                continue;
            }
            if !target.access.can_read_secrets() {
                break;
            }
            let metadata = target
                .cluster
                .read_secret_metadata(&target.namespace, name)
                .await;
            match metadata {
                Ok(None) => missing.push(name.clone()),
                Ok(Some(_)) => {}
                Err(error) => target.access.note_secret_error(&error),
            }
        }
        missing
    }

    fn take_listed(&self, name: &SecretName) -> Option<bool> {
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        listed.remove(name)
    }
}

/// Returns the warning about a Secret that does not exist.
pub(super) fn warning(name: &SecretName) -> String {
    format!(
        "secret {:?} not found; pods that reference it cannot pull until it exists",
        name.as_str()
    )
}
