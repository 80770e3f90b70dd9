//! One target from start to end: observe, plan, apply, and again while what was seen is stale.
//!
//! The only loop of the pipe. Every command, over one namespace or a fleet, goes through [`drive`].

mod named;
mod send;
mod turn;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use serde_json::Value;
use tokio::time::Instant;

use crate::advice;
use crate::apply::{self, Applied, Unheard};
use crate::cluster::fault::seconds;
use crate::cluster::patience;
use crate::domain::names::ServiceAccountName;
use crate::event::{Ended, Event};
use crate::failure::{Failure, Trouble};
use crate::ledger::{Ledger, Outcome};
use crate::observe::{Sight, observe};
use crate::plan::{AccountStep, Plan, plan};
use crate::progress::Progress;
use crate::request::{AccountChange, Wanted};
use crate::target::{ObjectName, Target};
pub use named::{named_objects, stand_ins};
pub use turn::Turn;

/// How often somebody else may be faster in one target before what is still stale is given up.
const CONFLICTS: u32 = 16;
/// Accounts of one namespace that are written side by side.
const ACCOUNTS: usize = 8;
/// The first and the longest pause while something is not there yet. `default` comes within 5 ms as a rule.
const NOT_YET: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// Brings `target` to what is `wanted`, telling each object's end to the reporter and the ledger. `sight` is what is known
/// of it beforehand.
pub async fn drive(
    target: &Target,
    mut turn: Turn,
    mut sight: Sight,
    wanted: &Wanted,
    deadline: Instant,
    ledger: &Ledger,
) {
    let mut run = Drive {
        target,
        wanted,
        ledger,
        progress: Progress::new(wanted, deadline),
    };
    ledger.begin(&target.name(), named_objects(wanted));
    let mut not_yet = NOT_YET.0;
    while !run.progress.is_complete() {
        // Before the look: what is told to be over has been looked at since.
        run.progress.waiting = Instant::now() < deadline;
        let observed = observe(target, wanted, &run.progress, &mut sight).await;
        let plan = plan(wanted, observed, &run.progress);
        let again = run.apply(plan).await;
        run.progress.looks += 1;
        match again {
            Again::No => {}
            Again::Moved => {
                run.progress.conflicts += 1;
                let pause = patience::conflict_pause(run.progress.conflicts);
                let said = || {
                    let (namespace, pause) = (&target.namespace, seconds(pause));
                    format!("namespace/{namespace}: changed since it was read; again in {pause}")
                };
                target.cluster.trace(2, said).await;
                target.cluster.wait(pause).await;
            }
            Again::NotYet => {
                turn.give_up();
                target
                    .cluster
                    .wait(not_yet.min(deadline.saturating_duration_since(Instant::now())))
                    .await;
                not_yet = (not_yet * 2).min(NOT_YET.1);
            }
        }
    }
}

/// How an object has ended, for those that come after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    Ended(Outcome),
    /// Its namespace went away: it is not meant any more.
    Withdrawn,
}

/// Why a round has to be followed by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Again {
    No,
    NotYet,
    Moved,
}

struct Drive<'a> {
    target: &'a Target,
    wanted: &'a Wanted,
    ledger: &'a Ledger,
    progress: Progress,
}

impl Drive<'_> {
    async fn apply(&mut self, plan: Plan) -> Again {
        self.warn(plan.warnings).await;
        if let (Some(step), Some(secret)) = (plan.secret, &self.wanted.secret) {
            let object = ObjectName::Secret(secret.name.clone());
            let dropped_hosts = step.dropped_hosts();
            let entry = self.ledger.expect(&self.target.name(), &object);
            let applied = apply::secret::carry_out(
                self.target,
                self.wanted,
                secret,
                step,
                self.progress.deadline,
                &entry,
            )
            .await;
            match self.settle(&object, applied).await {
                Ok(Settled::Ended(outcome)) => {
                    self.progress.secret_ended = true;
                    self.progress.secret_written = outcome.is_as_asked();
                    if !outcome.is_as_asked() {
                        self.abandon_accounts().await;
                        return Again::No;
                    }
                    self.warn(dropped_hosts).await;
                }
                Ok(Settled::Withdrawn) => {
                    self.progress.secret_ended = true;
                    for name in self.progress.open_accounts.take().unwrap_or_default() {
                        let object = ObjectName::ServiceAccount(name);
                        self.ledger.withdraw(&self.target.name(), &object);
                    }
                    self.progress.open_accounts = Some(Default::default());
                    return Again::No;
                }
                Err(again) => return again,
            }
        }
        match plan.accounts_unnamed {
            Some(failure) => self.fail_unnamed(failure).await,
            None => self.apply_accounts(plan.accounts).await,
        }
    }

    /// Tells what was not told yet.
    async fn warn(&mut self, warnings: impl IntoIterator<Item = String>) {
        for text in warnings {
            if self.progress.warn_once(&text) {
                let at = Some(self.target.name());
                self.target.cluster.tell(Event::Warning { text, at }).await;
            }
        }
    }

    async fn apply_accounts(&mut self, mut steps: Vec<(ServiceAccountName, AccountStep)>) -> Again {
        if self.progress.open_accounts.is_none() {
            // Where every namespace is meant, most of them hold nothing that a label selects.
            if steps.is_empty() && self.target.named {
                let text = format!("No resources found in {} namespace.", self.target.namespace);
                self.note(text).await;
            }
            let open: BTreeSet<_> = steps.iter().map(|(name, _)| name.clone()).collect();
            for name in &open {
                let object = ObjectName::ServiceAccount(name.clone());
                self.ledger.expect(&self.target.name(), &object);
            }
            self.ledger.listed(&self.target.name());
            self.meant(open.len()).await;
            self.progress.open_accounts = Some(open);
        }
        self.let_go_what_refers_to_nothing(&mut steps);
        for (name, step) in &steps {
            // It was read again and does not hold the list whose answer was lost.
            if matches!(step, AccountStep::Patch { .. }) {
                self.progress.unheard_accounts.remove(name);
            }
        }
        let (target, wanted, ledger) = (self.target, self.wanted, self.ledger);
        let mut ends = stream::iter(steps)
            .map(|(name, step)| async move {
                let entry =
                    ledger.expect(&target.name(), &ObjectName::ServiceAccount(name.clone()));
                let applied = apply::account::carry_out(target, wanted, &name, step, &entry).await;
                let object = ObjectName::ServiceAccount(name.clone());
                // Here, side by side: what waits in the loop below keeps the others' answers from being heard in time.
                (name, advised(target, wanted, &object, applied).await)
            })
            .buffer_unordered(ACCOUNTS);
        let mut again = Again::No;
        while let Some((name, applied)) = ends.next().await {
            match self
                .settle(&ObjectName::ServiceAccount(name.clone()), applied)
                .await
            {
                Ok(_) => self.progress.end_account(&name),
                Err(why) => again = again.max(why),
            }
        }
        again
    }

    /// Where every namespace is meant, an account that is not there has nothing to take away.
    fn let_go_what_refers_to_nothing(
        &mut self,
        steps: &mut Vec<(ServiceAccountName, AccountStep)>,
    ) {
        let detaches = self.wanted.accounts.as_ref().is_some_and(|accounts| {
            !self.target.named && matches!(accounts.change, AccountChange::Detach(_))
        });
        steps.retain(|(name, step)| {
            let absent =
                matches!(step, AccountStep::Fail(failure) if failure.is_account_not_found());
            if detaches && absent {
                let object = ObjectName::ServiceAccount(name.clone());
                self.ledger.withdraw(&self.target.name(), &object);
                self.progress.end_account(name);
                return false;
            }
            true
        });
    }

    async fn note(&self, line: String) {
        let context = self.target.cluster.context().cloned();
        let event = Event::Note { line, context };
        self.target.cluster.tell(event).await;
    }

    /// So many objects turned out to be meant.
    async fn meant(&self, objects: usize) {
        let event = Event::Meant {
            context: self.target.cluster.context().cloned(),
            objects: objects as u64,
        };
        self.target.cluster.tell(event).await;
    }

    /// Whether the failure only says that a namespace nobody named is no more; that is said once, and counts nothing.
    async fn goes_away(&mut self, failure: &Failure) -> bool {
        let Some(why) = failure.namespace_gone().filter(|_| !self.target.named) else {
            return false;
        };
        let line = format!("namespace/{} skipped: {why}", self.target.namespace);
        if self.progress.warn_once(&line) {
            self.note(line).await;
        }
        true
    }

    /// Ends the object where it has ended, or says why it must be seen again.
    async fn settle(&mut self, object: &ObjectName, applied: Applied) -> Result<Settled, Again> {
        let (outcome, failure, shown) = match applied {
            Applied::Ended {
                outcome,
                failure,
                shown,
            } => (outcome, failure, shown),
            Applied::NotYet => return Err(Again::NotYet),
            Applied::Stale { failure, unheard } => {
                self.note_unheard(object, unheard);
                if self.progress.conflicts < CONFLICTS {
                    return Err(Again::Moved);
                }
                (Outcome::Failed, Some(failure), None)
            }
        };
        let outcome = if !outcome.is_as_asked() && self.wrote_unheard(object) {
            Outcome::Unknown
        } else {
            outcome
        };
        if outcome == Outcome::Failed
            && let Some(failure) = &failure
            && self.goes_away(failure).await
        {
            self.ledger.withdraw(&self.target.name(), object);
            return Ok(Settled::Withdrawn);
        }
        self.end(object.clone(), outcome, failure, shown).await;
        Ok(Settled::Ended(outcome))
    }

    fn note_unheard(&mut self, object: &ObjectName, unheard: Option<Unheard>) {
        match (object, unheard) {
            (ObjectName::ServiceAccount(name), Some(Unheard::Account)) => {
                self.progress.unheard_accounts.insert(name.clone());
            }
            (_, Some(Unheard::Secret(before))) => {
                self.progress.unheard_secret.get_or_insert(before);
            }
            _ => {}
        }
    }

    /// Whether a write of the object may have been carried out, and nobody has seen since whether it was.
    fn wrote_unheard(&self, object: &ObjectName) -> bool {
        match object {
            ObjectName::ServiceAccount(name) => self.progress.unheard_accounts.contains(name),
            ObjectName::Secret(_) => self.progress.unheard_secret.is_some(),
        }
    }

    /// The Secret is not as asked: a reference to it would be to nothing.
    async fn abandon_accounts(&mut self) {
        for name in self.progress.open_accounts.take().unwrap_or_default() {
            self.end(
                ObjectName::ServiceAccount(name),
                Outcome::NotStarted,
                Some(Trouble::SecretNotWritten.into()),
                None,
            )
            .await;
        }
        self.progress.open_accounts = Some(Default::default());
    }

    /// The accounts could not be listed: the failure is the target's, and told once.
    async fn fail_unnamed(&mut self, failure: Failure) -> Again {
        self.progress.open_accounts = Some(Default::default());
        self.ledger.listed(&self.target.name());
        if self.goes_away(&failure).await {
            return Again::No;
        }
        if let Ok(name) = crate::request::DEFAULT_ACCOUNT.parse() {
            let object = ObjectName::ServiceAccount(name);
            self.ledger.expect(&self.target.name(), &object);
            let outcome = if failure.is_unstarted() {
                Outcome::NotStarted
            } else {
                Outcome::Failed
            };
            self.end(object, outcome, Some(failure), None).await;
        }
        Again::No
    }

    async fn end(
        &self,
        object: ObjectName,
        outcome: Outcome,
        failure: Option<Failure>,
        shown: Option<Value>,
    ) {
        let failure = match failure {
            Some(failure) => Some(advice::advise(self.target, &object, self.wanted, failure).await),
            None => None,
        };
        let ended = Ended {
            target: self.target.name(),
            object,
            outcome,
            failure,
            shown,
        };
        // The reporter may be slow; and in one step, so that nothing is told twice.
        self.ledger
            .settle(&ended.target, &ended.object, ended.outcome);
        let room = self.target.cluster.room().await;
        self.ledger.end(&ended.target, &ended.object, ended.outcome);
        if let Some(room) = room {
            room.send(Event::Ended(Box::new(ended)));
        }
    }
}

/// With the advice for its failure; asked for once more it costs nothing.
async fn advised(
    target: &Target,
    wanted: &Wanted,
    object: &ObjectName,
    applied: Applied,
) -> Applied {
    match applied {
        Applied::Ended {
            outcome,
            failure: Some(failure),
            shown,
        } => Applied::Ended {
            outcome,
            failure: Some(advice::advise(target, object, wanted, failure).await),
            shown,
        },
        applied => applied,
    }
}
