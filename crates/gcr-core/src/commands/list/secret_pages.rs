//! Reads the Secrets of `list` page by page, from one list or from two that it merges in storage order.

use std::collections::VecDeque;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::request::ListFilter;
use crate::domain::docker_config::google_hosts;
use crate::domain::names::Namespace;
use crate::kubernetes::object::metadata_of;
use crate::kubernetes::pager::{Item, Pager, cmp_storage_key};
use crate::kubernetes::{ClusterClient, RequestError, secrets};
use crate::resources::PullSecretSummary;

/// A Secret of the list.
pub(super) struct ListedSecret {
    pub(super) metadata: ObjectMeta,
    pub(super) summary: PullSecretSummary,
}

/// The lists of Secrets.
pub(super) struct SecretPages {
    cluster: Arc<ClusterClient>,
    lists: Vec<SecretList>,
}

struct SecretList {
    pager: Pager,
    items: VecDeque<Item>,
    /// Whether the items contain data.
    has_data: bool,
}

impl SecretPages {
    /// Returns the pages of a namespace; `None` for the whole cluster.
    pub(super) fn new(
        cluster: &Arc<ClusterClient>,
        namespace: Option<&Namespace>,
        filter: &ListFilter,
    ) -> Self {
        let list = |list, has_data| SecretList {
            pager: Pager::new(cluster, list),
            items: VecDeque::new(),
            has_data,
        };
        let labels = &filter.labels;
        let mut lists = vec![list(secrets::list_managed(namespace, labels), false)];
        if filter.unmanaged {
            lists.push(list(secrets::list_unmanaged(namespace, labels), true));
        }
        Self {
            cluster: Arc::clone(cluster),
            lists,
        }
    }

    /// Returns the next Secrets, or `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<ListedSecret>>, RequestError> {
        for list in &mut self.lists {
            while list.items.is_empty() && !list.pager.is_exhausted() {
                list.items
                    .extend(list.pager.next().await?.unwrap_or_default());
            }
        }
        let mut secrets = Vec::new();
        while let Some(list) = self.first_list() {
            let Some(item) = list.items.pop_front() else {
                break;
            };
            let has_data = list.has_data;
            // The next page of this list may contain the next Secret.
            let is_incomplete = list.items.is_empty() && !list.pager.is_exhausted();
            secrets.push(self.read(&item, has_data)?);
            if is_incomplete {
                break;
            }
        }
        Ok((!secrets.is_empty()).then_some(secrets))
    }

    /// Returns the list with the first Secret in storage order.
    fn first_list(&mut self) -> Option<&mut SecretList> {
        let lists = self.lists.iter_mut().filter(|list| !list.items.is_empty());
        lists.min_by(|left, right| cmp_storage_key(&left.key(), &right.key()))
    }

    fn read(&self, item: &Item, has_data: bool) -> Result<ListedSecret, RequestError> {
        let metadata = metadata_of(item)?;
        let mut summary = PullSecretSummary::of(&metadata);
        if has_data {
            let config = secrets::docker_config_of(&self.cluster, item);
            summary = PullSecretSummary {
                registries: config
                    .map(|config| google_hosts(&config))
                    .unwrap_or_default(),
                ..PullSecretSummary::default()
            };
        }
        Ok(ListedSecret { metadata, summary })
    }
}

impl SecretList {
    fn key(&self) -> (&str, &str) {
        let first = self.items.front();
        first.map_or(("", ""), |item| (&item.namespace, &item.name))
    }
}
