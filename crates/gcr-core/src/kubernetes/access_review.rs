//! Asks the server what we may do, after it said 403: a missing right and a refusal by admission look the same.
//!
//! Never asked beforehand: the write itself is the better question.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::ClusterClient;
use super::api_request::{ApiRequest, JSON, OBJECT_LIMIT};
use crate::domain::names::Namespace;

/// A verb, a resource, a namespace and, for a request about one object, its name.
type Question = (&'static str, &'static str, Namespace, Option<String>);
/// Questions about one verb and resource asked at most: a fleet without rights needs no answer for each of its namespaces.
const QUESTIONS: usize = 32;
/// Yes, no, or no answer; asked once, however many wait for it.
type Answer = Arc<OnceCell<Option<bool>>>;

/// The answers of one cluster, each question asked once.
#[derive(Debug, Default)]
pub struct AccessReviewCache(Mutex<HashMap<Question, Answer>>);

impl AccessReviewCache {
    /// The answer to a question; where enough of its kind were asked, those.
    fn of(&self, question: Question) -> (Option<Answer>, Vec<(Question, Answer)>) {
        let mut access_reviews = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = access_reviews.get(&question) {
            return (Some(Arc::clone(answer)), Vec::new());
        }
        let alike: Vec<_> = access_reviews
            .iter()
            .filter(|(other, _)| (other.0, other.1) == (question.0, question.1))
            .map(|(other, answer)| (other.clone(), Arc::clone(answer)))
            .collect();
        if alike.len() >= QUESTIONS {
            return (None, alike);
        }
        (
            Some(Arc::clone(access_reviews.entry(question).or_default())),
            Vec::new(),
        )
    }
}

impl ClusterClient {
    /// Returns whether the caller may `verb` the `resource` called `name`, or `None` when the server does not answer.
    ///
    /// `name` must be `None` where the request in question names no object, as a `list`: with a name, a role that grants the
    /// verb for `resourceNames` only would allow the review although it does not allow the request.
    ///
    /// Asks a SelfSubjectAccessReview (`authorization.k8s.io/v1`), once a question. Rights differ between namespaces, so
    /// one namespace's answer says nothing of another; but what 32 of them say with one voice is taken for the rest.
    pub async fn can_i(
        &self,
        verb: &'static str,
        resource: &'static str,
        namespace: &Namespace,
        name: Option<&str>,
    ) -> Option<bool> {
        let question = (verb, resource, namespace.clone(), name.map(str::to_owned));
        let (own, others) = self.access_reviews.of(question);
        if let Some(cell) = own {
            return *cell
                .get_or_init(|| self.review(verb, resource, namespace, name))
                .await;
        }
        let mut answer = None;
        for ((.., namespace, name), cell) in &others {
            let other = *cell
                .get_or_init(|| self.review(verb, resource, namespace, name.as_deref()))
                .await;
            if other.is_none() || (answer.is_some() && answer != other) {
                return None;
            }
            answer = other;
        }
        answer
    }

    async fn review(
        &self,
        verb: &str,
        resource: &str,
        namespace: &Namespace,
        name: Option<&str>,
    ) -> Option<bool> {
        let body = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "namespace": namespace.as_str(), "verb": verb, "resource": resource, "name": name,
            }},
        });
        let call = ApiRequest {
            method: Method::POST,
            path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned(),
            content_type: Some("application/json"),
            accept: JSON,
            body: Bytes::from(body.to_string()),
            limit: OBJECT_LIMIT,
            description: "post selfsubjectaccessreviews.authorization.k8s.io".to_owned(),
        };
        let reply: Value = self.send(&call, None).await.ok()?.json().ok()?;
        reply.pointer("/status/allowed").and_then(Value::as_bool)
    }
}
