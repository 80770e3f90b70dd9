//! Asks the server after a 403 whether the caller has a permission: a missing permission and a rejection by admission
//! control look the same.
//!
//! The plugins send no review before a write: the write itself gives the answer.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::access_review_cache::Access;
use super::api_request::{ApiRequest, JSON, OBJECT_LIMIT};
use super::client::ClusterClient;
use crate::domain::names::Namespace;
use crate::domain::server_message::escape_lines;
use crate::safety::Safety;

impl ClusterClient {
    /// Returns the server's decision about `verb` on the `resource` called `name`, or `None` if the reviews fail or disagree.
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
    ) -> Option<Access> {
        let review = (verb, resource, namespace.clone(), name.map(str::to_owned));
        let (own, others) = self.access_reviews.get(review);
        if let Some(cell) = own {
            let decision = cell.get_or_init(|| self.review(verb, resource, namespace, name));
            return decision.await.clone();
        }
        let mut answer = None;
        for ((.., namespace, name), cell) in &others {
            let other = cell
                .get_or_init(|| self.review(verb, resource, namespace, name.as_deref()))
                .await;
            if other.is_none() || (answer.is_some() && answer != *other) {
                return None;
            }
            answer.clone_from(other);
        }
        answer
    }

    async fn review(
        &self,
        verb: &str,
        resource: &str,
        namespace: &Namespace,
        name: Option<&str>,
    ) -> Option<Access> {
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
            safety: Safety::Idempotent,
            description: "post selfsubjectaccessreviews.authorization.k8s.io".to_owned(),
        };
        let response: Value = self.send(&request, None).await.ok()?.json().ok()?;
        let status = response.get("status")?;
        Some(match status.get("allowed")?.as_bool()? {
            true => Access::Allowed,
            false if status["denied"] == true => {
                let reason = status["reason"].as_str().unwrap_or_default();
                Access::Denied(escape_lines(reason))
            }
            false => Access::NotAllowed,
        })
    }
}
