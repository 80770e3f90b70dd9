//! Finds the Secrets with access tokens in a namespace.

use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::due::has_token;
use super::resource::SecretRefresh;
use super::shared::RefreshContext;
use crate::domain::names::SecretName;
use crate::engine::{Context, Discovered, Discovery, ObjectId, OpenResource};
use crate::kubernetes::namespaces::NamespaceState;
use crate::kubernetes::object::metadata_of;
use crate::kubernetes::pager::Pager;
use crate::kubernetes::{RequestError, secrets};
use crate::resources::permissions::{self, Rule};
use crate::resources::resource_error::{ResourceError, ResourceErrorKind};
use crate::resources::{TargetSnapshot, secret};

/// Finds the Secrets with access tokens in a namespace.
pub struct RefreshDiscovery<'a> {
    cx: RefreshContext<'a>,
    /// The objects in the lists of the cluster.
    snapshot: Mutex<TargetSnapshot>,
}

/// An error, and the rule that permits the request.
type Refused = (ResourceError, Rule);

/// The resources, and a note for the user.
type Found<'a> = (Vec<OpenResource<'a>>, Option<String>);

impl<'a> RefreshDiscovery<'a> {
    /// Returns the discovery. `snapshot` is what the lists of the cluster contained.
    pub fn new(cx: RefreshContext<'a>, snapshot: TargetSnapshot) -> Self {
        let snapshot = Mutex::new(snapshot);
        Self { cx, snapshot }
    }

    async fn find(&self) -> Result<Found<'a>, Refused> {
        let snapshot = {
            let mut snapshot = self.snapshot.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *snapshot)
        };
        match &self.cx.desired.name {
            Some(name) => self.find_named(name, snapshot).await,
            None => self.find_all(snapshot).await,
        }
    }

    async fn find_named(
        &self,
        name: &SecretName,
        mut snapshot: TargetSnapshot,
    ) -> Result<Found<'a>, Refused> {
        let refused = |error| (error, permissions::refresh(Some(name)));
        let target = self.cx.target;
        let metadata = match snapshot.take_secret(name) {
            // A list may be filtered.
            Some(listed) if listed.is_some() || !target.named => listed,
            _ => {
                let read = target.cluster.read_secret_metadata(&target.namespace, name);
                let read = read.await;
                read.map_err(|error| refused(ResourceError::from(error)))?
            }
        };
        match metadata {
            Some(metadata) if has_token(&metadata) => {
                Ok((vec![self.resource(name.clone(), metadata)], None))
            }
            Some(_) if target.named => {
                let id = secret::id(name);
                let note = format!("{id} skipped: it contains no access token of this plugin");
                Ok((Vec::new(), Some(note)))
            }
            None if target.named => {
                self.require_namespace()
                    .await
                    .map_err(|error| refused(error.into()))?;
                let name = name.to_string();
                Err(refused(ResourceErrorKind::SecretNotFound { name }.into()))
            }
            _ => Ok((Vec::new(), None)),
        }
    }

    async fn find_all(&self, mut snapshot: TargetSnapshot) -> Result<Found<'a>, Refused> {
        let refused = |error: RequestError| (error.into(), permissions::refresh(None));
        let target = self.cx.target;
        let listed = match snapshot.take_managed_secrets() {
            Some(listed) => listed,
            None => {
                let list = secrets::list_managed(Some(&target.namespace), "");
                let items = Pager::new(&target.cluster, list).all().await;
                let items = items.map_err(refused)?;
                let read: Result<Vec<_>, _> = items.iter().map(metadata_of).collect();
                read.map_err(refused)?
            }
        };
        if listed.is_empty() && target.named {
            self.require_namespace().await.map_err(refused)?;
        }
        let found = listed.into_iter().filter(has_token);
        let resources = found.filter_map(|metadata| {
            let name = metadata.name.as_deref()?.parse().ok()?;
            Some(self.resource(name, metadata))
        });
        Ok((resources.collect(), None))
    }

    /// Fails if the namespace does not exist.
    async fn require_namespace(&self) -> Result<(), RequestError> {
        let target = self.cx.target;
        match target.cluster.namespace_state(&target.namespace).await {
            NamespaceState::Absent(error) => Err(error),
            _ => Ok(()),
        }
    }

    fn resource(&self, name: SecretName, metadata: ObjectMeta) -> OpenResource<'a> {
        OpenResource::new(SecretRefresh::new(self.cx, name, Box::new(metadata)))
    }

    async fn discover(&self) -> Discovered<'a> {
        let (error, rule) = match self.find().await {
            Ok((resources, note)) => return Discovered::Found(resources, note),
            Err(refused) => refused,
        };
        match self.cx.target.skip_note(error.namespace_gone()) {
            Some(note) => Discovered::Skipped(note),
            None => {
                let placeholder = self.placeholder();
                let error = self.cx.explain(&rule, &placeholder.name, error).await;
                Discovered::Failed(error)
            }
        }
    }
}

impl<'a> Discovery<'a> for RefreshDiscovery<'a> {
    fn placeholder(&self) -> ObjectId {
        let name = self.cx.desired.name.as_ref();
        ObjectId::new(&secret::SECRET, name.map_or("*", SecretName::as_str))
    }

    fn discover<'r>(&'r self, _: &'r Context) -> BoxFuture<'r, Discovered<'a>> {
        self.discover().boxed()
    }
}
