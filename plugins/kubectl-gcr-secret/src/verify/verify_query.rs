//! Checks the Secrets of a cluster concurrently, or one file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use gcr_core::domain::names::{Namespace, SecretName};
use gcr_core::engine::{
    Event, EventSender, ObjectError, ObjectId, Query, Row, TargetName, TargetScope,
};
use gcr_core::kubernetes::{ApiError, ClusterClient};
use gcr_core::request::LineQualifiers;
use gcr_core::resources::{permissions, secret};
use gcr_google::keyring::Keyring;
use gcr_google::registry::{Finding, Handshake, Login, UnsupportedHost, Verdict};
use kube_clientcmd::escape_control::escape_control;

use super::finding::{Checked, Facts, without_steps};
use super::operator_view::OperatorView;
use super::requested::Requested;
use super::secret_source::{Read, read_secrets};
use super::source::{Content, Source};
use crate::pod_reads::{PodImages, images_by_namespace};

/// Number of sources that are checked concurrently.
const CHECKS: usize = 32;

/// The questions to the registries, the same for every source.
pub(crate) struct Question {
    /// The hosts, repositories and images of the flags; empty for the hosts in the source.
    pub(crate) requested: Vec<Requested>,
    /// Whether to ask for the images of the pods in scope.
    pub(crate) from_pods: bool,
    /// The Secrets.
    pub(crate) names: Vec<SecretName>,
}

/// Checks the Secrets of one cluster.
pub(crate) struct VerifyQuery<'a> {
    pub(crate) cluster: Arc<ClusterClient>,
    pub(crate) namespaces: Vec<Namespace>,
    /// Whether the user named the namespaces, so that a missing Secret is an error.
    pub(crate) names_them: bool,
    pub(crate) qualifiers: LineQualifiers,
    pub(crate) question: &'a Question,
    pub(crate) handshake: &'a Handshake,
    /// The operator's view of Google, with `--explain`.
    pub(crate) operator: Option<&'a OperatorView>,
    pub(crate) events: EventSender,
}

/// Checks a file.
pub(crate) struct FileQuery<'a> {
    pub(crate) source: Source,
    pub(crate) question: &'a Question,
    pub(crate) handshake: &'a Handshake,
    /// The operator's view of Google, with `--explain`.
    pub(crate) operator: Option<&'a OperatorView>,
    pub(crate) events: EventSender,
}

/// The parts of a check that all sources share.
struct Checker<'a> {
    question: &'a Question,
    handshake: &'a Handshake,
    operator: Option<&'a OperatorView>,
    events: &'a EventSender,
}

/// A credential that may apply to a request.
struct Candidate<'a> {
    entry: Option<&'a str>,
    login: &'a Login,
}

impl Query for FileQuery<'_> {
    fn id(&self) -> ObjectId {
        self.source.object.clone()
    }

    fn pages(&self) -> BoxStream<'_, Result<Vec<Row>, ObjectError>> {
        let checker = Checker {
            question: self.question,
            handshake: self.handshake,
            operator: self.operator,
            events: &self.events,
        };
        let rows = async move { Ok(checker.rows(&self.source, None).await) };
        stream::once(rows).boxed()
    }
}

impl Query for VerifyQuery<'_> {
    fn id(&self) -> ObjectId {
        let name = self.question.names.first();
        ObjectId::new(&secret::SECRET, name.map_or("", SecretName::as_str))
    }

    fn pages(&self) -> BoxStream<'_, Result<Vec<Row>, ObjectError>> {
        let pages = stream::once(async move {
            let images = if self.question.from_pods {
                images_by_namespace(&self.cluster, &self.namespaces).await
            } else {
                Ok(PodImages::new())
            };
            match images {
                Ok(images) => self.checks(images),
                Err(error) => {
                    let is_forbidden = error.api_error().is_some_and(ApiError::is_forbidden);
                    let error = ObjectError {
                        hint: is_forbidden.then(|| permissions::list_of("pods").hint(false)),
                        ..ObjectError::new(error.error_text())
                    };
                    stream::iter([Err(error)]).boxed()
                }
            }
        });
        pages.flatten().boxed()
    }
}

impl VerifyQuery<'_> {
    /// Reads and checks the Secrets. Pages come in the order in which the Secrets are read.
    fn checks(&self, images: PodImages) -> BoxStream<'_, Result<Vec<Row>, ObjectError>> {
        let images = Arc::new(images);
        let names = &self.question.names;
        let pairs = |namespace: &Namespace| {
            let namespace = namespace.clone();
            names
                .iter()
                .map(move |name| (namespace.clone(), name.clone()))
        };
        let wanted = self.namespaces.iter().flat_map(pairs).collect();
        let pages = read_secrets(&self.cluster, wanted).map(move |read| {
            let images = Arc::clone(&images);
            async move { self.check(read, &images).await }
        });
        pages.buffered(CHECKS).boxed()
    }

    async fn check(
        &self,
        (namespace, name, read): Read,
        images: &BTreeMap<Namespace, BTreeSet<String>>,
    ) -> Result<Vec<Row>, ObjectError> {
        let place = if self.qualifiers.namespaces {
            format!(" -n {namespace}")
        } else {
            String::new()
        };
        let stored = match read {
            Ok(Some(stored)) => stored,
            // With -A or a selector, a namespace without the Secret is not an error.
            Ok(None) if !self.names_them => return Ok(Vec::new()),
            Ok(None) => {
                let text =
                    format!("Error from server (NotFound): secrets \"{name}\" not found{place}");
                return Err(ObjectError::new(text));
            }
            Err(error) if error.is_not_started() => {
                return Err(ObjectError::not_started(error.error_text()));
            }
            Err(error) => {
                let is_forbidden = error.api_error().is_some_and(ApiError::is_forbidden);
                let rule = &permissions::verify(&self.question.names, false)[0];
                return Err(ObjectError {
                    hint: is_forbidden.then(|| rule.hint(false)),
                    ..ObjectError::new(format!("{}{place}", error.error_text()))
                });
            }
        };
        let target = TargetName {
            context: self.cluster.context().cloned(),
            scope: TargetScope::Namespace(namespace.clone()),
        };
        let redactor = self.handshake.redactor();
        let source = Source::of_secret(target, secret::id(&name), &stored, redactor);
        let checker = Checker {
            question: self.question,
            handshake: self.handshake,
            operator: self.operator,
            events: &self.events,
        };
        let images = images.get(&namespace);
        Ok(checker.rows(&source, images).await)
    }
}

impl Checker<'_> {
    /// Returns the findings about one source. `images` are those of the pods in its namespace.
    async fn rows(&self, source: &Source, images: Option<&BTreeSet<String>>) -> Vec<Row> {
        let row = |label: Option<&str>, finding: &Finding| {
            Checked {
                target: &source.target,
                object: &source.object,
                label,
                entry: None,
                user: None,
                facts: Facts::default(),
                finding,
                meaning: None,
                needs_image: false,
            }
            .row()
        };
        if let Content::Unusable(reason) = &source.content {
            let finding = without_steps(Verdict::BadEncoding, reason.as_str());
            return vec![row(None, &finding)];
        }
        let requested = self.requested(source, images);
        if requested.is_empty() && self.question.from_pods {
            return Vec::new();
        }
        let checks = requested
            .iter()
            .map(|requested| self.check(source, requested));
        let checks: Vec<_> = checks.collect();
        let rows: Vec<Row> = stream::iter(checks)
            .buffered(CHECKS)
            .filter_map(std::future::ready)
            .collect()
            .await;
        if !rows.is_empty() {
            return rows;
        }
        let reason = "it has no entry for a registry of Google";
        let finding = without_steps(Verdict::NoCredentialForHost, reason);
        vec![row(None, &finding)]
    }

    /// Returns what to ask with this source: what the flags say, the images of pods, or the hosts in it.
    fn requested(&self, source: &Source, images: Option<&BTreeSet<String>>) -> Vec<Requested> {
        let mut requested = self.question.requested.clone();
        if self.question.from_pods {
            let mut known = BTreeSet::new();
            let of_pods = images.into_iter().flatten();
            let of_pods = of_pods.filter_map(|image| Requested::of_repository(image).ok());
            requested.extend(of_pods.filter(|found| {
                let is_answered = match &source.content {
                    Content::Entries(keyring) => !keyring.matching(&found.repository).is_empty(),
                    _ => found.is_google(),
                };
                is_answered && known.insert(found.repository.clone())
            }));
            return requested;
        }
        if requested.is_empty() {
            match &source.content {
                Content::Entries(keyring) => {
                    let names = keyring.entries().iter().map(|entry| entry.name.as_str());
                    requested.extend(names.map(Requested::of_entry));
                }
                _ => requested.push(Requested::of_entry("gcr.io")),
            }
        }
        requested
    }

    /// Asks a registry with each credential that kubelet would try, until one works. Returns `None` for a host that the
    /// command does not contact.
    async fn check(&self, source: &Source, requested: &Requested) -> Option<Row> {
        let candidates = candidates(&source.content, requested);
        let mut first: Option<(Option<&str>, &Login, Arc<Finding>)> = None;
        for Candidate { entry, login } in candidates {
            match self.handshake.check(login, &requested.target).await {
                Ok(finding) => {
                    let is_ok = finding.verdict == Verdict::Ok;
                    if is_ok || first.is_none() {
                        first = Some((entry, login, finding));
                    }
                    if is_ok {
                        break;
                    }
                }
                Err(error) => {
                    self.note_skipped(source, &error).await;
                    return None;
                }
            }
        }
        let (entry, user, facts, finding) = match first {
            Some((entry, login, finding)) => (
                entry,
                Some(login.username.as_str()),
                Facts::of(login),
                finding,
            ),
            None => {
                let label = escape_control(&requested.label);
                let reason = format!("it has no entry for {label}");
                let finding = without_steps(Verdict::NoCredentialForHost, reason);
                (None, None, Facts::default(), Arc::new(finding))
            }
        };
        let explained = match self.operator {
            Some(operator) => operator.explain(requested, &facts, &finding).await,
            None => None,
        };
        let (finding, meaning) = match &explained {
            Some(explained) => (&explained.finding, explained.meaning.as_deref()),
            None => (&*finding, None),
        };
        let checked = Checked {
            target: &source.target,
            object: &source.object,
            label: Some(&requested.label),
            entry,
            user,
            facts,
            finding,
            meaning,
            needs_image: requested.target.reference.is_some(),
        };
        Some(checked.row())
    }

    async fn note_skipped(&self, source: &Source, error: &UnsupportedHost) {
        let host = escape_control(&error.host);
        let place = match source.target.namespace() {
            Some(namespace) => format!(" -n {namespace}"),
            None => String::new(),
        };
        let line = format!(
            "{} skipped: {host}: not a registry of Google (use --allow-any-host to check it){place}",
            source.object
        );
        let context = source.target.context.clone();
        self.events.send(Event::Note { line, context }).await;
    }
}

/// Returns the credentials that apply to a request, in the order in which kubelet tries them.
fn candidates<'a>(content: &'a Content, requested: &Requested) -> Vec<Candidate<'a>> {
    let keyring: &Keyring = match content {
        Content::Entries(keyring) => keyring,
        Content::Login(login) => return vec![Candidate { entry: None, login }],
        Content::Unusable(_) => return Vec::new(),
    };
    let entries = if requested.is_host() {
        // A credential for a part of a host proves the host too.
        let host = &requested.target.host;
        let is_of_host = |name: &str| Requested::of_entry(name).target.host == *host;
        let entries = keyring.entries().iter();
        entries.filter(|entry| is_of_host(&entry.name)).collect()
    } else {
        keyring.matching(&requested.repository)
    };
    let candidates = entries.into_iter().map(|entry| Candidate {
        entry: Some(&entry.name),
        login: &entry.login,
    });
    candidates.collect()
}
