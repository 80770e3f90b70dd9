//! Asks the server after a 403 whether the caller has a permission: a missing permission and a rejection by admission
//! control look the same.
//!
//! The plugins send no review before a write: the write itself gives the answer. Only a recreation asks first, because it deletes
//! the old Secret before it writes the new one.

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::access_review_cache::Access;
use super::api_request::{ApiRequest, JSON, OBJECT_LIMIT};
use super::client::ClusterClient;
use super::request_error::RequestError;
use crate::domain::names::Namespace;
use crate::domain::server_message::escape_lines;
use crate::safety::Safety;

/// A permission to ask the server about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewedAccess {
    /// The verb, for example `list`.
    pub verb: &'static str,
    /// The resource of the core API group, for example `secrets` or `pods/eviction`.
    pub resource: &'static str,
    /// The namespace; `None` for all namespaces, and for a resource without one.
    pub namespace: Option<Namespace>,
    /// The name of the object; `None` for all.
    pub name: Option<String>,
}

#[derive(Deserialize)]
struct WireReview {
    status: WireStatus,
}

#[derive(Deserialize)]
struct WireStatus {
    allowed: bool,
    #[serde(default)]
    denied: bool,
    #[serde(default)]
    reason: String,
}

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
        verb: &'static str,
        resource: &'static str,
        namespace: &Namespace,
        name: Option<&str>,
    ) -> Option<Access> {
        let access = ReviewedAccess {
            verb,
            resource,
            namespace: Some(namespace.clone()),
            name: name.map(str::to_owned),
        };
        self.review_access(&access).await.ok()
    }

    /// Returns the server's decision about a permission of the caller.
    ///
    /// # Errors
    /// As [`ClusterClient::send`], and if the response contains no decision.
    pub async fn review_access(&self, access: &ReviewedAccess) -> Result<Access, RequestError> {
        let (resource, subresource) = match access.resource.split_once('/') {
            Some((resource, subresource)) => (resource, Some(subresource)),
            None => (access.resource, None),
        };
        let body = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "namespace": access.namespace.as_ref().map(Namespace::as_str),
                "verb": access.verb,
                "resource": resource,
                "subresource": subresource,
                "name": access.name,
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
        let WireReview { status } = self.send(&request, None).await?.json()?;
        Ok(match status.allowed {
            true => Access::Allowed,
            false if status.denied => Access::Denied(escape_lines(&status.reason)),
            false => Access::NotAllowed,
        })
    }
}
