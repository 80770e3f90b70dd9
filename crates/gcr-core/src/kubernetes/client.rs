//! Holds the connection to one cluster and tracks the cluster's health during a run.
//!
//! Wraps `kube::Client`, which does HTTP and TLS; kube's own retries are off.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::EventSink;
use super::RequestError;
use super::access_review::AccessReviewCache;
use super::adaptive_limiter::{AdaptiveLimiter, RequestPermit};
use super::request_error::RequestErrorKind;
use crate::domain::redactor::Redactor;
use crate::stop::StopSignal;
use kube_clientcmd::{Connection, CredentialError, SendError};

/// The client of one cluster.
pub struct ClusterClient {
    context: Option<Arc<str>>,
    connection: Connection,
    /// Authenticates each request.
    pub(super) client: kube::Client,
    limiter: Arc<AdaptiveLimiter>,
    responsiveness: Mutex<Responsiveness>,
    /// Set when the cluster is marked unavailable.
    unavailable: OnceLock<()>,
    events: Arc<dyn EventSink>,
    stop: StopSignal,
    redactor: Arc<Redactor>,
    /// The results of access reviews.
    pub(super) access_reviews: AccessReviewCache,
}

/// Whether the server responds.
#[derive(Debug, Default)]
struct Responsiveness {
    /// Whether the server has ever responded.
    has_answered: bool,
    /// Number of requests that wait for a response.
    in_flight: u32,
    /// The time of the last response if other requests were in flight then, else of the first request sent after it. `None` if
    /// none has been sent.
    since: Option<Instant>,
}

/// Counts a request as in flight until it is dropped.
pub(super) struct InFlightGuard<'a>(&'a Mutex<Responsiveness>);

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        locked(self.0).in_flight -= 1;
    }
}

impl ClusterClient {
    /// Creates a client. Sends nothing and fetches no credential yet. Reports name the cluster by `context`. Must be called
    /// within a tokio runtime.
    pub fn new(
        context: Option<Arc<str>>,
        connection: Connection,
        events: Arc<dyn EventSink>,
        stop: StopSignal,
        redactor: Arc<Redactor>,
    ) -> Self {
        Self {
            context,
            client: connection.client(),
            connection,
            limiter: Arc::new(AdaptiveLimiter::new()),
            responsiveness: Mutex::new(Responsiveness::default()),
            unavailable: OnceLock::new(),
            events,
            stop,
            redactor,
            access_reviews: AccessReviewCache::default(),
        }
    }

    /// Shares the limiter of `other` if both connect to the same server, so that several contexts for one server do not
    /// multiply its load.
    pub fn share_limiter_with(mut self, other: &Self) -> Self {
        if self.connection.same_endpoint(&other.connection) {
            self.limiter = Arc::clone(&other.limiter);
        }
        self
    }

    /// Returns the kubeconfig context, if the connection uses one.
    pub fn context(&self) -> Option<&Arc<str>> {
        self.context.as_ref()
    }

    /// Returns the server as error messages name it: `HOST:PORT`.
    pub fn server(&self) -> &str {
        &self.connection.server
    }

    /// Returns the time limit of one attempt.
    pub(super) fn request_timeout(&self) -> Option<Duration> {
        self.connection.request_timeout
    }

    /// Waits for a permit to send a request. Dropping the permit releases it.
    pub(super) async fn acquire(&self) -> RequestPermit<'_> {
        self.limiter.acquire().await
    }

    /// Fetches the credential before any progress is displayed, because an exec plugin may prompt the user. Marks the
    /// cluster unavailable if its credentials or certificates are unusable.
    pub async fn authenticate(&self) {
        if self.unavailable_reason().is_some() {
            return;
        }
        if let Err(error) = self.obtain_credential().await {
            let line = error.kubectl_line().into();
            self.mark_unavailable(RequestErrorKind::NotConnected(line), false)
                .await;
        }
    }

    /// Obtains the credential if there is none or it has expired.
    pub(super) async fn obtain_credential(&self) -> Result<(), CredentialError> {
        self.connection.authenticate().await
    }

    /// Classifies the error of a request.
    pub(super) fn send_error(&self, error: &kube::Error) -> SendError {
        self.connection.send_error(error)
    }

    /// Counts a request as in flight until the guard is dropped.
    pub(super) fn track_request(&self) -> InFlightGuard<'_> {
        let mut responsiveness = locked(&self.responsiveness);
        responsiveness.in_flight += 1;
        responsiveness.since.get_or_insert_with(Instant::now);
        InFlightGuard(&self.responsiveness)
    }

    /// Records that the server has just responded to a request.
    pub(super) fn record_response(&self) {
        let mut responsiveness = locked(&self.responsiveness);
        responsiveness.has_answered = true;
        // Other requests may still wait for their responses.
        responsiveness.since = (responsiveness.in_flight > 1).then(Instant::now);
    }

    /// Returns whether the server has ever responded.
    pub(super) fn has_answered(&self) -> bool {
        locked(&self.responsiveness).has_answered
    }

    /// Returns for how long requests got no response; zero if none was sent after the last response.
    pub fn unresponsive_for(&self) -> Duration {
        locked(&self.responsiveness)
            .since
            .map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Marks the cluster unavailable: the client sends it nothing more, and reports `cause` once. Returns the error of
    /// the request that found it unavailable.
    pub(super) async fn mark_unavailable(
        &self,
        cause: RequestErrorKind,
        outcome_unknown: bool,
    ) -> RequestError {
        if self.unavailable.set(()).is_ok() {
            let error = RequestError {
                cause,
                outcome_unknown,
            };
            let line = error.error_text();
            self.events.cluster_unavailable(line).await;
        }
        RequestError {
            cause: RequestErrorKind::ClusterUnavailable,
            outcome_unknown,
        }
    }

    /// Returns why no more requests may be sent: the cluster is unavailable or the run was interrupted.
    pub(super) fn unavailable_reason(&self) -> Option<RequestErrorKind> {
        if self.unavailable.get().is_some() {
            Some(RequestErrorKind::ClusterUnavailable)
        } else if self.stop.is_stopped() {
            Some(RequestErrorKind::Interrupted)
        } else {
            None
        }
    }

    /// Sleeps for `pause`, without a permit. Returns `false` if the run is interrupted during the pause.
    pub async fn wait(&self, pause: Duration) -> bool {
        self.stop.sleep(pause).await
    }

    /// Waits until the run is interrupted.
    pub(super) async fn stopped(&self) {
        self.stop.stopped().await;
    }

    /// Reports the text of a `Warning:` header.
    pub(super) async fn server_warning(&self, text: String) {
        self.events.server_warning(text).await;
    }

    /// Registers the credentials of a stored Docker config, so that the reporter redacts them.
    pub(super) fn redact_docker_config(&self, config: &[u8]) {
        self.redactor.add_docker_config(config);
    }
}

/// Locks `mutex`, also after a holder panicked: each change under the lock is one assignment, so that the data stays
/// usable.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn clients_of_one_server_share_a_limiter() {
        let cluster = |server| {
            let service = tower::service_fn(|_: http::Request<kube::client::Body>| async {
                Ok::<_, std::convert::Infallible>(http::Response::new(kube::client::Body::empty()))
            });
            let client = kube::Client::new(service, "default");
            let connection = Connection::from_client(client, server, Duration::from_secs(1))
                .expect("an address");
            let (_, stopped) = StopSignal::channel();
            ClusterClient::new(None, connection, Arc::new(()), stopped, Arc::default())
        };
        let first = cluster("127.0.0.1:9");
        let [same, other] =
            ["127.0.0.1:9", "127.0.0.1:8"].map(|it| cluster(it).share_limiter_with(&first));
        assert!(Arc::ptr_eq(&same.limiter, &first.limiter));
        assert!(!Arc::ptr_eq(&other.limiter, &first.limiter));
    }
}
