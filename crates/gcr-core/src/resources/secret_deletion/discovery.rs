//! Finds what the deletion in a namespace changes: checks the guards of the Secret first, then lists the accounts that
//! reference it.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::resource::SecretDeletion;
use super::shared::DeletionContext;
use super::{decide, pods};
use crate::domain::pull_secret_list;
use crate::engine::{Context, Discovered, Discovery, ObjectError, ObjectId, OpenResource};
use crate::kubernetes::namespaces::NamespaceState;
use crate::kubernetes::service_accounts::StoredAccount;
use crate::resources::permissions::{self, Rule};
use crate::resources::resource_error::ResourceError;
use crate::resources::service_account::{self, Listed, MissingSecrets, SharedAccounts};
use crate::resources::{ServiceAccountResource, TargetSnapshot, secret};

/// Finds the accounts that reference the Secret of a namespace.
pub struct DeletionDiscovery<'a> {
    cx: DeletionContext<'a>,
    /// The objects in the lists of the cluster.
    snapshot: Mutex<TargetSnapshot>,
}

/// An error, and the rule that permits the request.
type Refused = (ResourceError, Rule);

impl<'a> DeletionDiscovery<'a> {
    /// Returns the discovery. `snapshot` is what the lists of the cluster contained.
    pub fn new(cx: DeletionContext<'a>, snapshot: TargetSnapshot) -> Self {
        let snapshot = Mutex::new(snapshot);
        Self { cx, snapshot }
    }

    async fn find(&self) -> Result<Vec<OpenResource<'a>>, Refused> {
        let cx = self.cx;
        let snapshot = {
            let mut snapshot = self.snapshot.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *snapshot)
        };
        let (listed, accounts) = snapshot.into_secret_and_accounts(&cx.desired.name);
        let metadata = self.secret(listed).await?;
        if let Some(metadata) = &metadata {
            let refusal = decide::refusal(cx.desired, &cx.execution.field_manager, metadata);
            if let Some(error) = refusal {
                return Err((error, permissions::delete_secret(&cx.desired.name)));
            }
        }
        let accounts = self.accounts(accounts).await?;
        if metadata.is_none()
            && accounts.is_empty()
            && cx.target.named
            && let NamespaceState::Absent(error) = cx
                .target
                .cluster
                .namespace_state(&cx.target.namespace)
                .await
        {
            return Err((error.into(), permissions::delete_secret(&cx.desired.name)));
        }
        let shared = Arc::new(SharedAccounts {
            target: cx.target,
            desired: cx.accounts,
            execution: cx.execution,
            secret: None,
            missing_secrets: MissingSecrets::default(),
            may_vanish: true,
        });
        let mut ids = Vec::new();
        let mut resources = Vec::new();
        for account in accounts {
            let Ok(name) = account.name().parse() else {
                continue;
            };
            ids.push(service_account::id(&name));
            let listed = Listed::Stored(Box::new(account));
            let resource = ServiceAccountResource::new(&shared, name, listed);
            resources.push(OpenResource::new(resource));
        }
        if metadata.is_some() || cx.target.named {
            let pods = match &metadata {
                Some(_) => pods::warning(cx.target, &cx.desired.name).await,
                None => None,
            };
            let resource = SecretDeletion::new(cx, ids, metadata, pods);
            resources.push(OpenResource::new(resource));
        }
        Ok(resources)
    }

    /// Reads the Secret unless a list shows that it does not exist. A list may be outdated, and the guards need the present
    /// state.
    async fn secret(
        &self,
        listed: Option<Option<ObjectMeta>>,
    ) -> Result<Option<Box<ObjectMeta>>, Refused> {
        if let Some(None) = listed {
            return Ok(None);
        }
        let (target, name) = (self.cx.target, &self.cx.desired.name);
        let metadata = target
            .cluster
            .read_secret_metadata(&target.namespace, name)
            .await;
        match metadata {
            Ok(metadata) => Ok(metadata.map(Box::new)),
            Err(error) => Err((error.into(), permissions::delete_secret(name))),
        }
    }

    /// Returns the accounts that reference the Secret.
    async fn accounts(
        &self,
        listed: Option<Vec<StoredAccount>>,
    ) -> Result<Vec<StoredAccount>, Refused> {
        if self.cx.desired.keep_references {
            return Ok(Vec::new());
        }
        let target = self.cx.target;
        let mut accounts = match listed {
            Some(listed) => listed,
            None => {
                let listed = target.cluster.list_accounts(&target.namespace, "").await;
                let rule = || permissions::change_accounts(&self.cx.accounts.selection);
                listed.map_err(|error| (error.into(), rule()))?
            }
        };
        let names = std::slice::from_ref(&self.cx.desired.name);
        accounts.retain(|account| {
            pull_secret_list::without(account.image_pull_secrets(), names).is_some()
        });
        Ok(accounts)
    }

    async fn discover(&self) -> Discovered<'a> {
        let (error, rule) = match self.find().await {
            Ok(resources) => return Discovered::Found(resources, None),
            Err(refused) => refused,
        };
        match self.cx.target.skip_note(error.namespace_gone()) {
            Some(note) => Discovered::Skipped(note),
            None => {
                let error: ObjectError = self.cx.explain(&rule, error).await;
                Discovered::Failed(error)
            }
        }
    }
}

impl<'a> Discovery<'a> for DeletionDiscovery<'a> {
    fn placeholder(&self) -> ObjectId {
        secret::id(&self.cx.desired.name)
    }

    fn discover<'r>(&'r self, _: &'r Context) -> BoxFuture<'r, Discovered<'a>> {
        self.discover().boxed()
    }
}
