//! Names the objects of a run and their outcomes. Imports nothing, so that every other module can use it.

use std::fmt;
use std::sync::Arc;

/// A kind of object. Each kind is one constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKind {
    /// Its position in reports: objects of a lower rank come first.
    pub rank: u8,
    /// Its name in lines, for example `secret`.
    pub singular: &'static str,
    /// Its name in manifests and in the report file, for example `Secret`.
    pub kind: &'static str,
    /// The words for an object that already had the desired state.
    pub unchanged: &'static str,
}

/// The kind and name of an object of a target. The order is that of reports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// Its kind.
    pub kind: &'static ObjectKind,
    /// Its name.
    pub name: Arc<str>,
}

impl ObjectId {
    /// Returns the id of the object of this kind and name.
    pub fn new(kind: &'static ObjectKind, name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        Self { kind, name }
    }
}

impl fmt::Display for ObjectId {
    /// Writes `secret/NAME`, like kubectl's name printer.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.kind.singular, self.name)
    }
}

/// A change that a run made, in the word of the object's kind. The order is that of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change {
    rank: u8,
    word: &'static str,
    /// Whether the object does not exist, so that `-o name` does not print it.
    is_absent: bool,
}

/// The outcome of an object. The order is that of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The run brought the object to its desired state.
    Changed(Change),
    /// The object already had the desired state.
    Unchanged,
    /// The server rejected the change, or the request for this object failed.
    Failed,
    /// A write was sent, and its response was lost in the last attempt.
    Unknown,
    /// Nothing was written: the run was interrupted, the cluster became unavailable, or an object that this one depends on
    /// failed.
    NotStarted,
}

impl Outcome {
    /// Returns the outcome of a change. `rank` orders the words of all kinds in the summary.
    pub const fn changed(rank: u8, word: &'static str) -> Self {
        Self::Changed(Change {
            rank,
            word,
            is_absent: false,
        })
    }

    /// Returns the outcome of an object that does not exist, if the request accepts that. `-o name` does not print it.
    pub const fn absent(rank: u8, word: &'static str) -> Self {
        Self::Changed(Change {
            rank,
            word,
            is_absent: true,
        })
    }

    /// Returns whether the object did not exist.
    pub fn is_absent(self) -> bool {
        matches!(
            self,
            Self::Changed(Change {
                is_absent: true,
                ..
            })
        )
    }

    /// Returns the word for the summary, the lines and the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed(change) => change.word,
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::NotStarted => "not started",
        }
    }

    /// Returns whether the object has the desired state.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Changed(_) | Self::Unchanged)
    }
}
