//! What became of each object, written down before its request leaves.
//!
//! The closing count is read from here, also after an interruption: an object that was sent and not answered is
//! *unknown*, one of which a part was carried out has *failed*, one that was not sent is *not started*. Keeps only what is
//! still open; what ended is a number.

use std::collections::{HashMap, HashSet};
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
    pub fn word(self) -> &'static str {
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
    pub fn is_as_asked(self) -> bool {
        !matches!(self, Self::Failed | Self::Unknown | Self::NotStarted)
    }
}

/// How far an object has come that has not ended.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// A write of it was sent and not answered.
    in_flight: bool,
    /// A part of what it takes was carried out.
    halfway: bool,
    /// How it has ended, though nobody was told yet.
    settled: Option<Outcome>,
}

impl State {
    /// What became of an object that is left in this state.
    fn at_the_end(self) -> Outcome {
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
struct Books {
    ended: [u64; Outcome::ALL.len()],
    /// What a target counts for that nobody has looked at.
    stand_ins: Vec<ObjectName>,
    /// Targets nobody has come to yet.
    waiting: HashSet<TargetName>,
    /// Targets that were begun and whose objects are not known yet, where none is known by name.
    unlisted: HashSet<TargetName>,
    open: HashMap<(TargetName, ObjectName), State>,
}

/// The books of one run, shared by all who write.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Books>>);

impl Ledger {
    /// The books of a run whose every target counts for `stand_ins` until it is known what it holds.
    pub fn new(stand_ins: Vec<ObjectName>) -> Self {
        let books = Books {
            stand_ins,
            ..Books::default()
        };
        Self(Arc::new(Mutex::new(books)))
    }

    /// A target is meant, and nothing of it was begun.
    pub fn await_target(&self, target: TargetName) {
        self.books().waiting.insert(target);
    }

    /// A target is begun: its `objects` are expected from now on.
    pub fn begin(&self, target: &TargetName, objects: Vec<ObjectName>) {
        let mut books = self.books();
        books.waiting.remove(target);
        if objects.is_empty() {
            books.unlisted.insert(target.clone());
        }
        for object in objects {
            books.open.entry((target.clone(), object)).or_default();
        }
    }

    /// All objects of a target are known, and expected: perhaps none.
    pub fn listed(&self, target: &TargetName) {
        self.books().unlisted.remove(target);
    }

    /// An object is not meant after all.
    pub fn withdraw(&self, target: &TargetName, object: &ObjectName) {
        self.books().open.remove(&(target.clone(), object.clone()));
    }

    /// Opens an object: it is expected, and nothing was sent.
    pub fn expect(&self, target: &TargetName, object: &ObjectName) -> Entry {
        let key = (target.clone(), object.clone());
        self.books().open.entry(key.clone()).or_default();
        Entry {
            ledger: self.clone(),
            key,
        }
    }

    /// An object has ended, and is told next: should the run be cut off before that, it counts so all the same.
    pub fn settle(&self, target: &TargetName, object: &ObjectName, outcome: Outcome) {
        let key = (target.clone(), object.clone());
        if let Some(state) = self.books().open.get_mut(&key) {
            state.settled = Some(outcome);
        }
    }

    /// Closes an object. Closing twice counts once.
    pub fn end(&self, target: &TargetName, object: &ObjectName, outcome: Outcome) {
        let mut books = self.books();
        if books
            .open
            .remove(&(target.clone(), object.clone()))
            .is_some()
        {
            books.ended[outcome as usize] += 1;
        }
    }

    /// What nobody was told of, in order: as it ended, else unknown with a write in flight, failed where a part was carried
    /// out, or not started.
    pub fn unended(&self) -> Vec<(TargetName, ObjectName, Outcome)> {
        let books = self.books();
        let open = books
            .open
            .iter()
            .map(|((target, object), state)| (target.clone(), object.clone(), state.at_the_end()));
        let waiting = books.waiting.iter().chain(&books.unlisted);
        let waiting = waiting.flat_map(|target| {
            let named = books.stand_ins.iter();
            named.map(|object| (target.clone(), object.clone(), Outcome::NotStarted))
        });
        let mut unended: Vec<_> = open.chain(waiting).collect();
        unended.sort();
        unended
    }

    /// Counts by outcome, in the order of [`Outcome::ALL`]; what is open counts as in [`Ledger::unended`].
    pub fn counts(&self) -> [u64; Outcome::ALL.len()] {
        let books = self.books();
        let mut counts = books.ended;
        for state in books.open.values() {
            counts[state.at_the_end() as usize] += 1;
        }
        let waiting = books.waiting.len() + books.unlisted.len();
        counts[Outcome::NotStarted as usize] += (waiting * books.stand_ins.len()) as u64;
        counts
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // Every change under the lock is one step: a holder that panicked leaves true books.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One open object's line in the ledger, handed to the write that concerns it.
#[derive(Debug)]
pub struct Entry {
    ledger: Ledger,
    key: (TargetName, ObjectName),
}

impl Entry {
    /// A write is about to leave.
    pub fn sent(&self) {
        self.note(|state| state.in_flight = true);
    }

    /// The server has answered it, whatever it said: nothing of it is in flight.
    pub fn answered(&self) {
        self.note(|state| state.in_flight = false);
    }

    /// The server has carried out a part of what the object takes: left so, it is not as it was, nor as asked.
    pub fn halfway(&self) {
        self.note(|state| {
            state.in_flight = false;
            state.halfway = true;
        });
    }

    fn note(&self, change: impl FnOnce(&mut State)) {
        if let Some(state) = self.ledger.books().open.get_mut(&self.key) {
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
        let words = Outcome::ALL.map(Outcome::word);
        let counts = ledger.counts().into_iter().zip(words);
        counts.filter(|(count, _)| *count > 0).collect()
    }

    #[test]
    fn what_was_sent_and_not_answered_is_unknown_and_what_was_not_sent_is_not_started() {
        let ledger = Ledger::default();
        let target = target("a");
        ledger.expect(&target, &account("waiting"));
        ledger.expect(&target, &account("in-flight")).sent();
        ledger.expect(&target, &account("refused")).sent();
        ledger.expect(&target, &account("refused")).answered();
        ledger.expect(&target, &account("deleted")).sent();
        ledger.expect(&target, &account("deleted")).halfway();
        ledger.expect(&target, &account("refused-later")).halfway();
        ledger.expect(&target, &account("refused-later")).sent();
        ledger.expect(&target, &account("refused-later")).answered();
        ledger
            .expect(&target, &account("in-flight-later"))
            .halfway();
        ledger.expect(&target, &account("in-flight-later")).sent();
        ledger.expect(&target, &account("settled")).sent();
        ledger.settle(&target, &account("settled"), Outcome::Patched);
        ledger.expect(&target, &account("done"));
        ledger.end(&target, &account("done"), Outcome::Patched);
        ledger.end(&target, &account("done"), Outcome::Patched);
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
            ledger.await_target(target(namespace));
        }
        ledger.begin(&target("b"), Vec::new());
        ledger.begin(&target("c"), Vec::new());
        ledger.listed(&target("c"));
        assert_eq!(counted(&ledger), [(2, "not started")]);
        assert_eq!(ledger.unended().len(), 2);
    }

    #[test]
    fn a_target_nobody_came_to_counts_with_all_it_holds_and_one_that_went_away_with_nothing() {
        let named = || vec![account("builder"), account("default")];
        let ledger = Ledger::new(named());
        for namespace in ["a", "b", "c"] {
            ledger.await_target(target(namespace));
        }
        ledger.begin(&target("b"), named());
        ledger.end(&target("b"), &account("default"), Outcome::Unchanged);
        ledger.begin(&target("c"), named());
        ledger.withdraw(&target("c"), &account("builder"));
        ledger.withdraw(&target("c"), &account("default"));
        assert_eq!(counted(&ledger), [(1, "unchanged"), (3, "not started")]);
        let unended = ledger.unended();
        let names: Vec<String> = unended
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
