//! Finds the Secrets that carry keys: the selected ones, and with `--scope-check` those of the whole cluster.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;
use gcr_core::commands::{NamespaceSelection, SelectedCluster, listed_namespaces};
use gcr_core::domain::contained_keys::ContainedKey;
use gcr_core::domain::names::{Namespace, SecretName};
use gcr_core::domain::namespace_filter::{NamespaceClass, NamespaceFilter};
use gcr_core::engine::{Event, Hint, RunContext};
use gcr_core::kubernetes::object::metadata_of;
use gcr_core::kubernetes::pager::{List, Pager};
use gcr_core::kubernetes::{ApiError, ClusterClient, RequestError, secrets};
use gcr_core::resources::ReadAccess;
use gcr_core::resources::permissions::{Rule, list_of, rotate_secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::carrier::{Carrier, Place, place_text};
use super::contained_keys::{KnownKeys, carriers_among, foreign_carriers};
use super::request::RotateRequest;

/// Above this number of namespaces, one list of the cluster replaces the reads.
const MAX_READS: usize = 50;
/// Number of concurrent reads.
const CONCURRENT_READS: usize = 16;

/// The selected namespaces of one cluster.
pub(super) struct ClusterScope {
    pub(super) client: Arc<ClusterClient>,
    pub(super) access: Arc<ReadAccess>,
    names: BTreeSet<Namespace>,
    /// Which namespaces made during the run are selected too.
    filter: Option<NamespaceFilter>,
    /// Whether the user named the namespaces.
    pub(super) is_named: bool,
    /// Whether the namespaces could be listed.
    is_complete: bool,
    is_one_of_several: bool,
    /// Whether the server has forbidden the list of the whole cluster.
    is_list_forbidden: AtomicBool,
}

/// The selected namespaces of all clusters.
pub(super) struct Scopes {
    pub(super) clusters: Vec<ClusterScope>,
    name: Option<SecretName>,
    /// Whether the rest of each cluster is searched too.
    whole: bool,
    field_manager: String,
    known: KnownKeys,
}

/// The Secrets that were found, and the places that could not be searched.
#[derive(Default)]
pub(super) struct SearchResult {
    pub(super) carriers: Vec<Carrier>,
    /// Selected Secrets that could not be read.
    pub(super) unread: Vec<Unread>,
    /// The places outside of the selection that could not be searched.
    pub(super) unsearched: Vec<Unread>,
}

/// An object or a list that could not be read.
pub(super) struct Unread {
    /// The problem as a clause, such as `the Secrets could not be read`.
    pub(super) problem: String,
    /// The error to print; `None` if another line states it.
    pub(super) error: Option<String>,
    pub(super) context: Option<Arc<str>>,
    pub(super) hint: Option<Hint>,
}

impl Scopes {
    /// Reads the selected namespaces. Reports the lists that fail.
    pub(super) async fn open(
        request: &RotateRequest,
        clusters: Vec<SelectedCluster<'_>>,
        run: &RunContext,
    ) -> Self {
        // Exec plugins that may prompt run first and one at a time, so that no output mixes with a prompt.
        for selected in clusters.iter().filter(|selected| selected.can_prompt) {
            selected.cluster.authenticate().await;
        }
        let is_one_of_several = clusters.len() > 1;
        let clusters = clusters.iter().map(async |selected| {
            let (names, is_complete) = listed_namespaces(selected, run).await;
            let (filter, is_named) = match &selected.selection {
                NamespaceSelection::Explicit(_) => (None, true),
                NamespaceSelection::Selector(selector) => {
                    let by_label = selector.labels.is_some();
                    ((!by_label).then(|| selector.filter.clone()), false)
                }
            };
            ClusterScope {
                client: Arc::clone(&selected.cluster),
                access: Arc::default(),
                names: names.into_iter().collect(),
                filter,
                is_named,
                is_complete,
                is_one_of_several,
                is_list_forbidden: AtomicBool::new(false),
            }
        });
        Self {
            clusters: join_all(clusters).await,
            name: request.name.clone(),
            whole: request.scope_check,
            field_manager: request.execution.field_manager.clone(),
            known: KnownKeys::default(),
        }
    }

    /// Returns the context of a Secret's cluster.
    pub(super) fn context(&self, place: &Place) -> Option<Arc<str>> {
        self.clusters[place.0].client.context().cloned()
    }

    /// Returns the place of a Secret for a message.
    pub(super) fn text(&self, place: &Place) -> String {
        // As in the lines of objects: the context only where there are several.
        let context = self.context(place).filter(|_| self.clusters.len() > 1);
        place_text(place, context.as_deref())
    }

    /// Reads the clusters.
    pub(super) async fn search(&self) -> SearchResult {
        let searches = (0..self.clusters.len()).map(|index| self.search_cluster(index));
        let mut all = SearchResult::default();
        for search in join_all(searches).await {
            all.carriers.extend(search.carriers);
            all.unread.extend(search.unread);
            all.unsearched.extend(search.unsearched);
        }
        all
    }

    /// Searches the clusters for Secrets of other clients that contain one of these keys of an account. Returns what keeps the keys
    /// enabled, as sentences.
    pub(super) async fn search_foreign(&self, account: &str, keys: &[&str]) -> Vec<String> {
        let searches = self
            .clusters
            .iter()
            .enumerate()
            .map(async |(index, scope)| {
                if !self.whole || scope.is_list_forbidden.load(Ordering::Relaxed) {
                    return Vec::new();
                }
                let is_wanted =
                    |key: ContainedKey| key.account == account && keys.contains(&&*key.id);
                match foreign_carriers(index, &scope.client, is_wanted).await {
                    Ok(places) => {
                        let places = places.iter();
                        places
                            .map(|place| format!("{} carries it", self.text(place)))
                            .collect()
                    }
                    Err(error) => {
                        let problem = "the Secrets of other clients{context} could not be read";
                        let unread = scope.unread(problem, Some((&error, None)));
                        let reason = unread.error.map(|it| format!(": {it}"));
                        vec![format!("{}{}", unread.problem, reason.unwrap_or_default())]
                    }
                }
            });
        join_all(searches).await.concat()
    }

    async fn search_cluster(&self, index: usize) -> SearchResult {
        let scope = &self.clusters[index];
        let mut search = SearchResult::default();
        if !scope.is_complete {
            let problem = "the namespaces{context} could not be read";
            search.unread.push(scope.unread(problem, None));
        }
        let lists = self.whole || scope.names.len() > MAX_READS;
        if lists && !scope.is_list_forbidden.load(Ordering::Relaxed) {
            // The rest of the cluster is searched for any name.
            let name = self.name.as_ref().filter(|_| !self.whole);
            let list = secrets::list_pull_secrets(None, name);
            match read_list(&scope.client, list).await {
                Ok(found) => {
                    let is_selected = |place: &Place| self.selects(place);
                    self.add_carriers(index, found, is_selected, &mut search)
                        .await;
                    return search;
                }
                Err(error) if error.api_error().is_some_and(ApiError::is_forbidden) => {
                    scope.is_list_forbidden.store(true, Ordering::Relaxed);
                }
                Err(error) => {
                    let problem = "the Secrets{context} could not be read";
                    let unread = scope.unread(problem, Some((&error, None)));
                    search.unread.push(unread);
                    return search;
                }
            }
        }
        if self.whole {
            let problem =
                "the Secrets outside of the selected namespaces{context} may not be searched";
            let mut unsearched = scope.unread(problem, None);
            unsearched.hint = Some(list_of("secrets").hint(true));
            search.unsearched.push(unsearched);
        }
        self.search_each(index, &mut search).await;
        search
    }

    /// Reads the selected namespaces one by one.
    async fn search_each(&self, index: usize, search: &mut SearchResult) {
        let scope = &self.clusters[index];
        let reads = stream::iter(&scope.names).map(async |namespace| match &self.name {
            Some(name) => {
                let read = scope.client.read_secret_metadata(namespace, name).await;
                let found = read.map(|it| it.into_iter().collect::<Vec<_>>());
                (namespace, found, rotate_secret(Some(name), false))
            }
            None => {
                let list = secrets::list_pull_secrets(Some(namespace), None);
                let found = read_list(&scope.client, list).await;
                (namespace, found, list_of("secrets"))
            }
        });
        let mut reads = reads.buffered(CONCURRENT_READS);
        let mut all = Vec::new();
        while let Some((namespace, found, rule)) = reads.next().await {
            match found {
                Ok(found) => all.extend(found),
                Err(error) => {
                    let problem = format!(
                        "the Secrets of namespace {namespace}{{context}} could not be read"
                    );
                    let unread = scope.unread(&problem, Some((&error, Some(rule))));
                    search.unread.push(unread);
                }
            }
        }
        drop(reads);
        self.add_carriers(index, all, |_| true, search).await;
    }

    /// Adds the carriers among these Secrets. A Secret that may be one, because its data cannot be read, counts as unread.
    async fn add_carriers(
        &self,
        index: usize,
        found: Vec<ObjectMeta>,
        is_selected: impl Fn(&Place) -> bool,
        search: &mut SearchResult,
    ) {
        let scope = &self.clusters[index];
        let (carriers, unread) = carriers_among(
            index,
            &scope.client,
            found,
            &self.field_manager,
            &self.known,
        )
        .await;
        search
            .carriers
            .extend(carriers.into_iter().map(|carrier| Carrier {
                in_scope: is_selected(&carrier.place),
                ..carrier
            }));
        for (place, error) in unread {
            let secret = place_text(&place, None);
            let problem = format!(
                "{secret}{{context}} may carry it, because its data cannot be read and its annotations do not prove its key"
            );
            let rule = Rule::new("secrets", &["get"]).named([&place.2]);
            let unread = scope.unread(&problem, Some((&error, Some(rule))));
            if is_selected(&place) {
                search.unread.push(unread);
            } else {
                search.unsearched.push(unread);
            }
        }
    }

    fn selects(&self, (cluster, namespace, name): &Place) -> bool {
        let scope = &self.clusters[*cluster];
        let is_new = || {
            let filter = scope.filter.as_ref();
            filter.is_some_and(|it| it.classify(namespace) == NamespaceClass::Included)
        };
        self.name.as_ref().is_none_or(|selected| selected == name)
            && (scope.names.contains(namespace) || is_new())
    }
}

/// Reads all pages of a list. An item without valid metadata makes the list an error: a Secret that is overlooked would
/// lose its key.
async fn read_list(
    client: &Arc<ClusterClient>,
    list: List,
) -> Result<Vec<ObjectMeta>, RequestError> {
    let items = Pager::new(client, list).all().await?;
    items.iter().map(metadata_of).collect()
}

impl ClusterScope {
    /// `problem` has `{context}` in place of the context, which is named where there are several.
    fn unread(&self, problem: &str, error: Option<(&RequestError, Option<Rule>)>) -> Unread {
        let context = self.client.context().cloned();
        let place = context.as_deref().filter(|_| self.is_one_of_several);
        let place = place.map(|it| {
            let context = kube_clientcmd::escape_control::escape_control(it);
            format!(" --context {context}")
        });
        let problem = problem.replace("{context}", &place.unwrap_or_default());
        let Some((error, rule)) = error else {
            return Unread {
                problem,
                error: None,
                context,
                hint: None,
            };
        };
        let is_forbidden = error.api_error().is_some_and(ApiError::is_forbidden);
        Unread {
            problem,
            error: (!error.is_not_started()).then(|| error.error_text()),
            context,
            hint: rule.filter(|_| is_forbidden).map(|rule| rule.hint(false)),
        }
    }
}

impl SearchResult {
    /// Prints the errors of the reads that failed.
    pub(super) async fn report_unread(&self, run: &RunContext) {
        for unread in &self.unread {
            if let Some(line) = unread.error.clone() {
                let context = unread.context.clone();
                run.events.send(Event::Error { line, context }).await;
            }
            if let Some(hint) = unread.hint.clone() {
                run.events.send(Event::Hint(hint)).await;
            }
        }
    }

    /// Returns the ids of the keys of an account that Secrets carry.
    pub(super) fn keys_of<'a>(&'a self, account: &'a str) -> impl Iterator<Item = &'a str> {
        let carriers = self.carriers_of(account, |_| true);
        carriers.flat_map(|it| it.keys.iter().map(String::as_str))
    }

    /// Returns the Secrets that carry one of these keys of an account.
    pub(super) fn carriers_of<'a>(
        &'a self,
        account: &'a str,
        is_wanted: impl Fn(&str) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Carrier> {
        let carriers = self.carriers.iter();
        carriers.filter(move |it| it.account == account && it.keys.iter().any(|key| is_wanted(key)))
    }
}
