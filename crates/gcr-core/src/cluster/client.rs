//! One cluster's connection and what is known of its health during a run.
//!
//! Wraps `kube::Client`, which does HTTP and TLS; its own retries are off. Writes nothing by itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::Permit;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Fault;
use super::access_review::Reviews;
use super::fault::FaultCause;
use super::limit::{Limit, Place};
use crate::connection::{Client, Connection};
use crate::event::{Event, Events};

/// A cluster that this run speaks to.
pub struct Cluster {
    context: Option<Arc<str>>,
    connection: Connection,
    limit: Arc<Limit>,
    silence: Mutex<Silence>,
    ended: OnceLock<()>,
    events: Events,
    stop: watch::Receiver<bool>,
    verbosity: u8,
    /// Whether a metadata read of Secrets was refused: then nobody asks again.
    pub(super) secrets_unreadable: AtomicBool,
    /// Whether an account is first looked for by a list of its name, and read only where that is refused.
    lists_accounts_by_name: AtomicBool,
    /// What the server said of our rights, each asked once.
    pub(super) reviews: Reviews,
}

/// Whether the server answers.
#[derive(Debug, Default)]
struct Silence {
    /// It has answered before.
    broken: bool,
    /// Requests that wait for an answer.
    asking: u32,
    /// When it was first asked since it last answered.
    since: Option<Instant>,
}

/// A request that waits for its answer.
pub(super) struct Asking<'a>(&'a Mutex<Silence>);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        locked(self.0).asking -= 1;
    }
}

impl Cluster {
    /// Sends nothing yet, and asks for no credential. `context` is what the report calls it.
    pub fn new(
        context: Option<Arc<str>>,
        connection: Connection,
        events: Events,
        stop: watch::Receiver<bool>,
        verbosity: u8,
    ) -> Self {
        Self {
            context,
            connection,
            limit: Arc::new(Limit::new()),
            silence: Mutex::new(Silence::default()),
            ended: OnceLock::new(),
            events,
            stop,
            verbosity,
            secrets_unreadable: AtomicBool::new(false),
            lists_accounts_by_name: AtomicBool::new(false),
            reviews: Reviews::default(),
        }
    }

    /// Keeps to the limit of `other` where both speak to the same server: it is one, by however many contexts.
    pub fn beside(mut self, other: &Self) -> Self {
        if self.connection.reaches_the_same(&other.connection) {
            self.limit = Arc::clone(&other.limit);
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
    pub(super) async fn place(&self) -> Place<'_> {
        self.limit.place().await
    }

    /// Gets the credential ready, before anything is shown: a plugin may have to ask the user something. Gives the
    /// cluster up where the credentials or certificates cannot be used.
    pub async fn log_in(&self) {
        if self.closed().is_some() {
            return;
        }
        if let Err(line) = self.client().await {
            self.end(FaultCause::NotConnected(line.into()), false).await;
        }
    }

    /// The client of today.
    pub(super) async fn client(&self) -> Result<Client, String> {
        self.connection.client().await
    }

    /// Gets another credential after a 401 to `refused`: once for all who wait. Says whether there is one to try.
    pub(super) async fn refresh(&self, refused: &Client) -> bool {
        // What went wrong with getting another is less than the refusal that is reported then.
        matches!(self.connection.instead_of(refused).await, Ok(Some(_)))
    }

    /// The server is being asked something, until this is dropped: it answered that, or will not, or nobody waits for it.
    pub(super) fn asks(&self) -> Asking<'_> {
        let mut silence = locked(&self.silence);
        silence.asking += 1;
        silence.since.get_or_insert_with(Instant::now);
        Asking(&self.silence)
    }

    /// The server has just answered something it was asked.
    pub(super) fn heard(&self) {
        let mut silence = locked(&self.silence);
        silence.broken = true;
        // Others may still wait for their answers.
        silence.since = (silence.asking > 1).then(Instant::now);
    }

    /// Whether it has ever answered.
    pub(super) fn has_answered(&self) -> bool {
        locked(&self.silence).broken
    }

    /// How long it has been asked and has answered nothing.
    pub fn silence(&self) -> Duration {
        locked(&self.silence)
            .since
            .map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Gives the cluster up: nothing more is sent to it, and its one error line is told. What is left for the request
    /// that met the end is whether anybody heard it.
    pub(super) async fn end(&self, cause: FaultCause, unheard: bool) -> Fault {
        if self.ended.set(()).is_ok() {
            let fault = Fault { cause, unheard };
            let line = fault.wording();
            let context = self.context.clone();
            self.tell(Event::Error { line, context }).await;
        }
        Fault {
            cause: FaultCause::ClusterEnded,
            unheard,
        }
    }

    /// Why nothing more may be sent, if so.
    pub(super) fn closed(&self) -> Option<FaultCause> {
        if self.ended.get().is_some() {
            Some(FaultCause::ClusterEnded)
        } else if *self.stop.borrow() {
            Some(FaultCause::Interrupted)
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
    pub async fn tell(&self, event: Event) {
        self.events.tell(event).await;
    }

    /// Room to tell the reporter something at once; `None` once nobody listens.
    pub async fn room(&self) -> Option<Permit<'_, Event>> {
        self.events.room().await
    }

    /// Diagnostics for `-v LEVEL`.
    pub async fn trace(&self, level: u8, text: impl FnOnce() -> String) {
        if self.verbosity >= level {
            self.tell(Event::Trace(text())).await;
        }
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
    pub fn may_look_at_secrets(&self) -> bool {
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
            let (events, _) = Events::channel();
            let (_, stopped) = watch::channel(false);
            Cluster::new(None, connection, events, stopped, 0)
        };
        let first = cluster("127.0.0.1:9");
        let [same, other] = ["127.0.0.1:9", "127.0.0.1:8"].map(|it| cluster(it).beside(&first));
        assert!(Arc::ptr_eq(&same.limit, &first.limit));
        assert!(!Arc::ptr_eq(&other.limit, &first.limit));
    }
}
