//! Finds the stuck pods of some ServiceAccounts that were created before their account listed the pull secret.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::kind::POD;
use super::resource::PodEviction;
use crate::domain::names::{SecretName, ServiceAccountName};
use crate::domain::registry_host::RegistryHost;
use crate::engine::{Context, Discovered, Discovery, ObjectId, OpenResource};
use crate::kubernetes::RequestError;
use crate::kubernetes::pager::{List, Pager};
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pods;
use crate::resources::namespace_target::NamespaceTarget;
use crate::resources::permissions;
use crate::resources::rbac_hint::explain_forbidden;
use crate::resources::resource_error::ResourceError;

/// Which pods of a namespace to replace.
pub struct RestartContext<'a> {
    /// The namespace.
    pub target: &'a NamespaceTarget,
    /// The ServiceAccounts that list the Secrets.
    pub accounts: BTreeSet<ServiceAccountName>,
    /// The Secrets.
    pub secrets: &'a [SecretName],
    /// The hosts for which the Secrets have a credential; empty if that is not known.
    pub hosts: &'a [String],
}

/// Lists the stuck pods of one namespace.
pub struct StuckPodDiscovery<'a>(RestartContext<'a>);

impl<'a> StuckPodDiscovery<'a> {
    /// Returns the discovery.
    pub fn new(context: RestartContext<'a>) -> Self {
        Self(context)
    }

    async fn find(&self) -> Result<Vec<OpenResource<'a>>, RequestError> {
        let RestartContext {
            target, accounts, ..
        } = &self.0;
        let target: &'a NamespaceTarget = target;
        let list = List {
            // Pods that have ended pull nothing.
            fields: "status.phase!=Succeeded,status.phase!=Failed".to_owned(),
            ..pods::list(Some(&target.namespace))
        };
        let mut pages = Pager::new(&target.cluster, list);
        let mut found: Vec<(ServiceAccountName, Pod)> = Vec::new();
        while let Some(page) = pages.next().await? {
            for item in &page {
                let pod: Pod = serde_json::from_str(item.json.get())
                    .map_err(|error| RequestError::not_json(&error))?;
                let account = pod.account().parse().ok();
                let account = account.filter(|account| accounts.contains(account));
                if let Some(account) = account.filter(|_| self.needs_secret(&pod)) {
                    found.push((account, pod));
                }
            }
        }
        let mut lists: BTreeMap<ServiceAccountName, Vec<String>> = BTreeMap::new();
        let mut resources = Vec::new();
        for (account, pod) in found {
            if !lists.contains_key(&account) {
                let names = self.listed_by(&account).await?;
                lists.insert(account.clone(), names);
            }
            let listed = lists.get(&account).map(Vec::as_slice);
            let kept = kept(&pod, listed.unwrap_or_default());
            resources.push(OpenResource::new(PodEviction::new(target, pod, kept)));
        }
        Ok(resources)
    }

    /// Returns whether the pod waits for an image for which it lacks one of the Secrets.
    fn needs_secret(&self, pod: &Pod) -> bool {
        let own = pod.pull_secrets();
        let mut secrets = self.0.secrets.iter();
        let mut images = pod.unpulled_images().into_iter();
        pod.is_stuck()
            && secrets.any(|secret| !own.iter().any(|name| name == secret.as_str()))
            && images.any(|image| self.has_host_of(&image))
    }

    fn has_host_of(&self, image: &str) -> bool {
        let hosts = self.0.hosts;
        if hosts.is_empty() {
            return true;
        }
        let image = RegistryHost::from_image(image);
        image.is_ok_and(|image| {
            let mut hosts = hosts.iter();
            hosts.any(|host| host_only(host) == host_only(image.as_str()))
        })
    }

    /// Returns what the account lists, with the Secrets that a dry run only pretends to add.
    async fn listed_by(&self, account: &ServiceAccountName) -> Result<Vec<String>, RequestError> {
        let target = self.0.target;
        let stored = target
            .cluster
            .read_account(&target.namespace, account)
            .await?;
        let listed = stored.iter().flat_map(|it| it.image_pull_secrets());
        let listed = listed.filter_map(|entry| entry["name"].as_str());
        let attached = self.0.secrets.iter().map(SecretName::as_str);
        Ok(listed.chain(attached).map(str::to_owned).collect())
    }
}

fn host_only(registry: &str) -> &str {
    registry.split('/').next().unwrap_or_default()
}

/// Returns why a new pod would not be there, or would not have the Secrets.
fn kept(pod: &Pod, listed: &[String]) -> Option<&'static str> {
    let is_older = pod.pull_secrets().iter().all(|name| listed.contains(name));
    if !is_older {
        return Some("it lists its own pull secrets, which its ServiceAccount's do not replace");
    }
    pod.controller()
        .is_none()
        .then_some("no controller recreates it")
}

impl<'a> Discovery<'a> for StuckPodDiscovery<'a> {
    fn placeholder(&self) -> ObjectId {
        ObjectId::new(&POD, "")
    }

    fn discover<'r>(&'r self, _: &'r Context) -> BoxFuture<'r, Discovered<'a>> {
        async {
            let target = self.0.target;
            let error = match self.find().await {
                Ok(resources) => return Discovered::Found(resources, None),
                Err(error) => ResourceError::from(error),
            };
            if let Some(note) = target.skip_note(error.namespace_gone()) {
                return Discovered::Skipped(note);
            }
            let rule = permissions::read_stuck_pods();
            Discovered::Failed(explain_forbidden(target, &rule, "", error).await.into())
        }
        .boxed()
    }
}
