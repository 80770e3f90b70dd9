//! Tracks whether a cluster responds, and marks it unavailable when it does not.
//!
//! A cluster that was marked unavailable can recover: after [`RECOVERY_INTERVAL`], one request is let through, and its response
//! makes the cluster available again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::event_sink::EventSink;
use super::request_error::{RequestError, RequestErrorKind};
use crate::domain::server_clock::ServerClock;
use crate::stop::StopSignal;

/// Time between two requests that probe an unavailable cluster.
const RECOVERY_INTERVAL: Duration = Duration::from_secs(30);

/// Time after which a webhook counts as down: as long as a request's five attempts take at least.
const WEBHOOK_PATIENCE: Duration = Duration::from_secs(9);

/// The health of one cluster during a run.
pub(super) struct ClusterHealth {
    state: Mutex<HealthState>,
    events: Arc<dyn EventSink>,
    stop: StopSignal,
}

#[derive(Debug, Default)]
struct HealthState {
    /// Whether the server has ever responded.
    has_answered: bool,
    /// Number of requests that are not finished, including those that pause before a retry.
    open: u32,
    /// Number of attempts that wait for a response.
    in_flight: u32,
    /// The time of the last response if other requests were in flight then, else of the first attempt sent after it. `None` if
    /// none has been sent. Moves forward by the time in which no request was open: an idle cluster is not silent.
    silent_since: Option<Instant>,
    /// When the last open request ended. `None` while one is open.
    idle_since: Option<Instant>,
    /// The webhook that the server could not call, and since when no write succeeded.
    failing_webhook: Option<(String, Instant)>,
    /// The server's clock, by the last response that stated it.
    clock: ServerClock,
    /// When the cluster was last marked unavailable or probed. `None` while it is available.
    unavailable_since: Option<Instant>,
}

/// Why a request may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// The cluster is available.
    Regular,
    /// The cluster is unavailable, and the request finds out whether it has recovered.
    Probe,
}

/// Counts a request as open, from its first attempt to its end.
pub(super) struct OpenRequest<'a>(&'a ClusterHealth);

impl Drop for OpenRequest<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.open -= 1;
        if state.open == 0 {
            state.idle_since = Some(Instant::now());
        }
    }
}

/// Counts an attempt as in flight until it is dropped.
pub(super) struct InFlightGuard<'a>(&'a ClusterHealth);

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
    }
}

impl ClusterHealth {
    pub(super) fn new(events: Arc<dyn EventSink>, stop: StopSignal) -> Self {
        Self {
            state: Mutex::default(),
            events,
            stop,
        }
    }

    /// Counts a request as open until the guard is dropped.
    pub(super) fn open_request(&self) -> OpenRequest<'_> {
        let mut state = self.state();
        state.open += 1;
        let idle = state.idle_since.take().map(|since| since.elapsed());
        if let (Some(since), Some(idle)) = (&mut state.silent_since, idle) {
            *since += idle;
        }
        drop(state);
        OpenRequest(self)
    }

    /// Counts an attempt as in flight until the guard is dropped.
    pub(super) fn track_attempt(&self) -> InFlightGuard<'_> {
        let mut state = self.state();
        state.in_flight += 1;
        state.silent_since.get_or_insert_with(Instant::now);
        InFlightGuard(self)
    }

    /// Records that the server has just responded to an attempt.
    pub(super) fn record_response(&self) {
        let mut state = self.state();
        state.has_answered = true;
        // Other requests may still wait for their responses.
        state.silent_since = (state.in_flight > 1).then(Instant::now);
    }

    /// Records the server's time as a response stated it.
    pub(super) fn record_date(&self, date: &str) {
        self.state().clock = ServerClock::of_date(Some(date), Timestamp::now());
    }

    /// Returns the server's clock.
    pub(super) fn clock(&self) -> ServerClock {
        self.state().clock
    }

    /// Returns whether the server has ever responded.
    pub(super) fn has_answered(&self) -> bool {
        self.state().has_answered
    }

    /// Returns for how long the open requests got no response; zero if no attempt was sent after the last response.
    pub(super) fn unresponsive_for(&self) -> Duration {
        let state = self.state();
        let now = state.idle_since.unwrap_or_else(Instant::now);
        let since = state.silent_since;
        since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// Marks the cluster unavailable, and reports `cause` once per outage. Returns the error of the request that found it
    /// unavailable.
    pub(super) async fn mark_unavailable(
        &self,
        cause: RequestErrorKind,
        outcome_unknown: bool,
    ) -> RequestError {
        let earlier = self.state().unavailable_since.replace(Instant::now());
        if earlier.is_none() {
            let error = RequestError {
                cause,
                outcome_unknown,
            };
            self.events.cluster_unavailable(error.error_text()).await;
        }
        RequestError {
            cause: RequestErrorKind::ClusterUnavailable,
            outcome_unknown,
        }
    }

    /// Records that the server could not call an admission webhook. Returns whether that is so for longer than a request's five
    /// attempts take: further attempts then have no prospect.
    pub(super) fn record_failed_webhook(&self, name: String) -> bool {
        let mut state = self.state();
        match &state.failing_webhook {
            Some((failing, since)) if *failing == name => since.elapsed() >= WEBHOOK_PATIENCE,
            _ => {
                state.failing_webhook = Some((name, Instant::now()));
                false
            }
        }
    }

    /// Records that the server has accepted a write, so that its webhooks work.
    pub(super) fn record_accepted_write(&self) {
        self.state().failing_webhook = None;
    }

    /// Records that the server has responded to a probe: the cluster is available again.
    pub(super) fn mark_available(&self) {
        self.state().unavailable_since = None;
    }

    /// Returns why a request must not be sent: the cluster is unavailable or the run was interrupted. Lets one request per
    /// [`RECOVERY_INTERVAL`] through to an unavailable cluster.
    pub(super) fn check(&self) -> Result<Admission, RequestErrorKind> {
        if self.stop.is_stopped() {
            return Err(RequestErrorKind::Interrupted);
        }
        let mut state = self.state();
        match state.unavailable_since {
            Some(since) if since.elapsed() < RECOVERY_INTERVAL => {
                Err(RequestErrorKind::ClusterUnavailable)
            }
            Some(_) => {
                // This request is the probe; others fail until it has a response.
                state.unavailable_since = Some(Instant::now());
                state.silent_since = None;
                Ok(Admission::Probe)
            }
            None => Ok(Admission::Regular),
        }
    }

    /// Returns whether the cluster is marked unavailable.
    pub(super) fn is_unavailable(&self) -> bool {
        self.state().unavailable_since.is_some()
    }

    pub(super) fn events(&self) -> &dyn EventSink {
        &*self.events
    }

    pub(super) fn stop(&self) -> &StopSignal {
        &self.stop
    }

    /// Locks the state, also after a holder panicked: each change under the lock is one assignment, so that the data stays
    /// usable.
    fn state(&self) -> MutexGuard<'_, HealthState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health() -> ClusterHealth {
        let (_, stop) = StopSignal::channel();
        ClusterHealth::new(Arc::new(()), stop)
    }

    #[tokio::test(start_paused = true)]
    async fn idle_time_is_not_silence() {
        let health = health();
        let request = health.open_request();
        drop(health.track_attempt());
        tokio::time::sleep(Duration::from_secs(3)).await;
        // A request that pauses before its retry still waits for the server.
        assert_eq!(health.unresponsive_for(), Duration::from_secs(3));
        drop(request);
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(health.unresponsive_for(), Duration::from_secs(3));
        let _request = health.open_request();
        let _attempt = health.track_attempt();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(health.unresponsive_for(), Duration::from_secs(4));
        health.record_response();
        assert_eq!(health.unresponsive_for(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn webhook_is_down_after_failing_without_an_accepted_write() {
        let health = health();
        let failed = || health.record_failed_webhook("policy".to_owned());
        assert!(!failed());
        tokio::time::sleep(WEBHOOK_PATIENCE).await;
        assert!(failed());
        assert!(!health.record_failed_webhook("other".to_owned()));
        tokio::time::sleep(WEBHOOK_PATIENCE).await;
        assert!(!failed());
        tokio::time::sleep(WEBHOOK_PATIENCE).await;
        health.record_accepted_write();
        assert!(!failed());
    }

    #[tokio::test(start_paused = true)]
    async fn unavailable_cluster_is_probed_once_per_interval_and_recovers() {
        let health = health();
        let cause = || RequestErrorKind::NotConnected("refused".into());
        health.mark_unavailable(cause(), false).await;
        assert!(health.check().is_err());
        tokio::time::sleep(RECOVERY_INTERVAL).await;
        assert_eq!(health.check().ok(), Some(Admission::Probe));
        assert!(health.check().is_err(), "only one request is the probe");
        health.mark_unavailable(cause(), false).await;
        tokio::time::sleep(RECOVERY_INTERVAL).await;
        assert_eq!(health.check().ok(), Some(Admission::Probe));
        health.mark_available();
        assert_eq!(health.check().ok(), Some(Admission::Regular));
    }
}
