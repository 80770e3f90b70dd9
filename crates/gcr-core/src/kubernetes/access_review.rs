//! Asks the server after a 403 whether the caller has a permission: a missing permission and a rejection by admission
//! control look the same.
//!
//! The plugins send no review before a write: the write itself gives the answer.

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
type Review = (&'static str, &'static str, Namespace, Option<String>);
/// Maximum number of reviews per verb and resource: a sample of the namespaces is enough for a hint.
const MAX_REVIEWS: usize = 32;
/// Whether the request is allowed; `None` if the review failed. Concurrent callers share one review.
type Answer = Arc<OnceCell<Option<bool>>>;

/// The results of the reviews of one cluster.
#[derive(Debug, Default)]
pub struct AccessReviewCache(Mutex<HashMap<Review, Answer>>);

impl AccessReviewCache {
    /// Returns the cell for `review`, or all cells for its verb and resource once there are [`MAX_REVIEWS`].
    fn get(&self, review: Review) -> (Option<Answer>, Vec<(Review, Answer)>) {
        let mut access_reviews = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = access_reviews.get(&review) {
            return (Some(Arc::clone(answer)), Vec::new());
        }
        let similar: Vec<_> = access_reviews
            .iter()
            .filter(|(other, _)| (other.0, other.1) == (review.0, review.1))
            .map(|(other, answer)| (other.clone(), Arc::clone(answer)))
            .collect();
        if similar.len() >= MAX_REVIEWS {
            return (None, similar);
        }
        (
            Some(Arc::clone(access_reviews.entry(review).or_default())),
            Vec::new(),
        )
    }
}

impl ClusterClient {
    /// Returns whether the caller has permission for `verb` on the `resource` called `name`, or `None` if the reviews fail or
    /// disagree.
    ///
    /// `name` must be `None` if the rejected request names no object, such as a `list`: with a name, a role that grants the
    /// verb for `resourceNames` only would allow the review although it does not allow the request.
    ///
    /// Sends each SelfSubjectAccessReview (`authorization.k8s.io/v1`) once. Permissions may differ between
    /// namespaces, so that each namespace has its own review; if the first 32 agree, their answer is used for all others.
    pub async fn can_i(
        &self,
        verb: &'static str,
        resource: &'static str,
        namespace: &Namespace,
        name: Option<&str>,
    ) -> Option<bool> {
        let review = (verb, resource, namespace.clone(), name.map(str::to_owned));
        let (own, others) = self.access_reviews.get(review);
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
        let request = ApiRequest {
            method: Method::POST,
            path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned(),
            content_type: Some("application/json"),
            accept: JSON,
            body: Bytes::from(body.to_string()),
            limit: OBJECT_LIMIT,
            description: "post selfsubjectaccessreviews.authorization.k8s.io".to_owned(),
        };
        let response: Value = self.send(&request, None).await.ok()?.json().ok()?;
        response.pointer("/status/allowed").and_then(Value::as_bool)
    }
}
