//! Reads the evidence of one cluster from lists, and explains each image.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use gcr_core::domain::names::{Namespace, ServiceAccountName};
use gcr_core::engine::{Event, Hint, ObjectError, ObjectId, Query, Row, RunContext};
use gcr_core::kubernetes::pod::{Pod, PodImage};
use gcr_core::kubernetes::{ApiError, ClusterClient, RequestError};
use gcr_core::request::LineQualifiers;
use gcr_core::resources::permissions::{self, Rule};
use gcr_core::resources::pod_eviction::POD;
use gcr_google::registry::Handshake;

use super::chain::{SecretState, Secrets};
use super::diagnosis::Cause;
use super::evidence::{
    Accounts, Messages, Node, read_accounts, read_messages, read_nodes, read_pods, read_states,
};
use super::explain::{DEFAULT_SECRET, Explainer};
use super::fix::Place;
use super::kubelet_message::is_only_back_off;
use super::report::target;
use super::restart::{Restart, restart};

/// Number of pods that are explained concurrently.
const PODS: usize = 32;

/// The pods or the image to explain.
pub(super) enum Subject {
    /// Pods by name; without names the stuck ones that match.
    Pods { names: Vec<String>, labels: String },
    /// An image for the pods of an account.
    Image {
        image: String,
        account: ServiceAccountName,
    },
}

/// Explains the pods of one cluster.
pub(super) struct DoctorQuery<'a> {
    pub(super) cluster: Arc<ClusterClient>,
    pub(super) namespaces: Vec<Namespace>,
    /// Whether the user named the namespaces, so that a missing pod is an error.
    pub(super) names_them: bool,
    pub(super) qualifiers: LineQualifiers,
    pub(super) subject: &'a Subject,
    pub(super) all_registries: bool,
    /// For how long to try to evict a pod; `None` without `--restart`.
    pub(super) restart: Option<Duration>,
    pub(super) handshake: &'a Handshake,
    pub(super) run: &'a RunContext,
}

/// The content of the lists.
struct Evidence {
    accounts: Accounts,
    secrets: Secrets,
    messages: Messages,
    nodes: HashMap<String, Node>,
}

impl Query for DoctorQuery<'_> {
    fn id(&self) -> ObjectId {
        ObjectId::new(&POD, "")
    }

    fn pages(&self) -> BoxStream<'_, Result<Vec<Row>, ObjectError>> {
        let pages = async move {
            match self.explained().await {
                Ok(pages) => pages,
                Err(error) => stream::iter([Err(error)]).boxed(),
            }
        };
        stream::once(pages).flatten().boxed()
    }
}

impl<'a> DoctorQuery<'a> {
    async fn explained(&self) -> Result<BoxStream<'_, Result<Vec<Row>, ObjectError>>, ObjectError> {
        let (names, labels) = match self.subject {
            Subject::Image { image, account } => {
                let rows = self.image_rows(image, account).await?;
                return Ok(stream::iter([Ok(rows)]).boxed());
            }
            Subject::Pods { names, labels } => (names, labels),
        };
        let only = match names.as_slice() {
            [name] => Some(name.as_str()),
            _ => None,
        };
        let is_wanted = |pod: &Pod| match names.is_empty() {
            true => pod.is_stuck(),
            false => names.contains(&pod.metadata.name),
        };
        let pods = read_pods(&self.cluster, &self.namespaces, labels, only, is_wanted).await;
        let pods = pods.map_err(|error| failed(error, "pods"))?;
        let missing = self.missing(names, &pods);
        let evidence = Arc::new(self.evidence(&pods).await?);
        let explained = stream::iter(pods).map(move |(namespace, pod)| {
            let evidence = Arc::clone(&evidence);
            async move { Ok(self.pod_rows(&namespace, &pod, &evidence).await) }
        });
        let missing = stream::iter(missing.into_iter().map(Err));
        Ok(explained.buffered(PODS).chain(missing).boxed())
    }

    /// Returns an error for each pod that the user named and that does not exist.
    fn missing(&self, names: &[String], pods: &[(Namespace, Pod)]) -> Vec<ObjectError> {
        let mut errors = Vec::new();
        for name in names {
            let found: BTreeSet<&Namespace> = pods
                .iter()
                .filter(|(_, pod)| pod.metadata.name == *name)
                .map(|(namespace, _)| namespace)
                .collect();
            let text = |place: String| {
                ObjectError::new(format!(
                    "Error from server (NotFound): pods \"{name}\" not found{place}"
                ))
            };
            if !self.names_them {
                if found.is_empty() {
                    errors.push(text(String::new()));
                }
                continue;
            }
            for namespace in self.namespaces.iter().filter(|it| !found.contains(it)) {
                let place = match self.qualifiers.namespaces {
                    true => format!(" -n {namespace}"),
                    false => String::new(),
                };
                errors.push(text(place));
            }
        }
        errors
    }

    async fn evidence(&self, pods: &[(Namespace, Pod)]) -> Result<Evidence, ObjectError> {
        let namespaces: BTreeSet<Namespace> = pods
            .iter()
            .map(|(namespace, _)| namespace.clone())
            .collect();
        let namespaces: Vec<Namespace> = namespaces.into_iter().collect();
        let has_short_text = pods.iter().any(|(_, pod)| {
            let mut images = pod.images().into_iter();
            images.any(|it| it.reason.is_some() && is_only_back_off(&it.message))
        });
        let messages = async {
            match has_short_text {
                true => read_messages(&self.cluster, &namespaces).await,
                false => Messages::new(),
            }
        };
        let has_bare = pods.iter().any(|(_, pod)| pod.node().is_some());
        let nodes = async {
            match has_bare {
                true => read_nodes(&self.cluster).await,
                false => HashMap::new(),
            }
        };
        let accounts = self.accounts(&namespaces);
        let (accounts, messages, nodes) = tokio::join!(accounts, messages, nodes);
        let mut wanted = BTreeSet::new();
        for (namespace, pod) in pods {
            let account = accounts.get(&(namespace.clone(), pod.account().to_owned()));
            let listed = account.cloned().unwrap_or_default();
            wanted.extend(wanted_secrets(namespace, pod.pull_secrets(), listed));
        }
        Ok(Evidence {
            secrets: self.secrets(wanted).await,
            accounts,
            messages,
            nodes,
        })
    }

    /// Returns the pull secrets of the accounts; none if the list fails, after printing the error.
    async fn accounts(&self, namespaces: &[Namespace]) -> Accounts {
        match read_accounts(&self.cluster, namespaces).await {
            Ok(accounts) => accounts,
            Err(error) => {
                let error = failed(error, "serviceaccounts");
                if !error.not_started {
                    let context = self.cluster.context().cloned();
                    let line = error.text;
                    self.run.events.send(Event::Error { line, context }).await;
                    if let Some(hint) = error.hint {
                        self.run.events.send(Event::Hint(hint)).await;
                    }
                }
                Accounts::new()
            }
        }
    }

    async fn secrets(&self, wanted: BTreeSet<(Namespace, String)>) -> Secrets {
        let redactor = self.handshake.redactor();
        let secrets = read_states(&self.cluster, wanted, |data| {
            redactor.add_docker_config(data)
        })
        .await;
        let is_forbidden = |state: &SecretState| {
            matches!(
                state,
                SecretState::Unreadable {
                    is_forbidden: true,
                    ..
                }
            )
        };
        if secrets.values().any(is_forbidden) {
            let hint = permissions::read_secrets().hint(false);
            self.run.events.send(Event::Hint(hint)).await;
        }
        secrets
    }

    /// Explains an image for the pods of an account.
    async fn image_rows(
        &self,
        image: &str,
        account: &ServiceAccountName,
    ) -> Result<Vec<Row>, ObjectError> {
        let accounts = read_accounts(&self.cluster, &self.namespaces).await;
        let accounts = accounts.map_err(|error| failed(error, "serviceaccounts"))?;
        let mut lists = Vec::new();
        for namespace in &self.namespaces {
            match accounts.get(&(namespace.clone(), account.as_str().to_owned())) {
                Some(listed) => lists.push((namespace, listed.as_slice())),
                None if !self.names_them => {}
                None => {
                    let text = format!(
                        "Error from server (NotFound): serviceaccounts \"{account}\" not found"
                    );
                    return Err(ObjectError::new(text));
                }
            }
        }
        let wanted = lists
            .iter()
            .flat_map(|(namespace, listed)| wanted_secrets(namespace, Vec::new(), listed.to_vec()));
        let secrets = self.secrets(wanted.collect()).await;
        let mut rows = Vec::new();
        for (namespace, listed) in lists {
            let place = Place {
                context: self.shown_context(),
                namespace,
                account: account.as_str(),
                pod: None,
                secrets: &secrets,
            };
            let image = PodImage {
                container: String::new(),
                image: image.to_owned(),
                reason: None,
                message: String::new(),
            };
            let target = target(&place, self.cluster.context().cloned());
            let explained = self
                .explainer()
                .explain(&place, &image, "", listed, None, None)
                .await;
            rows.push(explained.row(target, &place, &image, "", None));
        }
        Ok(rows)
    }

    /// Explains the images for which a pod waits, or all of its images if it waits for none.
    async fn pod_rows(&self, namespace: &Namespace, pod: &Pod, evidence: &Evidence) -> Vec<Row> {
        let images = pod.images();
        let is_stuck = images.iter().any(|image| image.reason.is_some());
        let account = evidence
            .accounts
            .get(&(namespace.clone(), pod.account().to_owned()));
        let own = pod.pull_secrets();
        let node = pod.node().and_then(|name| evidence.nodes.get(name));
        let mut rows = Vec::new();
        let mut restarted: Option<Restart> = None;
        for image in images.iter().filter(|it| it.reason.is_some() || !is_stuck) {
            let place = Place {
                context: self.shown_context(),
                namespace,
                account: pod.account(),
                pod: Some((pod, image.container.as_str())),
                secrets: &evidence.secrets,
            };
            let key = (
                namespace.clone(),
                pod.metadata.name.clone(),
                image.container.clone(),
            );
            let message = match evidence.messages.get(&key) {
                Some(text) if is_only_back_off(&image.message) => text.as_str(),
                _ => image.message.as_str(),
            };
            let account = account.map(Vec::as_slice);
            let target = target(&place, self.cluster.context().cloned());
            let explainer = self.explainer();
            let explained = explainer
                .explain(&place, image, message, &own, account, node)
                .await;
            let is_mended = explained.diagnosis.cause == Cause::PodPredatesSecret;
            let timeout = self.restart.filter(|_| is_mended);
            if let Some(timeout) = timeout.filter(|_| restarted.is_none()) {
                let (cluster, run) = (&self.cluster, self.run);
                restarted = Some(restart(cluster, run, &target, namespace, pod, timeout).await);
            }
            let restarted = restarted.as_ref().filter(|_| is_mended);
            rows.push(explained.row(target, &place, image, message, restarted));
        }
        rows
    }

    fn explainer(&self) -> Explainer<'_> {
        Explainer {
            handshake: self.handshake,
            all_registries: self.all_registries,
        }
    }

    /// Returns the context that commands must name: only if the run covers several.
    fn shown_context(&self) -> Option<&str> {
        let context = self.cluster.context().filter(|_| self.qualifiers.contexts);
        context.map(|context| &**context)
    }
}

/// Returns the Secrets to read: the referenced ones, or the default one if nothing is referenced.
fn wanted_secrets(
    namespace: &Namespace,
    own: Vec<String>,
    listed: Vec<String>,
) -> Vec<(Namespace, String)> {
    let mut names: Vec<String> = own.into_iter().chain(listed).collect();
    if names.is_empty() {
        names.push(DEFAULT_SECRET.to_owned());
    }
    names
        .into_iter()
        .map(|name| (namespace.clone(), name))
        .collect()
}

/// Converts the error of a list.
fn failed(error: RequestError, resource: &'static str) -> ObjectError {
    if error.is_not_started() {
        return ObjectError::not_started(error.error_text());
    }
    let is_forbidden = error.api_error().is_some_and(ApiError::is_forbidden);
    let hint: Option<Hint> = is_forbidden.then(|| Rule::new(resource, &["list"]).hint(false));
    ObjectError {
        hint,
        ..ObjectError::new(error.error_text())
    }
}
