//! The proof that a registry accepts the credential, repeated until Google's changes are effective everywhere.

use std::sync::Arc;

use gcr_core::engine::{
    Context, Decision, Finished, ObjectError, ObjectId, Resource, State, StepResult, WriteTracker,
};

use super::kind::{REGISTRY, VERIFIED};
use super::resource_error::ResourceError;
use super::stage::Stage;
use super::step::done;
use crate::registry::{Finding, Handshake, HandshakeOptions, PullTarget, Verdict};

/// A registry that must accept the credential.
pub struct ProofResource {
    stage: Arc<Stage>,
    id: ObjectId,
    dependencies: Vec<ObjectId>,
    handshake: Handshake,
    target: PullTarget,
    /// Whether the command has a flag that skips the proof.
    can_be_skipped: bool,
}

impl ProofResource {
    /// Creates the resource. `name` is the registry as the user wrote it; `dependencies` are the credential and the roles.
    #[must_use]
    pub fn new(
        stage: &Arc<Stage>,
        name: &str,
        target: PullTarget,
        dependencies: Vec<ObjectId>,
    ) -> Self {
        let http = stage.api.http().clone();
        Self {
            stage: Arc::clone(stage),
            id: Self::id_of(name),
            dependencies,
            handshake: Handshake::new(http, HandshakeOptions::default()),
            target,
            can_be_skipped: true,
        }
    }

    /// Sets that the command has no flag that skips the proof.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.can_be_skipped = false;
        self
    }

    /// Returns the id.
    #[must_use]
    pub fn id_of(name: &str) -> ObjectId {
        ObjectId::new(&REGISTRY, name.trim_end_matches('/'))
    }

    fn refused(&self, finding: &Finding) -> ResourceError {
        let reason = if finding.reason.is_empty() {
            finding.verdict.meaning()
        } else {
            &finding.reason
        };
        let text = format!("{}: {reason}", self.id);
        let again = "run the command again: a change at Google can take 7 minutes or longer";
        let skip = "--verify=false skips the proof";
        let hint = match (finding.verdict.may_pass(), self.can_be_skipped) {
            (true, true) => Some(format!("{again}; {skip}")),
            (true, false) => Some(again.to_owned()),
            (false, true) => Some(skip.to_owned()),
            (false, false) => None,
        };
        ResourceError::state(text, hint)
    }
}

impl Resource for ProofResource {
    /// `None` if there is no credential yet.
    type Observed = Option<Finding>;
    type Action = ();
    type Error = ResourceError;
    type Unconfirmed = ();

    fn id(&self) -> &ObjectId {
        &self.id
    }

    fn depends_on(&self) -> &[ObjectId] {
        &self.dependencies
    }

    async fn observe(&self, cx: &Context) -> Result<Option<Finding>, ResourceError> {
        let Some(login) = self.stage.login() else {
            return Ok(None);
        };
        let finding = tokio::select! {
            biased;
            () = cx.stop.stopped() => return Err(ResourceError::Interrupted),
            finding = self.handshake.check_again(login, &self.target) => finding,
        };
        let finding = finding.map_err(|error| ResourceError::state(error.to_string(), None))?;
        if finding.verdict != Verdict::Ok && finding.verdict.may_pass() {
            let meaning = finding.verdict.meaning();
            self.stage.note_waiting(&self.id, cx, &meaning).await;
        }
        Ok(Some(finding))
    }

    fn decide(
        &self,
        finding: Option<Finding>,
        state: &State<'_, ()>,
        _warnings: &mut Vec<String>,
    ) -> Decision<(), ResourceError> {
        match finding {
            None => Decision::AwaitDependencies,
            Some(finding) if finding.verdict == Verdict::Ok => {
                Decision::Finish(Finished::success(VERIFIED, None))
            }
            Some(finding) if finding.verdict.may_pass() && state.round.waiting => {
                Decision::NotReady
            }
            Some(finding) => Decision::Fail(self.refused(&finding)),
        }
    }

    async fn execute(
        &self,
        _cx: &Context,
        (): (),
        _tracker: &Arc<WriteTracker>,
    ) -> StepResult<ResourceError, ()> {
        // A proof only reads, so that no decision leads here.
        done(VERIFIED)
    }

    fn preview(&self, (): ()) -> Finished<ResourceError> {
        Finished::success(VERIFIED, None)
    }

    async fn explain(&self, error: ResourceError) -> ObjectError {
        error.report()
    }

    fn dependency_failed(&self, dependency: &ObjectId) -> ObjectError {
        self.stage.dependency_failed(&self.id, dependency)
    }
}
