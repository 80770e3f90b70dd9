//! A test resource in a store of strings, and a run that records its events.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::engine::RunContext;
use crate::engine::event::EventReceiver;
use crate::engine::{
    Context, Decision, Event, EventSender, Finished, Ledger, ObjectError, ObjectId, ObjectKind,
    OpenResource, Outcome, Resource, State, StepResult, TargetName, TargetPermit, TargetScope,
    TargetWork, WriteTracker, reconcile,
};
use crate::request::DryRun;
use crate::safety::Safety;
use crate::stop::StopSignal;

pub(super) const THING: ObjectKind = ObjectKind {
    rank: 1,
    singular: "thing",
    kind: "Thing",
    unchanged: "unchanged",
};
pub(super) const MADE: Outcome = Outcome::changed(1, "made");

pub(super) fn id(name: &str) -> ObjectId {
    ObjectId::new(&THING, name)
}

/// A scripted reply to one execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    /// The write succeeds.
    Made,
    /// The server rejects the write.
    Refused,
    /// Another client was faster.
    Conflict,
    /// The write succeeds, its response is lost, and a repetition conflicts.
    LostThenConflict,
    /// The response never comes.
    Hang,
}

/// The things that exist, the scripted replies, and a journal of all calls.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) existing: BTreeMap<String, u32>,
    pub(super) replies: BTreeMap<String, VecDeque<Reply>>,
    pub(super) journal: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct SharedWorld(Arc<Mutex<World>>);

impl SharedWorld {
    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    pub(super) fn script(&self, name: &str, replies: &[Reply]) {
        let replies = replies.iter().copied().collect();
        self.lock().replies.insert(name.to_owned(), replies);
    }

    pub(super) fn journal(&self) -> Vec<String> {
        self.lock().journal.clone()
    }
}

/// A resource whose desired state is to exist.
pub(super) struct Thing {
    id: ObjectId,
    depends_on: Vec<ObjectId>,
    safety: Safety,
    /// Whether the thing can be observed before its dependencies exist, as a ServiceAccount can before its Secret.
    is_eager: bool,
    world: SharedWorld,
}

impl Thing {
    pub(super) fn new(world: &SharedWorld, name: &str, depends_on: &[&str]) -> Self {
        Self {
            id: id(name),
            depends_on: depends_on.iter().map(|name| id(name)).collect(),
            safety: Safety::Idempotent,
            is_eager: false,
            world: world.clone(),
        }
    }

    pub(super) fn at_most_once(mut self) -> Self {
        self.safety = Safety::AtMostOnce;
        self
    }

    pub(super) fn eager(mut self) -> Self {
        self.is_eager = true;
        self
    }

    fn note(&self, call: &str) {
        let name = &self.id.name;
        self.world.lock().journal.push(format!("{call} {name}"));
    }
}

impl Resource for Thing {
    /// Whether the thing and everything it depends on exist.
    type Observed = (bool, bool);
    type Action = ();
    type Error = String;
    type Unconfirmed = ();

    const ACTS_ONLY_ON_DIFFERENCE: bool = true;

    fn id(&self) -> &ObjectId {
        &self.id
    }

    fn depends_on(&self) -> &[ObjectId] {
        &self.depends_on
    }

    async fn observe(&self, _: &Context) -> Result<(bool, bool), String> {
        self.note("observe");
        tokio::task::yield_now().await;
        let world = self.world.lock();
        let exists = |id: &ObjectId| world.existing.contains_key(&*id.name);
        Ok((exists(&self.id), self.depends_on.iter().all(exists)))
    }

    fn decide(
        &self,
        (exists, is_complete): (bool, bool),
        state: &State<'_, ()>,
        _: &mut Vec<String>,
    ) -> Decision<(), String> {
        match (exists, is_complete) {
            (true, _) if state.unconfirmed.is_some() => {
                Decision::Finish(Finished::success(MADE, None))
            }
            (true, _) => Decision::Finish(Finished::success(Outcome::Unchanged, None)),
            // As for a Google binding: the policy of a repository that does not exist cannot be read.
            (false, false) if !self.is_eager => Decision::AwaitDependencies,
            (false, _) => Decision::Act((), self.safety),
        }
    }

    async fn execute(
        &self,
        _: &Context,
        (): (),
        tracker: &Arc<WriteTracker>,
    ) -> StepResult<String, ()> {
        self.note("execute");
        tracker.mark_sent();
        tokio::time::sleep(Duration::from_millis(10)).await;
        let reply = {
            let mut world = self.world.lock();
            let replies = world.replies.get_mut(&*self.id.name);
            let reply = replies.and_then(VecDeque::pop_front).unwrap_or(Reply::Made);
            if matches!(reply, Reply::Made | Reply::LostThenConflict | Reply::Hang) {
                *world.existing.entry(self.id.name.to_string()).or_default() += 1;
            }
            reply
        };
        if reply == Reply::Hang {
            std::future::pending::<()>().await;
        }
        let error = format!("error: {}: refused", self.id);
        if reply != Reply::LostThenConflict {
            tracker.mark_answered();
        }
        match reply {
            Reply::Made | Reply::Hang => StepResult::Finished(Finished::success(MADE, None)),
            Reply::Refused => StepResult::Finished(Finished::failure(Outcome::Failed, error)),
            Reply::Conflict => StepResult::Conflict {
                error,
                unconfirmed: None,
            },
            Reply::LostThenConflict => StepResult::Conflict {
                error,
                unconfirmed: Some(()),
            },
        }
    }

    fn preview(&self, (): ()) -> Finished<String> {
        Finished::success(MADE, None)
    }

    async fn explain(&self, error: String) -> ObjectError {
        ObjectError::new(error)
    }
}

/// A run with its events.
pub(super) struct TestRun {
    pub(super) context: RunContext,
    pub(super) stop: watch::Sender<bool>,
    pub(super) received: EventReceiver,
}

impl TestRun {
    pub(super) fn begin(dry_run: DryRun) -> Self {
        let (events, received) = EventSender::channel();
        let (stop, stopped) = StopSignal::channel();
        let context = RunContext {
            dry_run,
            deadline: Instant::now() + Duration::from_secs(10),
            stop: stopped,
            ledger: Ledger::default(),
            events,
            commands: None,
        };
        Self {
            context,
            stop,
            received,
        }
    }

    /// Reconciles the things and returns their outcomes in the order in which they were reported.
    pub(super) async fn reconcile(&mut self, things: Vec<Thing>) -> Vec<String> {
        let resources = things.into_iter().map(OpenResource::new).collect();
        let work = TargetWork {
            target: project(),
            resources,
            discovery: None,
        };
        reconcile(work, TargetPermit::default(), &self.context).await;
        self.reported().await
    }

    pub(super) async fn reported(&mut self) -> Vec<String> {
        let mut reported = Vec::new();
        while !self.received.is_empty() {
            if let Some(Event::ObjectResult(result)) = self.received.recv().await {
                reported.push(format!("{} {}", result.object, result.outcome.as_str()));
            }
        }
        reported
    }

    pub(super) fn counts(&self) -> Vec<(&'static str, u64)> {
        let counts = self.context.ledger.counts().into_iter();
        counts
            .map(|(outcome, count)| (outcome.as_str(), count))
            .collect()
    }
}

/// A target that is no namespace.
pub(super) fn project() -> TargetName {
    TargetName {
        context: None,
        scope: TargetScope::Project("my-project".into()),
    }
}
