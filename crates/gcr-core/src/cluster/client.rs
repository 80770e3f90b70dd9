//! One cluster's connection and what is known of its health during a run.
//!
//! Wraps `kube::Client`, which does HTTP and TLS; its own retries are off. Writes nothing by itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

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
    limit: Limit,
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
            limit: Limit::new(),
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

    /// The server is being asked something, until [`Cluster::asks_no_more`].
    pub(super) fn asks(&self) {
        let mut silence = locked(&self.silence);
        silence.asking += 1;
        silence.since.get_or_insert_with(Instant::now);
    }

    /// It answered that, or will not.
    pub(super) fn asks_no_more(&self) {
        locked(&self.silence).asking -= 1;
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
    pub(super) fn silence(&self) -> Duration {
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
        let mut stop = self.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(pause) => true,
            // A dropped sender means that nobody can interrupt any more.
            stopped = stop.wait_for(|stopped| *stopped) => stopped.is_err(),
        }
    }

    /// Hands something to the reporter.
    pub async fn tell(&self, event: Event) {
        self.events.tell(event).await;
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
