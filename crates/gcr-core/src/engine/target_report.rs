//! Reports the results of one target to the ledger and the reporter, and remembers how its objects ended.

use std::collections::{BTreeSet, HashMap};

use super::event::{Event, ObjectResult};
use super::object::{ObjectId, Outcome};
use super::object_error::ObjectError;
use super::open_resource::OpenResource;
use super::resource::Finished;
use super::run_context::RunContext;
use super::target::TargetName;

/// The end of an object, for the objects that depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ObjectEnd {
    Finished(Outcome),
    /// It is no longer part of the run, for example because its namespace was deleted.
    Skipped,
}

/// Whether an object may be changed, by the ends of the objects that it depends on.
pub(super) enum Readiness {
    Ready,
    Blocked,
    Skipped,
    Failed(ObjectId),
}

/// The results of one target.
pub(super) struct TargetReport<'a> {
    run: &'a RunContext,
    pub(super) target: TargetName,
    ends: HashMap<ObjectId, ObjectEnd>,
    /// Warnings and notes already sent: each is sent once per target.
    notes: BTreeSet<String>,
}

impl<'a> TargetReport<'a> {
    pub(super) fn new(run: &'a RunContext, target: TargetName) -> Self {
        Self {
            run,
            target,
            ends: HashMap::new(),
            notes: BTreeSet::new(),
        }
    }

    pub(super) fn is_finished(&self, object: &ObjectId) -> bool {
        self.ends.contains_key(object)
    }

    /// Returns the outcome of each object that was not skipped.
    pub(super) fn outcomes(self) -> HashMap<ObjectId, Outcome> {
        let ends = self.ends.into_iter();
        ends.filter_map(|(object, end)| match end {
            ObjectEnd::Finished(outcome) => Some((object, outcome)),
            ObjectEnd::Skipped => None,
        })
        .collect()
    }

    /// Returns whether the object may be changed, by the ends of the objects that it depends on.
    pub(super) fn readiness(&self, resource: &OpenResource<'_>) -> Readiness {
        let mut readiness = Readiness::Ready;
        for dependency in resource.depends_on() {
            match self.ends.get(dependency) {
                Some(ObjectEnd::Finished(outcome)) if outcome.is_success() => {}
                Some(ObjectEnd::Finished(_)) => return Readiness::Failed(dependency.clone()),
                Some(ObjectEnd::Skipped) => return Readiness::Skipped,
                None => readiness = Readiness::Blocked,
            }
        }
        readiness
    }

    /// Sends the warnings that this target has not sent before.
    pub(super) async fn warn(&mut self, warnings: Vec<String>) {
        for text in warnings {
            if self.notes.insert(text.clone()) {
                let at = Some(self.target.clone());
                self.run.events.send(Event::Warning { text, at }).await;
            }
        }
    }

    /// Sends a note that this target has not sent before.
    pub(super) async fn note(&mut self, note: Option<String>) {
        if let Some(line) = note
            && self.notes.insert(line.clone())
        {
            let context = self.target.context.clone();
            self.run.events.send(Event::Note { line, context }).await;
        }
    }

    /// Reports that `objects` more objects are part of the run.
    pub(super) async fn increase_total(&self, objects: usize) {
        let event = Event::TotalIncreased {
            context: self.target.context.clone(),
            objects: objects as u64,
        };
        self.run.events.send(event).await;
    }

    /// Removes an object from the run: it counts neither as successful nor as failed.
    pub(super) async fn skip(&mut self, object: &ObjectId, note: Option<String>) {
        self.ends.insert(object.clone(), ObjectEnd::Skipped);
        self.run.ledger.skip(&self.target, object);
        self.note(note).await;
        let event = Event::TotalDecreased {
            context: self.target.context.clone(),
            objects: 1,
        };
        self.run.events.send(event).await;
    }

    /// Sends an object's final outcome to the ledger and the reporter.
    pub(super) async fn end(&mut self, object: &ObjectId, finished: Finished<ObjectError>) {
        self.end_as(object, object.clone(), finished).await;
    }

    /// Does the same as [`Self::end`] for an object that is reported under another name.
    pub(super) async fn end_as(
        &mut self,
        object: &ObjectId,
        reported: ObjectId,
        finished: Finished<ObjectError>,
    ) {
        let Finished {
            outcome,
            error,
            manifest,
            warnings,
        } = finished;
        self.ends
            .insert(object.clone(), ObjectEnd::Finished(outcome));
        let commands = self.run.commands.as_ref();
        let commands = commands.filter(|_| matches!(outcome, Outcome::Changed(_)));
        let result = ObjectResult {
            command: commands.and_then(|it| it.command(&self.target, &reported)),
            target: self.target.clone(),
            object: reported,
            outcome,
            error,
            manifest,
        };
        // Waiting for a slow reporter can be cancelled: the ledger then knows the outcome. Closing and sending happen without
        // an `.await` between them, so that each object is reported exactly once.
        self.run
            .ledger
            .record_outcome(&self.target, object, outcome);
        let reserved = self.run.events.reserve().await;
        self.run.ledger.close(&self.target, object, outcome);
        reserved.send(result);
        self.warn(warnings).await;
    }
}
