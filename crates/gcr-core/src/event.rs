//! What a run tells the one who reports: objects as they end, warnings, diagnostics.
//!
//! Plain data and the channel it travels on. Prints nothing.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc::{self, Permit};

use crate::ledger::Outcome;
use crate::object_error::{Hint, ObjectError};
use crate::target::{ObjectName, TargetName};

/// Something to report.
#[derive(Debug)]
pub enum Event {
    /// An object has ended.
    ObjectResult(Box<ObjectResult>),
    /// Something the user should know though it stops nothing.
    Warning {
        /// The sentence, lower-case, printable.
        text: String,
        /// Where; `None` for what concerns the whole run.
        at: Option<TargetName>,
    },
    /// A `Warning:` header of a server; each text is manifest once.
    ServerWarning(String),
    /// A line for stderr that is neither warning nor error; `-q` silences it.
    Note {
        /// The sentence.
        line: String,
        /// The cluster's context, where it has one.
        context: Option<Arc<str>>,
    },
    /// A diagnostic line for `-v`.
    Trace(String),
    /// What is no single object's trouble: a cluster was given up, or nothing in it is meant.
    Error {
        /// The whole line.
        line: String,
        /// The cluster's context, where it has one.
        context: Option<Arc<str>>,
    },
    /// What to do about an [`Event::Error`].
    Hint(Hint),
    /// So many objects more are meant in this cluster.
    TotalIncreased {
        /// The cluster's context, where it has one.
        context: Option<Arc<str>>,
        /// How many.
        objects: u64,
    },
    /// The run goes on for longer than a user waits without a word.
    ShowProgress,
}

/// How an object ended.
#[derive(Debug)]
pub struct ObjectResult {
    /// Where it is.
    pub target: TargetName,
    /// Which one it is.
    pub object: ObjectName,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, where it went wrong.
    pub error: Option<ObjectError>,
    /// The object as the server holds it now, for `-o json|yaml`.
    pub manifest: Option<Value>,
}

/// The way to the reporter: bounded, so that a slow terminal slows the run instead of growing memory.
#[derive(Debug, Clone)]
pub struct EventSender(mpsc::Sender<Event>);

/// How many events may wait for the reporter.
const CAPACITY: usize = 256;

impl EventSender {
    /// A new channel.
    pub fn channel() -> (Self, mpsc::Receiver<Event>) {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        (Self(sender), receiver)
    }

    /// Room for one event, so that it can be told at once; `None` once nobody listens.
    pub async fn reserve(&self) -> Option<Permit<'_, Event>> {
        self.0.reserve().await.ok()
    }

    /// Tells the reporter. Once the reporter is gone nobody listens, and that is no error.
    pub async fn send(&self, event: Event) {
        let _ = self.0.send(event).await;
    }
}
