//! What became of each object, written down before its request leaves.
//!
//! The closing count is read from here, also after an interruption: an object that was sent and not answered is
//! *unknown*, one of which a part was carried out has *failed*, one that was not sent is *not started*. Keeps only what is
//! still open; what ended is a number.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::target::{ObjectName, TargetName};

/// How an object ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The Secret was not there and is now.
    Created,
    /// The Secret was there and was changed.
    Configured,
    /// The Secret was deleted and made anew.
    Replaced,
    /// The ServiceAccount's list was changed.
    Patched,
    /// Nothing had to be written.
    Unchanged,
    /// The server refused, or could not be reached for this object.
    Failed,
    /// A write was sent and its answer lost after the last try.
    Unknown,
    /// Nothing of it was carried out: the run or its cluster came to an end before, or its Secret did not end as asked.
    NotStarted,
}

impl Outcome {
    /// All of them, in the order of the closing count.
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

    /// The count's word.
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

    /// Whether the object is as asked.
    pub fn is_success(self) -> bool {
        !matches!(self, Self::Failed | Self::Unknown | Self::NotStarted)
    }
}

/// How far an object has come that has not ended.
#[derive(Debug, Clone, Copy, Default)]
struct ObjectState {
    /// A write of it was sent and not answered.
    in_flight: bool,
    /// A part of what it takes was carried out.
    halfway: bool,
    /// How it has ended, though nobody was told yet.
    settled: Option<Outcome>,
}

impl ObjectState {
    /// What became of an object that is left in this state.
    fn final_outcome(self) -> Outcome {
        match self {
            Self {
                settled: Some(outcome),
                ..
            } => outcome,
            Self {
                in_flight: true, ..
            } => Outcome::Unknown,
            Self { halfway: true, .. } => Outcome::Failed,
            _ => Outcome::NotStarted,
        }
    }
}

#[derive(Debug, Default)]
struct LedgerState {
    ended: [u64; Outcome::ALL.len()],
    /// What a target counts for that nobody has looked at.
    placeholder_objects: Vec<ObjectName>,
    /// Targets nobody has come to yet.
    waiting: HashSet<TargetName>,
    /// Targets that were begun and whose objects are not known yet, where none is known by name.
    unlisted: HashSet<TargetName>,
    open: HashMap<(TargetName, ObjectName), ObjectState>,
    /// Contexts whose list of namespaces was not read to its end.
    unlisted_clusters: BTreeSet<Option<Arc<str>>>,
}

/// The state of one run, shared by all who write.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<LedgerState>>);

impl Ledger {
    /// The state of a run whose every target counts for `placeholder_objects` until it is known what it holds.
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

    /// A target is meant, and nothing of it was begun.
    pub fn register_target(&self, target: TargetName) {
        self.state().waiting.insert(target);
    }

    /// A target is begun: its `objects` are expected from now on.
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

    /// All objects of a target are known, and expected: perhaps none.
    pub fn mark_listed(&self, target: &TargetName) {
        self.state().unlisted.remove(target);
    }

    /// An object is not meant after all.
    pub fn skip(&self, target: &TargetName, object: &ObjectName) {
        self.state().open.remove(&(target.clone(), object.clone()));
    }

    /// Opens an object: it is expected, and nothing was sent.
    pub fn track(&self, target: &TargetName, object: &ObjectName) -> WriteTracker {
        let key = (target.clone(), object.clone());
        self.state().open.entry(key.clone()).or_default();
        WriteTracker {
            ledger: self.clone(),
            key,
        }
    }

    /// An object has ended, and is told next: should the run be cut off before that, it counts so all the same.
    pub fn record_outcome(&self, target: &TargetName, object: &ObjectName, outcome: Outcome) {
        let key = (target.clone(), object.clone());
        if let Some(state) = self.state().open.get_mut(&key) {
            state.settled = Some(outcome);
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
            state.ended[outcome as usize] += 1;
        }
    }

    /// What nobody was told of, in order: as it ended, else unknown with a write in flight, failed where a part was carried
    /// out, or not started.
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

    /// Counts by outcome, in the order of [`Outcome::ALL`]; what is open counts as in [`Ledger::unreported`].
    pub fn counts(&self) -> [u64; Outcome::ALL.len()] {
        let state = self.state();
        let mut counts = state.ended;
        for state in state.open.values() {
            counts[state.final_outcome() as usize] += 1;
        }
        let waiting = state.waiting.len() + state.unlisted.len();
        counts[Outcome::NotStarted as usize] += (waiting * state.placeholder_objects.len()) as u64;
        counts
    }

    fn state(&self) -> MutexGuard<'_, LedgerState> {
        // Every change under the lock is one step: a holder that panicked leaves true state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One open object's line in the ledger, handed to the write that concerns it.
#[derive(Debug)]
pub struct WriteTracker {
    ledger: Ledger,
    key: (TargetName, ObjectName),
}

impl WriteTracker {
    /// A write is about to leave.
    pub fn mark_sent(&self) {
        self.note(|state| state.in_flight = true);
    }

    /// The server has answered it, whatever it said: nothing of it is in flight.
    pub fn mark_answered(&self) {
        self.note(|state| state.in_flight = false);
    }

    /// The server has carried out a part of what the object takes: left so, it is not as it was, nor as asked.
    pub fn mark_partial(&self) {
        self.note(|state| {
            state.in_flight = false;
            state.halfway = true;
        });
    }

    fn note(&self, change: impl FnOnce(&mut ObjectState)) {
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
    fn what_was_sent_and_not_answered_is_unknown_and_what_was_not_sent_is_not_started() {
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
        ledger.track(&target, &account("settled")).mark_sent();
        ledger.record_outcome(&target, &account("settled"), Outcome::Patched);
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
    fn a_target_of_which_nothing_is_known_counts_as_one_until_it_was_listed() {
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
    fn a_target_nobody_came_to_counts_with_all_it_holds_and_one_that_went_away_with_nothing() {
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
