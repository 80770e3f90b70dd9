//! A key of the account: one that a pull Secret carries already, or a new one. The private part stays in memory.

use std::sync::{Arc, OnceLock};

use futures_util::future::join_all;
use gcr_core::engine::{
    Context, Decision, Finished, ObjectError, ObjectId, Outcome, Resource, State, StepResult,
    WriteTracker,
};
use gcr_core::request::DryRun;
use gcr_core::safety::Safety;
use jiff::Timestamp;

use super::account::AccountResource;
use super::kind::{CREATED, KEY};
use super::resource_error::ResourceError;
use super::stage::Stage;
use super::step::{check, done, interrupted, read, write};
use super::stored_keys::{StoredKey, StoredKeys};
use crate::api_error::Reason;
use crate::error::GoogleError;
use crate::iam_keys::{Key, KeyCreationError, delete_command};

/// Number of Secrets that are read at once.
const CONCURRENT_READS: usize = 16;

/// A key of the account.
pub struct KeyResource {
    stage: Arc<Stage>,
    id: ObjectId,
    reported: OnceLock<ObjectId>,
    dependencies: Vec<ObjectId>,
    stored: Arc<dyn StoredKeys>,
    /// Whether to create a key although a usable one exists.
    always_new: bool,
    dry_run: DryRun,
}

/// The observed keys.
pub enum Observed {
    /// A Secret carries a valid key, which was read.
    Usable,
    /// A new key is needed.
    NoneUsable,
    /// The account does not exist yet, or its API is not enabled yet.
    NoAccount(GoogleError),
}

/// The account for which a key is created.
#[derive(Clone, Copy, Debug)]
pub enum Creation {
    /// An account whose keys were observed.
    InAccount,
    /// An account that did not exist when it was observed.
    InNewAccount,
}

impl KeyResource {
    /// Creates the resource. Before Google chooses the ID of a new key, the resource has the address of the account as its
    /// name. `also_after` are further objects that must succeed before a key is created.
    #[must_use]
    pub fn new(
        stage: &Arc<Stage>,
        stored: Arc<dyn StoredKeys>,
        always_new: bool,
        also_after: &[ObjectId],
        dry_run: DryRun,
    ) -> Self {
        let mut dependencies = vec![AccountResource::id_of(&stage.account)];
        dependencies.extend_from_slice(also_after);
        Self {
            id: Self::id_of(stage),
            stage: Arc::clone(stage),
            reported: OnceLock::new(),
            dependencies,
            stored,
            always_new,
            dry_run,
        }
    }

    /// Returns the id before the key is known.
    #[must_use]
    pub fn id_of(stage: &Stage) -> ObjectId {
        ObjectId::new(&KEY, stage.account.email.as_str())
    }

    /// Reads the newest valid key that a Secret carries.
    async fn reuse(&self, keys: &[Key], stored: &[StoredKey]) -> bool {
        if self.always_new {
            return false;
        }
        let mut usable: Vec<&Key> = keys
            .iter()
            .filter(|key| key.is_valid(Timestamp::now()))
            .collect();
        usable.sort_by(|left, right| right.valid_after_time.cmp(&left.valid_after_time));
        for key in usable {
            let mut carriers = stored.iter().filter(|found| found.id.as_str() == key.id());
            // Nearly always the first Secret contains its key, so that it is read alone.
            let mut next: Vec<&StoredKey> = carriers.by_ref().take(1).collect();
            while !next.is_empty() {
                let mut reads = Vec::new();
                for found in &next {
                    reads.push(self.stored.read(found));
                }
                let mut read = next.iter().zip(join_all(reads).await);
                if let Some((found, file)) = read.find_map(|(found, file)| Some((found, file?))) {
                    let _ = self.reported.set(ObjectId::new(&KEY, key.id()));
                    self.stage.set_key(found.id.clone(), file);
                    return true;
                }
                next = carriers.by_ref().take(CONCURRENT_READS).collect();
            }
        }
        false
    }

    /// Prints the keys that no selected Secret carries: keys of other clusters, or keys that a killed run has left.
    async fn note_others(&self, keys: &[Key], stored: &[StoredKey]) {
        let others = keys.iter().filter(|key| {
            !key.disabled && stored.iter().all(|stored| stored.id.as_str() != key.id())
        });
        let names: Vec<String> = others
            .map(|key| format!("{} (created {})", key.id(), key.valid_after_time))
            .collect();
        if names.is_empty() {
            return;
        }
        let (account, verb) = (&self.stage.account, plural(names.len()));
        self.stage
            .note(format!(
                "{} has {verb} that no selected Secret carries: {}; delete what nothing uses: {}",
                account.email,
                names.join(", "),
                delete_command(account.reference(), "KEY_ID")
            ))
            .await;
    }
}

/// Creates a key, sets `reported` to its name and gives it to the stage. `known` are the existing keys, if they are known.
pub(super) async fn create(
    stage: &Stage,
    reported: &OnceLock<ObjectId>,
    known: Option<Vec<Key>>,
    cx: &Context,
    tracker: &Arc<WriteTracker>,
) -> StepResult<ResourceError, ()> {
    let account = stage.account.reference();
    stage.set_creating_key(true);
    let error = match write(cx, tracker, stage.api.create_key(account, known)).await {
        None => return interrupted(),
        Some(Ok(created)) => {
            let _ = reported.set(ObjectId::new(&KEY, created.id.as_str()));
            stage.set_new_key(created.id, created.file);
            return done(CREATED);
        }
        Some(Err(error)) => error,
    };
    stage.set_creating_key(false);
    let outcome = match &error {
        KeyCreationError::Google(google)
            if google.is_not_found() && stage.has_new_account() && cx.round.waiting =>
        {
            return StepResult::NotReady;
        }
        // The key whose private part was lost is deleted.
        KeyCreationError::Google(_) | KeyCreationError::Limit { .. } => Outcome::Failed,
        KeyCreationError::Lost { .. } => Outcome::Unknown,
    };
    let error = ResourceError::of_key(error, account);
    StepResult::Finished(Finished::failure(outcome, error))
}

fn plural(count: usize) -> String {
    match count {
        1 => "1 key".to_owned(),
        count => format!("{count} keys"),
    }
}

impl Resource for KeyResource {
    type Observed = Observed;
    type Action = Creation;
    type Error = ResourceError;
    type Unconfirmed = ();

    fn id(&self) -> &ObjectId {
        &self.id
    }

    fn reported_id(&self) -> ObjectId {
        self.reported.get().unwrap_or(&self.id).clone()
    }

    fn depends_on(&self) -> &[ObjectId] {
        &self.dependencies
    }

    async fn observe(&self, cx: &Context) -> Result<Observed, ResourceError> {
        let stage = &self.stage;
        let keys = read(cx, stage.api.keys(stage.account.reference(), false));
        let (keys, stored) = futures_util::join!(keys, self.stored.list());
        let keys = match keys {
            Ok(keys) => keys,
            Err(ResourceError::Google(error))
                if matches!(
                    error.reason(),
                    Some(Reason::ServiceDisabled { .. } | Reason::NotFound)
                ) =>
            {
                if cx.round.completed == 0 {
                    let create = "iam.serviceAccountKeys.create";
                    let project = &stage.account.project;
                    check(cx, stage.require_on_project(&self.id, project, create)).await?;
                }
                if stage.has_account() {
                    stage.note_waiting(&self.id, cx, &error).await;
                }
                return Ok(Observed::NoAccount(error));
            }
            Err(error) => return Err(stage.block(&self.id, error)),
        };
        let first = cx.round.completed == 0;
        if self.reuse(&keys, stored).await {
            if first {
                self.note_others(&keys, stored).await;
            }
            return Ok(Observed::Usable);
        }
        if first {
            let create = "iam.serviceAccountKeys.create";
            check(cx, stage.require_on_account(&self.id, create)).await?;
            self.note_others(&keys, stored).await;
        }
        Ok(Observed::NoneUsable)
    }

    fn decide(
        &self,
        observed: Observed,
        state: &State<'_, ()>,
        _warnings: &mut Vec<String>,
    ) -> Decision<Creation, ResourceError> {
        let error = match observed {
            Observed::Usable => {
                return Decision::Finish(Finished::success(Outcome::Unchanged, None));
            }
            _ if self.stage.is_blocked() => return Decision::Fail(ResourceError::Blocked),
            Observed::NoneUsable => return Decision::Act(Creation::InAccount, Safety::AtMostOnce),
            Observed::NoAccount(error) => error,
        };
        if !self.stage.has_account() {
            // A new account has no keys, so that nothing needs to be observed once it exists.
            return match error.reason() {
                Some(Reason::NotFound) => Decision::Act(Creation::InNewAccount, Safety::AtMostOnce),
                _ => Decision::AwaitDependencies,
            };
        }
        if self.dry_run == DryRun::Client {
            return Decision::Act(Creation::InAccount, Safety::AtMostOnce);
        }
        if state.round.waiting {
            Decision::NotReady
        } else {
            Decision::Fail(ResourceError::Google(error))
        }
    }

    async fn execute(
        &self,
        cx: &Context,
        action: Creation,
        tracker: &Arc<WriteTracker>,
    ) -> StepResult<ResourceError, ()> {
        let known = self.stage.has_created_account().then(Vec::new);
        if matches!(action, Creation::InNewAccount) && known.is_none() {
            // Another client has created the account, and may have created a key.
            return StepResult::NotReady;
        }
        create(&self.stage, &self.reported, known, cx, tracker).await
    }

    fn preview(&self, _: Creation) -> Finished<ResourceError> {
        Finished::success(CREATED, None)
    }

    async fn explain(&self, error: ResourceError) -> ObjectError {
        error.report()
    }

    fn dependency_failed(&self, dependency: &ObjectId) -> ObjectError {
        self.stage.dependency_failed(&self.id, dependency)
    }
}
