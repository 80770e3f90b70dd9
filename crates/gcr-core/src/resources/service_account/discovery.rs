//! Finds the ServiceAccounts of a namespace that `--all` or a label selector selects.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::kind::SERVICE_ACCOUNT;
use super::resource::ServiceAccountResource;
use super::shared::{Listed, SharedAccounts, explain};
use crate::engine::{Context, Discovered, Discovery, ObjectId, OpenResource};
use crate::kubernetes::RequestError;
use crate::kubernetes::namespaces::NamespaceState;
use crate::kubernetes::service_accounts::StoredAccount;
use crate::request::{AccountChange, AccountSelection, DEFAULT_ACCOUNT};
use crate::resources::resource_error::ResourceError;

/// Lists the accounts of one namespace.
pub struct ServiceAccountDiscovery<'a> {
    shared: Arc<SharedAccounts<'a>>,
    /// The accounts that a list of the cluster contained; `None` if no list covered the namespace.
    listed: Mutex<Option<Vec<StoredAccount>>>,
}

impl<'a> ServiceAccountDiscovery<'a> {
    /// Returns the discovery.
    pub fn new(shared: &Arc<SharedAccounts<'a>>, listed: Option<Vec<StoredAccount>>) -> Self {
        Self {
            shared: Arc::clone(shared),
            listed: Mutex::new(listed),
        }
    }

    async fn list(&self) -> Result<Vec<StoredAccount>, RequestError> {
        let listed = self
            .listed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(accounts) = listed {
            return Ok(accounts);
        }
        let selector = match &self.shared.desired.selection {
            AccountSelection::Labels(selector) => selector.as_str(),
            AccountSelection::Names(_) | AccountSelection::All => "",
        };
        let target = self.shared.target;
        target
            .cluster
            .list_accounts(&target.namespace, selector)
            .await
    }

    async fn find(&self) -> Result<Vec<OpenResource<'a>>, RequestError> {
        let SharedAccounts {
            target, desired, ..
        } = &*self.shared;
        let open = |name, listed| {
            OpenResource::new(ServiceAccountResource::new(&self.shared, name, listed))
        };
        let mut has_default = false;
        let mut resources = Vec::new();
        for account in self.list().await? {
            let Ok(name) = account.name().parse() else {
                continue;
            };
            has_default |= account.name() == DEFAULT_ACCOUNT;
            resources.push(open(name, Listed::Stored(Box::new(account))));
        }
        // Every namespace gets a `default` account, so that `--all` includes it even before it exists. An empty list does
        // not prove that the namespace exists.
        let attaches = matches!(desired.change, AccountChange::Attach(_));
        if desired.selection == AccountSelection::All && attaches && !has_default {
            if let Ok(name) = DEFAULT_ACCOUNT.parse() {
                resources.push(open(name, Listed::Absent));
            }
        } else if resources.is_empty()
            && target.named
            && let NamespaceState::Absent(error) =
                target.cluster.namespace_state(&target.namespace).await
        {
            return Err(error);
        }
        Ok(resources)
    }

    async fn discover(&self) -> Discovered<'a> {
        let target = self.shared.target;
        let error = match self.find().await {
            Ok(resources) => {
                // In a run over all namespaces, most have no matching account, and a line for each would be noise.
                let is_empty = resources.is_empty() && target.named;
                let note = is_empty
                    .then(|| format!("No resources found in {} namespace.", target.namespace));
                return Discovered::Found(resources, note);
            }
            Err(error) => ResourceError::from(error),
        };
        match target.skip_note(error.namespace_gone()) {
            Some(note) => Discovered::Skipped(note),
            None => Discovered::Failed(explain(&self.shared, DEFAULT_ACCOUNT, error).await),
        }
    }
}

impl<'a> Discovery<'a> for ServiceAccountDiscovery<'a> {
    fn placeholder(&self) -> ObjectId {
        ObjectId::new(&SERVICE_ACCOUNT, DEFAULT_ACCOUNT)
    }

    fn discover<'r>(&'r self, _: &'r Context) -> BoxFuture<'r, Discovered<'a>> {
        self.discover().boxed()
    }
}
