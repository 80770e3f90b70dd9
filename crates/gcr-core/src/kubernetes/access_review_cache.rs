//! Remembers the results of access reviews, and limits their number.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::domain::names::Namespace;

/// A verb, a resource, a namespace and, for a request about one object, its name.
pub(super) type Review = (&'static str, &'static str, Namespace, Option<String>);
/// Maximum number of reviews per verb and resource: a sample of the namespaces is enough for a hint.
const MAX_REVIEWS: usize = 32;
/// The decision about the request; `None` if the review failed. Concurrent callers share one review.
pub(super) type Answer = Arc<OnceCell<Option<Access>>>;

/// The server's decision about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// It is allowed.
    Allowed,
    /// No authorizer allows it, so that a role could.
    NotAllowed,
    /// An authorizer denies it, whatever others allow (authorization/v1 `SubjectAccessReviewStatus.denied`). Contains its
    /// reason, with control characters escaped.
    Denied(String),
}

/// The results of the reviews of one cluster.
#[derive(Debug, Default)]
pub(super) struct AccessReviewCache(Mutex<HashMap<Review, Answer>>);

impl AccessReviewCache {
    /// Returns the cell for `review`, or all cells for its verb and resource once there are [`MAX_REVIEWS`].
    pub(super) fn get(&self, review: Review) -> (Option<Answer>, Vec<(Review, Answer)>) {
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
