//! One cluster's connection and what is known of its health during a run.
//!
//! Wraps `kube::Client`, which does HTTP and TLS; its own retries are off. Writes nothing by itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::Instant;

use super::Fault;
use super::access_review::Reviews;
use super::fault::FaultCause;
use crate::connection::{Client, Connection};
use crate::event::{Event, Events};

/// Requests in flight to one cluster at a time.
const PLACES: usize = 16;

/// A cluster that this run speaks to.
pub struct Cluster {
    connection: Connection,
    places: Semaphore,
    heard: Mutex<Option<Instant>>,
    begun: Instant,
    ended: OnceLock<()>,
    events: Events,
    stop: watch::Receiver<bool>,
    verbosity: u8,
    /// Whether a metadata read of Secrets was refused: then nobody asks again.
    pub(super) secrets_unreadable: AtomicBool,
    /// What the server said of our rights, each asked once.
    pub(super) reviews: Reviews,
}

impl Cluster {
    /// Sends nothing yet, and asks for no credential.
    pub fn new(
        connection: Connection,
        events: Events,
        stop: watch::Receiver<bool>,
        verbosity: u8,
    ) -> Self {
        Self {
            connection,
            places: Semaphore::new(PLACES),
            heard: Mutex::new(None),
            begun: Instant::now(),
            ended: OnceLock::new(),
            events,
            stop,
            verbosity,
            secrets_unreadable: AtomicBool::new(false),
            reviews: Reviews::default(),
        }
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
    pub(super) async fn place(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.places.acquire().await.ok()
    }

    /// Gets the credential ready, before anything is shown: a plugin may have to ask the user something.
    ///
    /// # Errors
    /// The line to print, where the credentials or certificates cannot be used.
    pub async fn log_in(&self) -> Result<(), String> {
        self.client().await.map(drop)
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

    /// The server has just answered.
    pub(super) fn heard(&self) {
        *locked(&self.heard) = Some(Instant::now());
    }

    /// Whether it has ever answered.
    pub(super) fn has_answered(&self) -> bool {
        locked(&self.heard).is_some()
    }

    /// How long it has answered nothing.
    pub(super) fn silence(&self) -> Duration {
        locked(&self.heard).unwrap_or(self.begun).elapsed()
    }

    /// Gives the cluster up: nothing more is sent to it, and its one error line is told. What is left for the request
    /// that met the end is whether anybody heard it.
    pub(super) async fn end(&self, cause: FaultCause, unheard: bool) -> Fault {
        if self.ended.set(()).is_ok() {
            let fault = Fault { cause, unheard };
            self.tell(Event::ClusterEnded(fault.wording())).await;
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
    pub(super) async fn trace(&self, level: u8, text: impl FnOnce() -> String) {
        if self.verbosity >= level {
            self.tell(Event::Trace(text())).await;
        }
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
