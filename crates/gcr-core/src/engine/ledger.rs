//! Records the state of each object of a run, before its request is sent.
//!
//! The summary and the report are computed from it, also after an interruption: an object whose write was sent but not
//! answered is *unknown*, an object that was written in part has *failed*, and an object without a sent write is *not
//! started*. Only open objects are stored; closed objects are counted.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::object::{ObjectId, ObjectKind, Outcome};
use super::target::TargetName;

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

    /// Returns whether an object in this state, with this outcome, was written.
    fn writes(self, outcome: Outcome) -> Writes {
        match outcome {
            Outcome::Changed(_) => Writes::Confirmed,
            Outcome::Unknown => Writes::Unconfirmed,
            _ if self.partially_written => Writes::Unconfirmed,
            _ => Writes::None,
        }
    }
}

/// Whether objects of a kind were written. The order is that of certainty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Writes {
    /// None was.
    #[default]
    None,
    /// One was written in part, or its write was not confirmed.
    Unconfirmed,
    /// One was.
    Confirmed,
}

/// Number of objects by outcome, in the order of the summary.
pub type Counts = BTreeMap<Outcome, u64>;

#[derive(Debug, Default)]
struct LedgerState {
    /// Number of closed objects by outcome.
    closed: Counts,
    /// Whether closed objects were written, by kind.
    written: BTreeMap<&'static ObjectKind, Writes>,
    /// Registered targets that were not begun, with the objects as which they count.
    waiting: HashMap<TargetName, Arc<[ObjectId]>>,
    /// Targets that were begun and whose further objects are known only after a list, with the objects as which they count until
    /// then.
    unlisted: HashMap<TargetName, Arc<[ObjectId]>>,
    open: HashMap<(TargetName, ObjectId), ObjectState>,
    /// Contexts whose list of namespaces was not read to its end.
    unlisted_clusters: BTreeSet<Option<Arc<str>>>,
}

/// The states of all objects of a run. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<LedgerState>>);

impl Ledger {
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

    /// Adds a target whose work has not begun. It counts as `objects` until then.
    pub fn register_target(&self, target: TargetName, objects: Arc<[ObjectId]>) {
        self.state().waiting.insert(target, objects);
    }

    /// Begins a target and opens its `objects`. It also counts as the `unlisted` objects until [`Ledger::mark_listed`].
    pub fn begin(
        &self,
        target: &TargetName,
        objects: impl IntoIterator<Item = ObjectId>,
        unlisted: Option<Arc<[ObjectId]>>,
    ) {
        let mut state = self.state();
        state.waiting.remove(target);
        if let Some(unlisted) = unlisted {
            state.unlisted.insert(target.clone(), unlisted);
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
    pub fn skip(&self, target: &TargetName, object: &ObjectId) {
        self.state().open.remove(&(target.clone(), object.clone()));
    }

    /// Opens an object unless it is open, and returns its tracker.
    pub fn track(&self, target: &TargetName, object: &ObjectId) -> WriteTracker {
        let key = (target.clone(), object.clone());
        self.state().open.entry(key.clone()).or_default();
        WriteTracker {
            ledger: self.clone(),
            key,
        }
    }

    /// Records the final outcome of an object that is about to be sent to the reporter. It also counts if the run is
    /// interrupted before that.
    pub fn record_outcome(&self, target: &TargetName, object: &ObjectId, outcome: Outcome) {
        let key = (target.clone(), object.clone());
        if let Some(state) = self.state().open.get_mut(&key) {
            state.outcome = Some(outcome);
        }
    }

    /// Closes an object. Closing twice counts once.
    pub fn close(&self, target: &TargetName, object: &ObjectId, outcome: Outcome) {
        let mut state = self.state();
        if let Some(closed) = state.open.remove(&(target.clone(), object.clone())) {
            *state.closed.entry(outcome).or_default() += 1;
            let writes = state.written.entry(object.kind).or_default();
            *writes = closed.writes(outcome).max(*writes);
        }
    }

    /// Returns whether a write was sent that has not been answered.
    pub fn has_write_in_flight(&self) -> bool {
        self.state().open.values().any(|state| state.in_flight)
    }

    /// Returns whether an object of this kind was written.
    pub fn writes_of(&self, kind: &'static ObjectKind) -> Writes {
        let state = self.state();
        let open = state
            .open
            .iter()
            .filter(|((_, object), _)| object.kind == kind);
        let open = open.map(|(_, state)| state.writes(state.final_outcome()));
        let closed = state.written.get(kind).copied();
        open.chain(closed).max().unwrap_or_default()
    }

    /// Returns the objects that were not sent to the reporter, sorted: with their outcome if they have one, otherwise unknown
    /// if a write is in flight, failed if they were written in part, or not started.
    pub fn unreported(&self) -> Vec<(TargetName, ObjectId, Outcome)> {
        let state = self.state();
        let open = state.open.iter().map(|((target, object), state)| {
            (target.clone(), object.clone(), state.final_outcome())
        });
        let waiting = state.waiting.iter().chain(&state.unlisted);
        let waiting = waiting.flat_map(|(target, objects)| {
            let objects = objects.iter();
            objects.map(|object| (target.clone(), object.clone(), Outcome::NotStarted))
        });
        let mut unreported: Vec<_> = open.chain(waiting).collect();
        unreported.sort();
        unreported
    }

    /// Returns the number of objects by outcome. Open objects count as in [`Ledger::unreported`].
    pub fn counts(&self) -> Counts {
        let state = self.state();
        let mut counts = state.closed.clone();
        for state in state.open.values() {
            *counts.entry(state.final_outcome()).or_default() += 1;
        }
        let waiting = state.waiting.values().chain(state.unlisted.values());
        let waiting: usize = waiting.map(|objects| objects.len()).sum();
        if waiting > 0 {
            *counts.entry(Outcome::NotStarted).or_default() += waiting as u64;
        }
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
    key: (TargetName, ObjectId),
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
    use crate::engine::object::ObjectKind;
    use crate::engine::target::TargetScope;

    const ACCOUNT: ObjectKind = ObjectKind {
        rank: 1,
        singular: "serviceaccount",
        kind: "ServiceAccount",
        unchanged: "patched (no change)",
    };
    const PATCHED: Outcome = Outcome::changed(3, "patched");

    fn account(name: &str) -> ObjectId {
        ObjectId::new(&ACCOUNT, name)
    }

    fn target(namespace: &str) -> TargetName {
        TargetName {
            context: None,
            scope: TargetScope::Namespace(namespace.parse().unwrap()),
        }
    }

    fn counted(ledger: &Ledger) -> Vec<(u64, &'static str)> {
        let counts = ledger.counts().into_iter();
        counts
            .map(|(outcome, count)| (count, outcome.as_str()))
            .collect()
    }

    #[test]
    fn open_object_with_write_in_flight_is_unknown_and_without_is_not_started() {
        let ledger = Ledger::default();
        let target = target("a");
        ledger.track(&target, &account("waiting"));
        ledger.close(&target, &account("waiting"), Outcome::Failed);
        ledger.track(&target, &account("waiting"));
        assert_eq!(ledger.writes_of(&ACCOUNT), Writes::None);
        ledger.track(&target, &account("in-flight")).mark_sent();
        ledger.track(&target, &account("refused")).mark_sent();
        ledger.track(&target, &account("refused")).mark_answered();
        assert_eq!(ledger.writes_of(&ACCOUNT), Writes::Unconfirmed);
        ledger.track(&target, &account("deleted")).mark_sent();
        ledger.track(&target, &account("deleted")).mark_partial();
        let refused_later = ledger.track(&target, &account("refused-later"));
        refused_later.mark_partial();
        refused_later.mark_sent();
        refused_later.mark_answered();
        let in_flight_later = ledger.track(&target, &account("in-flight-later"));
        in_flight_later.mark_partial();
        in_flight_later.mark_sent();
        ledger.track(&target, &account("unreported")).mark_sent();
        ledger.record_outcome(&target, &account("unreported"), PATCHED);
        ledger.track(&target, &account("done"));
        ledger.close(&target, &account("done"), PATCHED);
        ledger.close(&target, &account("done"), PATCHED);
        assert_eq!(ledger.writes_of(&ACCOUNT), Writes::Confirmed);
        assert_eq!(
            counted(&ledger),
            [
                (2, "patched"),
                (3, "failed"),
                (2, "unknown"),
                (2, "not started")
            ]
        );
    }

    #[test]
    fn unlisted_target_counts_as_placeholder_objects() {
        let ledger = Ledger::default();
        let placeholder: Arc<[ObjectId]> = [account("default")].into();
        for namespace in ["a", "b", "c"] {
            ledger.register_target(target(namespace), Arc::clone(&placeholder));
        }
        ledger.begin(&target("b"), [], Some(Arc::clone(&placeholder)));
        ledger.begin(&target("c"), [], Some(placeholder));
        ledger.mark_listed(&target("c"));
        assert_eq!(counted(&ledger), [(2, "not started")]);
        assert_eq!(ledger.unreported().len(), 2);
    }

    #[test]
    fn waiting_target_counts_with_all_objects_and_skipped_objects_do_not_count() {
        let named = || [account("builder"), account("default")];
        let ledger = Ledger::default();
        for namespace in ["a", "b", "c"] {
            ledger.register_target(target(namespace), named().into());
        }
        ledger.begin(&target("b"), named(), None);
        ledger.close(&target("b"), &account("default"), Outcome::Unchanged);
        ledger.begin(&target("c"), named(), None);
        ledger.skip(&target("c"), &account("builder"));
        ledger.skip(&target("c"), &account("default"));
        assert_eq!(counted(&ledger), [(1, "unchanged"), (3, "not started")]);
        let unreported = ledger.unreported();
        let names: Vec<String> = unreported
            .iter()
            .map(|(target, object, _)| format!("{} {object}", target.namespace().unwrap()))
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
