//! Records the state of each object of a run, before its request is sent.
//!
//! The summary and the report are computed from it, also after an interruption: an object whose write was sent but not
//! answered is *unknown*, an object that was written in part has *failed*, and an object without a sent write is *not
//! started*. Only open objects are stored; closed objects are counted.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::target::{ObjectName, TargetName};

/// The outcome of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The Secret did not exist and was created.
    Created,
    /// The Secret existed and was changed.
    Configured,
    /// The Secret was deleted and created again.
    Replaced,
    /// The ServiceAccount's `imagePullSecrets` was changed.
    Patched,
    /// The object already had the desired state.
    Unchanged,
    /// The server rejected the change, or the request for this object failed.
    Failed,
    /// A write was sent, and its response was lost in the last attempt.
    Unknown,
    /// Nothing was written: the run was interrupted, the cluster became unavailable, or writing the account's Secret failed.
    NotStarted,
}

impl Outcome {
    /// All outcomes, in the order of the summary.
    pub const ALL: [Self; 8] = [
        Self::Created,
        Self::Configured,
        Self::Replaced,
        Self::Patched,
        Self::Unchanged,
        Self::Failed,
        Self::Unknown,
        Self::NotStarted,
    ];

    /// Returns the word for the summary, the lines and the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Replaced => "replaced",
            Self::Patched => "patched",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::NotStarted => "not started",
        }
    }

    /// Returns whether the object has the desired state.
    pub fn is_success(self) -> bool {
        !matches!(self, Self::Failed | Self::Unknown | Self::NotStarted)
    }
}

/// The state of an open object.
#[derive(Debug, Clone, Copy, Default)]
struct ObjectState {
    /// A write was sent and has not been answered.
    in_flight: bool,
    /// The first of several writes took effect.
    partially_written: bool,
    /// The final outcome, which has not been sent to the reporter yet.
    outcome: Option<Outcome>,
}

impl ObjectState {
    /// Returns the outcome of an object that stays in this state.
    fn final_outcome(self) -> Outcome {
        match self {
            Self {
                outcome: Some(outcome),
                ..
            } => outcome,
            Self {
                in_flight: true, ..
            } => Outcome::Unknown,
            Self {
                partially_written: true,
                ..
            } => Outcome::Failed,
            _ => Outcome::NotStarted,
        }
    }
}

#[derive(Debug, Default)]
struct LedgerState {
    /// Number of closed objects by outcome, in the order of [`Outcome::ALL`].
    closed: [u64; Outcome::ALL.len()],
    /// The objects as which a target counts whose objects are not known yet.
    placeholder_objects: Vec<ObjectName>,
    /// Registered targets that were not begun.
    waiting: HashSet<TargetName>,
    /// Targets that were begun and whose objects are known only after a list.
    unlisted: HashSet<TargetName>,
    open: HashMap<(TargetName, ObjectName), ObjectState>,
    /// Contexts whose list of namespaces was not read to its end.
    unlisted_clusters: BTreeSet<Option<Arc<str>>>,
}

/// The states of all objects of a run. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<LedgerState>>);

impl Ledger {
    /// Returns an empty ledger. Each target counts as `placeholder_objects` until its objects are known.
    pub fn new(placeholder_objects: Vec<ObjectName>) -> Self {
        let state = LedgerState {
            placeholder_objects,
            ..LedgerState::default()
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Records that a cluster's namespaces are about to be listed: until the list ends, the counts are incomplete.
    pub fn begin_listing(&self, context: Option<Arc<str>>) {
        self.state().unlisted_clusters.insert(context);
    }

    /// Records that a cluster's list of namespaces has ended, or has failed with an error of its own.
    pub fn end_listing(&self, context: &Option<Arc<str>>) {
        self.state().unlisted_clusters.remove(context);
    }

    /// Returns the contexts whose list of namespaces was not read to its end.
    pub fn unlisted_clusters(&self) -> Vec<Option<Arc<str>>> {
        self.state().unlisted_clusters.iter().cloned().collect()
    }

    /// Adds a target whose work has not begun.
    pub fn register_target(&self, target: TargetName) {
        self.state().waiting.insert(target);
    }

    /// Begins a target and opens its `objects`. Without objects, it counts as the placeholder objects until
    /// [`Ledger::mark_listed`].
    pub fn begin(&self, target: &TargetName, objects: Vec<ObjectName>) {
        let mut state = self.state();
        state.waiting.remove(target);
        if objects.is_empty() {
            state.unlisted.insert(target.clone());
        }
        for object in objects {
            state.open.entry((target.clone(), object)).or_default();
        }
    }

    /// Records that all objects of a target are open, of which there may be none.
    pub fn mark_listed(&self, target: &TargetName) {
        self.state().unlisted.remove(target);
    }

    /// Removes an object from the run without an outcome.
    pub fn skip(&self, target: &TargetName, object: &ObjectName) {
        self.state().open.remove(&(target.clone(), object.clone()));
    }

    /// Opens an object unless it is open, and returns its tracker.
    pub fn track(&self, target: &TargetName, object: &ObjectName) -> WriteTracker {
        let key = (target.clone(), object.clone());
        self.state().open.entry(key.clone()).or_default();
        WriteTracker {
            ledger: self.clone(),
            key,
        }
    }

    /// Records the final outcome of an object that is about to be sent to the reporter. It also counts if the run is
    /// interrupted before that.
    pub fn record_outcome(&self, target: &TargetName, object: &ObjectName, outcome: Outcome) {
        let key = (target.clone(), object.clone());
        if let Some(state) = self.state().open.get_mut(&key) {
            state.outcome = Some(outcome);
        }
    }

    /// Closes an object. Closing twice counts once.
    pub fn close(&self, target: &TargetName, object: &ObjectName, outcome: Outcome) {
        let mut state = self.state();
        if state
            .open
            .remove(&(target.clone(), object.clone()))
            .is_some()
        {
            state.closed[outcome as usize] += 1;
        }
    }

    /// Returns the objects that were not sent to the reporter, sorted: with their outcome if they have one, otherwise unknown
    /// if a write is in flight, failed if they were written in part, or not started.
    pub fn unreported(&self) -> Vec<(TargetName, ObjectName, Outcome)> {
        let state = self.state();
        let open = state.open.iter().map(|((target, object), state)| {
            (target.clone(), object.clone(), state.final_outcome())
        });
        let waiting = state.waiting.iter().chain(&state.unlisted);
        let waiting = waiting.flat_map(|target| {
            let named = state.placeholder_objects.iter();
            named.map(|object| (target.clone(), object.clone(), Outcome::NotStarted))
        });
        let mut unreported: Vec<_> = open.chain(waiting).collect();
        unreported.sort();
        unreported
    }

    /// Returns the number of objects by outcome, in the order of [`Outcome::ALL`]. Open objects count as in
    /// [`Ledger::unreported`].
    pub fn counts(&self) -> [u64; Outcome::ALL.len()] {
        let state = self.state();
        let mut counts = state.closed;
        for state in state.open.values() {
            counts[state.final_outcome() as usize] += 1;
        }
        let waiting = state.waiting.len() + state.unlisted.len();
        counts[Outcome::NotStarted as usize] += (waiting * state.placeholder_objects.len()) as u64;
        counts
    }

    fn state(&self) -> MutexGuard<'_, LedgerState> {
        // A panic cannot leave a half-made change: each one is a single step under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records the progress of an open object's writes in the ledger.
#[derive(Debug)]
pub struct WriteTracker {
    ledger: Ledger,
    key: (TargetName, ObjectName),
}

impl WriteTracker {
    /// Records that a write is about to be sent.
    pub fn mark_sent(&self) {
        self.update(|state| state.in_flight = true);
    }

    /// Records that the server answered the write, with success or an error.
    pub fn mark_answered(&self) {
        self.update(|state| state.in_flight = false);
    }

    /// Records that the first of several writes took effect: the object has neither its previous nor its desired state.
    pub fn mark_partial(&self) {
        self.update(|state| {
            state.in_flight = false;
            state.partially_written = true;
        });
    }

    fn update(&self, change: impl FnOnce(&mut ObjectState)) {
        if let Some(state) = self.ledger.state().open.get_mut(&self.key) {
            change(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str) -> ObjectName {
        ObjectName::ServiceAccount(name.parse().unwrap())
    }

    fn target(namespace: &str) -> TargetName {
        TargetName {
            context: None,
            namespace: namespace.parse().unwrap(),
        }
    }

    fn counted(ledger: &Ledger) -> Vec<(u64, &'static str)> {
        let words = Outcome::ALL.map(Outcome::as_str);
        let counts = ledger.counts().into_iter().zip(words);
        counts.filter(|(count, _)| *count > 0).collect()
    }

    #[test]
    fn open_object_with_write_in_flight_is_unknown_and_without_is_not_started() {
        let ledger = Ledger::default();
        let target = target("a");
        ledger.track(&target, &account("waiting"));
        ledger.track(&target, &account("in-flight")).mark_sent();
        ledger.track(&target, &account("refused")).mark_sent();
        ledger.track(&target, &account("refused")).mark_answered();
        ledger.track(&target, &account("deleted")).mark_sent();
        ledger.track(&target, &account("deleted")).mark_partial();
        ledger
            .track(&target, &account("refused-later"))
            .mark_partial();
        ledger.track(&target, &account("refused-later")).mark_sent();
        ledger
            .track(&target, &account("refused-later"))
            .mark_answered();
        ledger
            .track(&target, &account("in-flight-later"))
            .mark_partial();
        ledger
            .track(&target, &account("in-flight-later"))
            .mark_sent();
        ledger.track(&target, &account("unreported")).mark_sent();
        ledger.record_outcome(&target, &account("unreported"), Outcome::Patched);
        ledger.track(&target, &account("done"));
        ledger.close(&target, &account("done"), Outcome::Patched);
        ledger.close(&target, &account("done"), Outcome::Patched);
        assert_eq!(
            counted(&ledger),
            [
                (2, "patched"),
                (2, "failed"),
                (2, "unknown"),
                (2, "not started")
            ]
        );
    }

    #[test]
    fn unlisted_target_counts_as_placeholder_objects() {
        let ledger = Ledger::new(vec![account("default")]);
        for namespace in ["a", "b", "c"] {
            ledger.register_target(target(namespace));
        }
        ledger.begin(&target("b"), Vec::new());
        ledger.begin(&target("c"), Vec::new());
        ledger.mark_listed(&target("c"));
        assert_eq!(counted(&ledger), [(2, "not started")]);
        assert_eq!(ledger.unreported().len(), 2);
    }

    #[test]
    fn waiting_target_counts_with_all_objects_and_skipped_objects_do_not_count() {
        let named = || vec![account("builder"), account("default")];
        let ledger = Ledger::new(named());
        for namespace in ["a", "b", "c"] {
            ledger.register_target(target(namespace));
        }
        ledger.begin(&target("b"), named());
        ledger.close(&target("b"), &account("default"), Outcome::Unchanged);
        ledger.begin(&target("c"), named());
        ledger.skip(&target("c"), &account("builder"));
        ledger.skip(&target("c"), &account("default"));
        assert_eq!(counted(&ledger), [(1, "unchanged"), (3, "not started")]);
        let unreported = ledger.unreported();
        let names: Vec<String> = unreported
            .iter()
            .map(|(target, object, _)| format!("{} {object}", target.namespace))
            .collect();
        assert_eq!(
            names,
            [
                "a serviceaccount/builder",
                "a serviceaccount/default",
                "b serviceaccount/builder"
            ]
        );
    }
}
