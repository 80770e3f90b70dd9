//! What became of each object, written down before its request leaves.
//!
//! The closing count is read from here, also after an interruption: an object that was sent and not answered is
//! *unknown*, one that was not sent is *not started*. Keeps only what is still open; what ended is a number.

use std::collections::HashMap;
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
    /// No write of it was ever sent.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    NotSent,
    Sent,
    Answered,
}

#[derive(Debug, Default)]
struct Books {
    ended: [u64; Outcome::ALL.len()],
    open: HashMap<(TargetName, ObjectName), State>,
}

/// The books of one run, shared by all who write.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Books>>);

impl Ledger {
    /// Opens an object: it is expected, and nothing was sent.
    pub fn expect(&self, target: &TargetName, object: &ObjectName) -> Entry {
        let key = (target.clone(), object.clone());
        self.books()
            .open
            .entry(key.clone())
            .or_insert(State::NotSent);
        Entry {
            ledger: self.clone(),
            key,
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

    /// The objects with a write in flight.
    pub fn unanswered(&self) -> Vec<(TargetName, ObjectName)> {
        let books = self.books();
        let sent = books
            .open
            .iter()
            .filter(|(_, state)| **state == State::Sent);
        let mut unanswered: Vec<_> = sent.map(|(key, _)| key.clone()).collect();
        unanswered.sort();
        unanswered
    }

    /// Counts by outcome, in the order of [`Outcome::ALL`]; what is open counts as unknown or not started.
    pub fn counts(&self) -> [u64; Outcome::ALL.len()] {
        let books = self.books();
        let mut counts = books.ended;
        for state in books.open.values() {
            let outcome = if *state == State::Sent {
                Outcome::Unknown
            } else {
                Outcome::NotStarted
            };
            counts[outcome as usize] += 1;
        }
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
        self.note(State::Sent);
    }

    /// The server has answered it, whatever it said: nothing of it is in flight.
    pub fn answered(&self) {
        self.note(State::Answered);
    }

    fn note(&self, state: State) {
        if let Some(noted) = self.ledger.books().open.get_mut(&self.key) {
            *noted = state;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_and_not_answered_is_unknown_and_what_was_not_sent_is_not_started() {
        let ledger = Ledger::default();
        let target = TargetName {
            namespace: "a".parse().unwrap(),
        };
        let object = |name: &str| ObjectName::ServiceAccount(name.parse().unwrap());
        ledger.expect(&target, &object("waiting"));
        ledger.expect(&target, &object("in-flight")).sent();
        ledger.expect(&target, &object("refused")).sent();
        ledger.expect(&target, &object("refused")).answered();
        ledger.expect(&target, &object("done"));
        ledger.end(&target, &object("done"), Outcome::Patched);
        ledger.end(&target, &object("done"), Outcome::Patched);
        let counts: HashMap<_, _> = Outcome::ALL
            .map(Outcome::word)
            .into_iter()
            .zip(ledger.counts())
            .collect();
        assert_eq!(counts["unknown"], 1);
        assert_eq!(counts["not started"], 2);
        assert_eq!(counts["patched"], 1);
        assert_eq!(counts.values().sum::<u64>(), 4);
    }
}
