//! Holds the client of one cluster: layers around the connection's authenticated `kube::Client`.
//!
//! ```text
//! retry ─▶ limiter ─▶ attempt (time limit, response limit, check) ─▶ authentication ─▶ HTTP
//! ```

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::access_review_cache::AccessReviewCache;
use super::adaptive_limiter::AdaptiveLimiter;
use super::attempt_layer::AttemptService;
use super::cluster_health::ClusterHealth;
use super::event_sink::EventSink;
use super::limiter_layer::LimiterService;
use super::request_error::RequestErrorKind;
use super::retry_layer::RetryService;
use crate::domain::redactor::Redactor;
use crate::stop::StopSignal;
use kube_clientcmd::Connection;

/// The client of one cluster.
pub struct ClusterClient {
    context: Option<Arc<str>>,
    connection: Connection,
    kube: kube::Client,
    limiter: Arc<AdaptiveLimiter>,
    health: Arc<ClusterHealth>,
    redactor: Arc<Redactor>,
    /// The results of access reviews.
    pub(super) access_reviews: AccessReviewCache,
}

impl ClusterClient {
    /// Creates a client. Sends nothing and fetches no credential yet. Reports name the cluster by `context`. Needs a tokio
    /// runtime.
    pub fn new(
        context: Option<Arc<str>>,
        connection: Connection,
        events: Arc<dyn EventSink>,
        stop: StopSignal,
        redactor: Arc<Redactor>,
    ) -> Self {
        let limiter = Arc::new(AdaptiveLimiter::new());
        let health = Arc::new(ClusterHealth::new(events, stop));
        Self {
            context,
            kube: layered(&connection, &limiter, &health),
            connection,
            limiter,
            health,
            redactor,
            access_reviews: AccessReviewCache::default(),
        }
    }

    /// Shares the limiter of `other` if both connect to the same server, so that several contexts for one server do not
    /// multiply its load.
    pub fn share_limiter_with(mut self, other: &Self) -> Self {
        if self.connection.same_endpoint(&other.connection) {
            self.limiter = Arc::clone(&other.limiter);
            self.kube = layered(&self.connection, &self.limiter, &self.health);
        }
        self
    }

    /// Returns the client with all layers, for kube's own API types. Its requests are retried like others; a request that may
    /// change something is not repeated once it may have been applied.
    pub fn kube(&self) -> &kube::Client {
        &self.kube
    }

    /// Returns the kubeconfig context, if the connection uses one.
    pub fn context(&self) -> Option<&Arc<str>> {
        self.context.as_ref()
    }

    /// Fetches the credential before any progress is displayed, because an exec plugin may prompt the user. Marks the
    /// cluster unavailable if its credentials or certificates are unusable.
    pub async fn authenticate(&self) {
        if self.health.is_unavailable() || self.health.stop().is_stopped() {
            return;
        }
        if let Err(error) = self.connection.authenticate().await {
            let line = error.kubectl_line().into();
            let cause = RequestErrorKind::NotConnected(line);
            self.health.mark_unavailable(cause, false).await;
        }
    }

    /// Returns for how long requests got no response; zero if none was sent after the last response.
    pub fn unresponsive_for(&self) -> Duration {
        self.health.unresponsive_for()
    }

    /// Returns the time by the server's clock, as far as a response has stated it.
    pub fn now(&self) -> Timestamp {
        self.health.clock().at(Timestamp::now())
    }

    /// Sleeps for `pause`, without a permit. Returns `false` if the run is interrupted during the pause.
    pub async fn wait(&self, pause: Duration) -> bool {
        self.health.stop().sleep(pause).await
    }

    /// Registers the credentials of a stored Docker config, so that the reporter redacts them.
    pub(super) fn redact_docker_config(&self, config: &[u8]) {
        self.redactor.add_docker_config(config);
    }
}

/// Returns the connection's client with the layers of this crate.
fn layered(
    connection: &Connection,
    limiter: &Arc<AdaptiveLimiter>,
    health: &Arc<ClusterHealth>,
) -> kube::Client {
    let attempt = AttemptService {
        connection: connection.clone(),
        client: connection.client(),
        health: Arc::clone(health),
    };
    let limiter = LimiterService {
        inner: attempt,
        limiter: Arc::clone(limiter),
        health: Arc::clone(health),
    };
    let retry = RetryService {
        inner: limiter,
        connection: connection.clone(),
        health: Arc::clone(health),
    };
    let namespace = connection.namespace.as_deref().unwrap_or("default");
    kube::Client::new(retry, namespace)
}

#[cfg(test)]
mod tests;
