//! Asks Google with the operator's credentials what a refusal means: `--explain`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use gcr_core::domain::redactor::Redactor;
use gcr_google::api_client::ApiClient;
use gcr_google::api_error::Reason;
use gcr_google::error::GoogleError;
use gcr_google::iam_keys::AccountRef;
use gcr_google::names::{KeyId, ProjectId, RepositoryName, ServiceAccountEmail};
use gcr_google::registry::{Finding, Step, StepName, Verdict};
use kube_clientcmd::escape_control::escape_control;
use tokio::sync::OnceCell;

use super::finding::Facts;
use super::requested::Requested;
use crate::google_args::{Google, GoogleOptions};

/// Google's answers to the operator.
pub(crate) struct OperatorView {
    redactor: Arc<Redactor>,
    client: OnceCell<Result<ApiClient, String>>,
    /// The answers by the object in question; each is requested once.
    answers: Mutex<HashMap<String, Arc<OnceCell<Answer>>>>,
}

/// The answer to one question.
#[derive(Clone)]
struct Answer {
    step: Step,
    verdict: Verdict,
    /// The meaning of the refusal; `None` if the response does not tell.
    meaning: Option<String>,
}

/// A finding with Google's answer to the operator.
pub(crate) struct Explained {
    /// The finding, with the resulting verdict and a further step.
    pub(crate) finding: Finding,
    /// The meaning of the verdict.
    pub(crate) meaning: Option<String>,
}

impl OperatorView {
    /// Creates a view. Looks for credentials when the first question comes.
    pub(crate) fn new(redactor: &Arc<Redactor>) -> Self {
        Self {
            redactor: Arc::clone(redactor),
            client: OnceCell::new(),
            answers: Mutex::default(),
        }
    }

    /// Returns what a refusal means: whether the role is missing or the repository, and what became of a key. Returns `None` for
    /// verdicts that say that themselves.
    pub(crate) async fn explain(
        &self,
        requested: &Requested,
        facts: &Facts,
        finding: &Finding,
    ) -> Option<Explained> {
        let target = &requested.target;
        let answer = match finding.verdict {
            Verdict::PermissionDenied => {
                let path = target.repository.as_deref().unwrap_or_default();
                let repository = RepositoryName::of_registry(&target.host, path, None).ok()?;
                let question = format!("{repository} {:?}", facts.account);
                let answer = self.cell(question);
                let ask = || self.repository(&repository, facts.account.as_deref());
                answer.get_or_init(ask).await.clone()
            }
            Verdict::KeyRevoked => {
                let email: ServiceAccountEmail = facts.account.as_deref()?.parse().ok()?;
                let key: KeyId = facts.key_id.as_deref()?.parse().ok()?;
                let project = email.project()?;
                let answer = self.cell(format!("{email} {key}"));
                let ask = || self.key(&project, &email, &key);
                answer.get_or_init(ask).await.clone()
            }
            _ => return None,
        };
        let mut finding = finding.clone();
        finding.verdict = answer.verdict;
        finding.steps.push(answer.step);
        let meaning = answer.meaning;
        Some(Explained { finding, meaning })
    }

    fn cell(&self, question: String) -> Arc<OnceCell<Answer>> {
        let answers = self.answers.lock();
        let mut answers = answers.unwrap_or_else(PoisonError::into_inner);
        Arc::clone(answers.entry(question).or_default())
    }

    async fn client(&self, project: &ProjectId) -> Result<&ApiClient, String> {
        let connect = || async {
            let google = Google::open(Arc::clone(&self.redactor)).await;
            let google = google.map_err(|failure| failure.text)?;
            let client = google.connect(&GoogleOptions::default(), project).await;
            client.map_err(|failure| failure.text)
        };
        let client = self.client.get_or_init(connect).await;
        client.as_ref().map_err(Clone::clone)
    }

    async fn repository(&self, name: &RepositoryName, account: Option<&str>) -> Answer {
        let started = Instant::now();
        let denied = Verdict::PermissionDenied;
        let client = match self.client(&name.project).await {
            Ok(client) => client,
            Err(error) => return Answer::unknown(started, denied, error),
        };
        let account = account.map_or("the account".into(), escape_control);
        match client.repository(name).await {
            Ok(Some(_)) => {
                let meaning = format!(
                    "the repository exists, and {account} lacks the role roles/artifactregistry.reader on it"
                );
                Answer::new(started, 200, denied, meaning)
            }
            Ok(None) => {
                let meaning = format!(
                    "the repository {} does not exist in location {} of project {}",
                    name.id, name.location, name.project
                );
                Answer::new(started, 404, Verdict::RepositoryNotFound, meaning)
            }
            Err(error) if matches!(error.reason(), Some(Reason::ServiceDisabled { .. })) => {
                let meaning = Verdict::ApiDisabled.meaning().to_owned();
                Answer::new(started, 403, Verdict::ApiDisabled, meaning)
            }
            Err(error) => Answer::failed(started, denied, &error),
        }
    }

    async fn key(&self, project: &ProjectId, email: &ServiceAccountEmail, key: &KeyId) -> Answer {
        let started = Instant::now();
        let revoked = Verdict::KeyRevoked;
        let client = match self.client(project).await {
            Ok(client) => client,
            Err(error) => return Answer::unknown(started, revoked, error),
        };
        let found = match client.key(AccountRef { project, email }, key).await {
            Ok(found) => found,
            Err(error) => return Answer::failed(started, revoked, &error),
        };
        let Some(found) = found else {
            return Answer::new(started, 404, revoked, format!("the key {key} was deleted"));
        };
        let meaning = if found.disabled {
            format!("the key {key} is disabled")
        } else if found.has_expired() {
            format!("the key {key} has expired")
        } else {
            format!("the key {key} exists, and its private part is another one")
        };
        Answer::new(started, 200, revoked, meaning)
    }
}

impl Answer {
    fn new(started: Instant, status: u16, verdict: Verdict, meaning: String) -> Self {
        Self {
            step: step(started, Some(status), String::new()),
            verdict,
            meaning: Some(meaning),
        }
    }

    fn failed(started: Instant, verdict: Verdict, error: &GoogleError) -> Self {
        Self::unknown(started, verdict, error.to_string())
    }

    /// Returns an answer that leaves the verdict as it is.
    fn unknown(started: Instant, verdict: Verdict, error: String) -> Self {
        Self {
            step: step(started, None, error.clone()),
            meaning: Some(format!(
                "{}; --explain does not tell: {error}",
                verdict.meaning()
            )),
            verdict,
        }
    }
}

fn step(started: Instant, status: Option<u16>, text: String) -> Step {
    Step {
        name: StepName::Explain,
        status,
        text,
        elapsed: started.elapsed(),
    }
}
