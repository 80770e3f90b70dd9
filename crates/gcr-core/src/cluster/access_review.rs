//! Asks the server what we may do, after it said 403: a missing right and a refusal by admission look the same.
//!
//! Never asked beforehand: the write itself is the better question.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::Cluster;
use super::exchange::{Call, JSON, OBJECT_LIMIT};
use crate::domain::names::Namespace;

/// A verb, a resource, a namespace and a name.
type Question = (&'static str, &'static str, Namespace, String);
/// Questions asked of one cluster at most: a fleet without rights needs no answer for each of its namespaces.
const QUESTIONS: usize = 32;
/// Yes, no, or no answer; asked once, however many wait for it.
type Answer = Arc<OnceCell<Option<bool>>>;

/// The answers of one cluster, each question asked once.
#[derive(Debug, Default)]
pub struct Reviews(Mutex<HashMap<Question, Answer>>);

impl Cluster {
    /// Whether we may `verb` the `resource` called `name`, or `None` where the server would not say.
    ///
    /// Asks a SelfSubjectAccessReview (`authorization.k8s.io/v1`), once a question. Rights differ between namespaces,
    /// so one namespace's answer says nothing of another; after 32 questions no more are asked.
    pub async fn may(
        &self,
        verb: &'static str,
        resource: &'static str,
        namespace: &Namespace,
        name: &str,
    ) -> Option<bool> {
        let cell = {
            let mut reviews = self
                .reviews
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let question = (verb, resource, namespace.clone(), name.to_owned());
            if reviews.len() >= QUESTIONS && !reviews.contains_key(&question) {
                return None;
            }
            Arc::clone(reviews.entry(question).or_default())
        };
        *cell
            .get_or_init(|| self.review(verb, resource, namespace, name))
            .await
    }

    async fn review(
        &self,
        verb: &str,
        resource: &str,
        namespace: &Namespace,
        name: &str,
    ) -> Option<bool> {
        let body = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "namespace": namespace.as_str(), "verb": verb, "resource": resource, "name": name,
            }},
        });
        let call = Call {
            method: Method::POST,
            path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned(),
            content_type: Some("application/json"),
            accept: JSON,
            body: Bytes::from(body.to_string()),
            limit: OBJECT_LIMIT,
            subject: "post selfsubjectaccessreviews.authorization.k8s.io".to_owned(),
        };
        let reply: Value = self.exchange(&call, None).await.ok()?.json().ok()?;
        reply.pointer("/status/allowed").and_then(Value::as_bool)
    }
}
