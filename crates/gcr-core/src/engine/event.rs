//! Defines the events of a run (results of objects, warnings, notes and errors) and the channels that carry them.
//!
//! The reporter and the report writer do the output.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::object::{ObjectId, Outcome};
use super::object_error::{Hint, ObjectError};
use super::target::TargetName;

/// An event of a run.
#[derive(Debug)]
pub enum Event {
    /// An object has its final outcome.
    ObjectResult(Box<ObjectResult>),
    /// A query has found rows, which are printed together: those of one page of a list.
    Rows(Vec<Row>),
    /// A problem that does not stop the run.
    Warning {
        /// The text in lower case, with control characters escaped.
        text: String,
        /// The target it is about; `None` for the whole run.
        at: Option<TargetName>,
    },
    /// A `Warning:` header of a server. The reporter shows each text once.
    ServerWarning(String),
    /// A line for stderr that is neither a warning nor an error; `-q` suppresses it.
    Note {
        /// The text.
        line: String,
        /// The cluster's kubeconfig context, if it has one.
        context: Option<Arc<str>>,
    },
    /// A diagnostic line for `-v` (see [`crate::diagnostics`]).
    Diagnostic(String),
    /// An error that belongs to no single object: a cluster became unavailable, or no namespace matches.
    Error {
        /// The whole line.
        line: String,
        /// The cluster's kubeconfig context, if it has one.
        context: Option<Arc<str>>,
    },
    /// The hint for an [`Event::Error`].
    Hint(Hint),
    /// More objects are part of the run.
    TotalIncreased {
        /// The cluster's kubeconfig context, if it has one.
        context: Option<Arc<str>>,
        /// Number of objects.
        objects: u64,
    },
    /// Objects are no longer part of the run: the run skipped them.
    TotalDecreased {
        /// The cluster's kubeconfig context, if it has one.
        context: Option<Arc<str>>,
        /// Number of objects.
        objects: u64,
    },
    /// The run takes long enough to show its progress.
    ShowProgress,
}

/// The final outcome of an object.
#[derive(Debug)]
pub struct ObjectResult {
    /// Its target.
    pub target: TargetName,
    /// Its kind and name.
    pub object: ObjectId,
    /// The outcome.
    pub outcome: Outcome,
    /// The reason, unless the outcome is a success.
    pub error: Option<ObjectError>,
    /// The object as the server stores it, for `-o json|yaml`.
    pub manifest: Option<Value>,
    /// The command that does the same by hand, for the line of a client dry run.
    pub command: Option<String>,
}

/// One row of a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The target in which it was found.
    pub target: TargetName,
    /// The object that it describes, for `-o name`.
    pub object: ObjectId,
    /// The cells, one per column of the query's table. For a query without a table: its text.
    pub cells: Vec<Cell>,
    /// The row for `-o json|yaml`.
    pub value: Value,
    /// Whether it describes a problem, so that the command fails.
    pub is_problem: bool,
}

/// One cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The text, with control characters escaped.
    pub text: String,
    /// The position among the cells of a sorted column, for a column that is not sorted by its text.
    pub rank: Option<i64>,
}

impl Cell {
    /// Returns a cell whose column is sorted by `rank`.
    pub fn ranked(text: impl Into<String>, rank: i64) -> Self {
        let text = text.into();
        let rank = Some(rank);
        Self { text, rank }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        let text = text.into();
        Self { text, rank: None }
    }
}

/// One object's line in the report file, not yet redacted.
#[derive(Debug)]
pub struct ReportEntry {
    /// Its target.
    pub target: TargetName,
    /// Its kind and name.
    pub object: ObjectId,
    /// The outcome.
    pub outcome: Outcome,
    /// The cause, unless the outcome is a success.
    pub reason: Option<String>,
}

/// Number of events that may wait for the reporter, and of entries that may wait for the report file.
const CAPACITY: usize = 256;

/// Sends events to the reporter and the results among them to the report file too.
///
/// Bounded, so that a slow terminal slows the run down instead of growing memory. The report file has a channel of its
/// own, so that a blocked terminal does not delay the file. Diagnostics are not bounded: tracing's
/// subscribers cannot wait.
#[derive(Debug, Clone)]
pub struct EventSender {
    events: mpsc::UnboundedSender<(Option<OwnedSemaphorePermit>, Event)>,
    capacity: Arc<Semaphore>,
    report: Option<mpsc::Sender<ReportEntry>>,
}

/// Receives events.
#[derive(Debug)]
pub struct EventReceiver {
    events: mpsc::UnboundedReceiver<(Option<OwnedSemaphorePermit>, Event)>,
    capacity: Arc<Semaphore>,
}

/// Sends diagnostics without keeping the channel open.
#[derive(Debug, Clone)]
pub struct DiagnosticSender(mpsc::WeakUnboundedSender<(Option<OwnedSemaphorePermit>, Event)>);

/// A reserved slot in each channel for one result, so that sending it cannot wait.
#[derive(Debug)]
pub struct ReservedResult<'a> {
    events: &'a EventSender,
    permit: Option<OwnedSemaphorePermit>,
    report: Option<mpsc::Permit<'a, ReportEntry>>,
}

impl EventSender {
    /// Creates a channel without a report file.
    pub fn channel() -> (Self, EventReceiver) {
        let (events, received) = mpsc::unbounded_channel();
        let capacity = Arc::new(Semaphore::new(CAPACITY));
        let receiver = EventReceiver {
            events: received,
            capacity: Arc::clone(&capacity),
        };
        let sender = Self {
            events,
            capacity,
            report: None,
        };
        (sender, receiver)
    }

    /// Also sends each result to the returned receiver.
    pub fn with_report(mut self) -> (Self, mpsc::Receiver<ReportEntry>) {
        let (report, entries) = mpsc::channel(CAPACITY);
        self.report = Some(report);
        (self, entries)
    }

    /// Returns a sender for diagnostics. It does not keep the channel open.
    pub fn diagnostics(&self) -> DiagnosticSender {
        DiagnosticSender(self.events.downgrade())
    }

    /// Waits for a free slot for one result.
    pub async fn reserve(&self) -> ReservedResult<'_> {
        let report = match &self.report {
            Some(report) => report.reserve().await.ok(),
            None => None,
        };
        ReservedResult {
            permit: self.acquire(1).await,
            events: self,
            report,
        }
    }

    /// Sends an event that is not a result. Does nothing once the reporter has ended.
    pub async fn send(&self, event: Event) {
        let permit = self.acquire(weight(&event)).await;
        // The receiver is gone only when the run is over.
        let _ = self.events.send((permit, event));
    }

    /// Sends an event without waiting for a free slot: for the last event of work that is dropped.
    pub fn send_now(&self, event: Event) {
        let _ = self.events.send((None, event));
    }

    /// Waits for free slots; `None` once the reporter has ended.
    async fn acquire(&self, slots: u32) -> Option<OwnedSemaphorePermit> {
        let capacity = Arc::clone(&self.capacity);
        capacity.acquire_many_owned(slots).await.ok()
    }
}

/// Returns the number of slots that an event takes, so that pages of rows do not fill the memory.
fn weight(event: &Event) -> u32 {
    match event {
        Event::Rows(rows) => rows.len().clamp(1, CAPACITY) as u32,
        _ => 1,
    }
}

impl ReservedResult<'_> {
    /// Sends the result.
    pub fn send(self, result: ObjectResult) {
        if let Some(report) = self.report {
            report.send(ReportEntry {
                target: result.target.clone(),
                object: result.object.clone(),
                outcome: result.outcome,
                reason: result.error.as_ref().map(|error| error.cause.clone()),
            });
        }
        let event = Event::ObjectResult(Box::new(result));
        let _ = self.events.events.send((self.permit, event));
    }
}

impl DiagnosticSender {
    /// Sends a line. Does nothing once the run is over.
    pub fn send(&self, line: String) {
        if let Some(events) = self.0.upgrade() {
            let _ = events.send((None, Event::Diagnostic(line)));
        }
    }
}

impl EventReceiver {
    /// Waits for the next event; `None` once every sender is gone.
    pub async fn recv(&mut self) -> Option<Event> {
        self.events.recv().await.map(|(_, event)| event)
    }

    /// Blocks until the next event; `None` once every sender is gone.
    pub fn blocking_recv(&mut self) -> Option<Event> {
        self.events.blocking_recv().map(|(_, event)| event)
    }

    /// Returns whether no event waits.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

impl Drop for EventReceiver {
    /// Wakes the senders that wait for a free slot.
    fn drop(&mut self) {
        self.capacity.close();
    }
}
