//! One cluster's connection and what is known of its health during a run.
//!
//! Wraps `kube::Client`, which does HTTP and TLS; its own retries are off. Writes nothing by itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::RequestError;
use super::access_review::AccessReviewCache;
use super::adaptive_limiter::{AdaptiveLimiter, RequestPermit};
use super::request_error::RequestErrorKind;
use crate::connection::{Client, Connection};
use crate::domain::redactor::Redactor;
use crate::event::{Event, EventSender, ReservedResult};

/// A cluster that this run speaks to.
pub struct ClusterClient {
    context: Option<Arc<str>>,
    connection: Connection,
    limiter: Arc<AdaptiveLimiter>,
    responsiveness: Mutex<Responsiveness>,
    ended: OnceLock<()>,
    events: EventSender,
    stop: watch::Receiver<bool>,
    redactor: Arc<Redactor>,
    /// Whether a metadata read of Secrets was refused: then nobody asks again.
    pub(super) secrets_unreadable: AtomicBool,
    /// Whether an account is first looked for by a list of its name, and read only where that is refused.
    lists_accounts_by_name: AtomicBool,
    /// What the server said of our rights, each asked once.
    pub(super) access_reviews: AccessReviewCache,
}

/// Whether the server answers.
#[derive(Debug, Default)]
struct Responsiveness {
    /// It has answered before.
    has_answered: bool,
    /// Requests that wait for an answer.
    in_flight: u32,
    /// When it was first asked since it last answered.
    since: Option<Instant>,
}

/// A request that waits for its answer.
pub(super) struct InFlightGuard<'a>(&'a Mutex<Responsiveness>);

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        locked(self.0).in_flight -= 1;
    }
}

impl ClusterClient {
    /// Sends nothing yet, and asks for no credential. `context` is what the report calls it.
    pub fn new(
        context: Option<Arc<str>>,
        connection: Connection,
        events: EventSender,
        stop: watch::Receiver<bool>,
        redactor: Arc<Redactor>,
    ) -> Self {
        Self {
            context,
            connection,
            limiter: Arc::new(AdaptiveLimiter::new()),
            responsiveness: Mutex::new(Responsiveness::default()),
            ended: OnceLock::new(),
            events,
            stop,
            redactor,
            secrets_unreadable: AtomicBool::new(false),
            lists_accounts_by_name: AtomicBool::new(false),
            access_reviews: AccessReviewCache::default(),
        }
    }

    /// Keeps to the limit of `other` where both speak to the same server: it is one, by however many contexts.
    pub fn share_limiter_with(mut self, other: &Self) -> Self {
        if self.connection.same_endpoint(&other.connection) {
            self.limiter = Arc::clone(&other.limiter);
        }
        self
    }

    /// The kubeconfig's context by which it was reached, where there is one.
    pub fn context(&self) -> Option<&Arc<str>> {
        self.context.as_ref()
    }

    /// `HOST:PORT`, as error messages name the server.
    pub fn server(&self) -> &str {
        &self.connection.server
    }

    /// The time limit of one try.
    pub(super) fn request_timeout(&self) -> Option<Duration> {
        self.connection.request_timeout
    }

    /// A place in flight, given back when dropped.
    pub(super) async fn acquire(&self) -> RequestPermit<'_> {
        self.limiter.acquire().await
    }

    /// Gets the credential ready, before anything is shown: a plugin may have to ask the user something. Gives the
    /// cluster up where the credentials or certificates cannot be used.
    pub async fn authenticate(&self) {
        if self.unavailable_reason().is_some() {
            return;
        }
        if let Err(line) = self.client().await {
            self.mark_unavailable(RequestErrorKind::NotConnected(line.into()), false)
                .await;
        }
    }

    /// The client of today.
    pub(super) async fn client(&self) -> Result<Client, String> {
        self.connection.client().await
    }

    /// Gets another credential after a 401 to `refused`: once for all who wait. Says whether there is one to try.
    pub(super) async fn refresh(&self, refused: &Client) -> bool {
        // What went wrong with getting another is less than the refusal that is reported then.
        matches!(self.connection.refresh_rejected(refused).await, Ok(Some(_)))
    }

    /// The server is being asked something, until this is dropped: it answered that, or will not, or nobody waits for it.
    pub(super) fn track_request(&self) -> InFlightGuard<'_> {
        let mut responsiveness = locked(&self.responsiveness);
        responsiveness.in_flight += 1;
        responsiveness.since.get_or_insert_with(Instant::now);
        InFlightGuard(&self.responsiveness)
    }

    /// The server has just answered something it was asked.
    pub(super) fn record_response(&self) {
        let mut responsiveness = locked(&self.responsiveness);
        responsiveness.has_answered = true;
        // Others may still wait for their answers.
        responsiveness.since = (responsiveness.in_flight > 1).then(Instant::now);
    }

    /// Whether it has ever answered.
    pub(super) fn has_answered(&self) -> bool {
        locked(&self.responsiveness).has_answered
    }

    /// How long it has been asked and has answered nothing.
    pub fn unresponsive_for(&self) -> Duration {
        locked(&self.responsiveness)
            .since
            .map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Gives the cluster up: nothing more is sent to it, and its one error line is told. What is left for the request
    /// that met the end is whether anybody heard it.
    pub(super) async fn mark_unavailable(
        &self,
        cause: RequestErrorKind,
        outcome_unknown: bool,
    ) -> RequestError {
        if self.ended.set(()).is_ok() {
            let error = RequestError {
                cause,
                outcome_unknown,
            };
            let line = error.error_text();
            let context = self.context.clone();
            self.emit(Event::Error { line, context }).await;
        }
        RequestError {
            cause: RequestErrorKind::ClusterUnavailable,
            outcome_unknown,
        }
    }

    /// Why nothing more may be sent, if so.
    pub(super) fn unavailable_reason(&self) -> Option<RequestErrorKind> {
        if self.ended.get().is_some() {
            Some(RequestErrorKind::ClusterUnavailable)
        } else if *self.stop.borrow() {
            Some(RequestErrorKind::Interrupted)
        } else {
            None
        }
    }

    /// Waits without a place in flight; `false` when the run was interrupted meanwhile.
    pub async fn wait(&self, pause: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(pause) => true,
            () = self.stopped() => false,
        }
    }

    /// Waits until the run is interrupted.
    pub(super) async fn stopped(&self) {
        let mut stop = self.stop.clone();
        if stop.wait_for(|stopped| *stopped).await.is_err() {
            // A dropped sender means that nobody can interrupt any more.
            std::future::pending::<()>().await;
        }
    }

    /// Hands something to the reporter.
    pub async fn emit(&self, event: Event) {
        self.events.send(event).await;
    }

    /// Waits for a place for one result, so that sending it cannot wait.
    pub async fn reserve_result(&self) -> ReservedResult<'_> {
        self.events.reserve().await
    }

    /// Registers the credentials of a Docker config that the server holds, so that no message shows them.
    pub(super) fn redact_docker_config(&self, config: &[u8]) {
        self.redactor.add_docker_config(config);
    }

    /// What is tried first to find an account: a list of its name, or reading it.
    pub fn list_accounts_by_name(&self, first: bool) {
        self.lists_accounts_by_name.store(first, Ordering::Relaxed);
    }

    /// Whether accounts are looked for by lists of their names first.
    pub fn lists_accounts_by_name(&self) -> bool {
        self.lists_accounts_by_name.load(Ordering::Relaxed)
    }

    /// Whether metadata of Secrets may be asked for: until it was refused once.
    pub fn can_read_secrets(&self) -> bool {
        !self.secrets_unreadable.load(Ordering::Relaxed)
    }
}

/// A lock whose holder panicked still holds usable data: every write under these locks is one assignment.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_has_one_limit_by_however_many_contexts() {
        let cluster = |server| {
            let service = tower::service_fn(|_: http::Request<kube::client::Body>| async {
                Ok::<_, std::convert::Infallible>(http::Response::new(kube::client::Body::empty()))
            });
            let client = kube::Client::new(service, "default");
            let connection = Connection::over(client, server, Duration::from_secs(1));
            let (events, _) = EventSender::channel();
            let (_, stopped) = watch::channel(false);
            ClusterClient::new(None, connection, events, stopped, Arc::default())
        };
        let first = cluster("127.0.0.1:9");
        let [same, other] =
            ["127.0.0.1:9", "127.0.0.1:8"].map(|it| cluster(it).share_limiter_with(&first));
        assert!(Arc::ptr_eq(&same.limiter, &first.limiter));
        assert!(!Arc::ptr_eq(&other.limiter, &first.limiter));
    }
}
