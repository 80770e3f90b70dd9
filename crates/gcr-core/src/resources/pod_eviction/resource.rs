//! One stuck pod as a resource of the engine, whose desired state is to be gone.

use std::sync::{Arc, Mutex, PoisonError};

use super::evict::{Eviction, evict};
use super::kind::{EVICTED, id};
use crate::engine::{
    Context, Decision, Finished, ObjectError, ObjectId, Outcome, Resource, State, StepResult,
    WriteTracker,
};
use crate::kubernetes::pod::Pod;
use crate::request::DryRun;
use crate::resources::namespace_target::NamespaceTarget;
use crate::resources::permissions;
use crate::resources::rbac_hint::explain_forbidden;
use crate::resources::resource_error::{ResourceError, ResourceErrorKind};
use crate::safety::Safety;

/// One stuck pod.
pub struct PodEviction<'a> {
    id: ObjectId,
    target: &'a NamespaceTarget,
    pod: Pod,
    /// Why the pod is not evicted, if it is not.
    kept: Option<&'static str>,
    /// Used by the first round.
    listed: Mutex<Option<Pod>>,
}

impl<'a> PodEviction<'a> {
    /// Returns the resource of a pod as a list contained it.
    pub fn new(target: &'a NamespaceTarget, pod: Pod, kept: Option<&'static str>) -> Self {
        Self {
            id: id(&pod.metadata.name),
            target,
            kept,
            listed: Mutex::new(Some(pod.clone())),
            pod,
        }
    }
}

impl Resource for PodEviction<'_> {
    /// The pod; `None` if it is gone.
    type Observed = Option<Pod>;
    type Action = Pod;
    type Error = ResourceError;
    type Unconfirmed = ();

    fn id(&self) -> &ObjectId {
        &self.id
    }

    async fn observe(&self, _: &Context) -> Result<Option<Pod>, ResourceError> {
        let listed = self
            .listed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if listed.is_some() {
            return Ok(listed);
        }
        let target = self.target;
        let name = &self.pod.metadata.name;
        let read = match target.cluster.read_pod(&target.namespace, name).await {
            Ok(read) => read,
            Err(error) => {
                let rule = permissions::read_stuck_pods();
                return Err(explain_forbidden(target, &rule, name, error.into()).await);
            }
        };
        let Some(response) = read else {
            return Ok(None);
        };
        let pod: Pod = response.json()?;
        Ok((pod.metadata.uid == self.pod.metadata.uid).then_some(pod))
    }

    fn decide(
        &self,
        observed: Option<Pod>,
        _: &State<'_, ()>,
        warnings: &mut Vec<String>,
    ) -> Decision<Pod, ResourceError> {
        // A write whose response was lost, or another client, has deleted the object.
        let Some(pod) = observed else {
            return Decision::Finish(Finished::success(EVICTED, None));
        };
        let kept = match self.kept {
            Some(reason) => Some(reason),
            None => (!pod.is_stuck()).then_some("it is no longer stuck"),
        };
        if let Some(reason) = kept {
            warnings.push(format!("{} was not evicted: {reason}", self.id));
            return Decision::Skip(None);
        }
        Decision::Act(pod, Safety::Preconditioned)
    }

    async fn execute(
        &self,
        cx: &Context,
        pod: Pod,
        tracker: &Arc<WriteTracker>,
    ) -> StepResult<ResourceError, ()> {
        let target = self.target;
        let tracker = (cx.dry_run == DryRun::None).then_some(tracker);
        match evict(&target.cluster, &target.namespace, &pod, tracker).await {
            Eviction::Done => StepResult::Finished(Finished::success(EVICTED, None)),
            // Sampled before the request, so that the last refusal came after the deadline.
            Eviction::RefusedByBudget(_) if cx.round.waiting => StepResult::NotReady,
            Eviction::RefusedByBudget(reason) => {
                let name = pod.metadata.name;
                let error = ResourceErrorKind::EvictionRefused { name, reason }.into();
                StepResult::Finished(Finished::failure(Outcome::Failed, error))
            }
            Eviction::Conflict(error) => StepResult::Conflict {
                unconfirmed: error.outcome_unknown.then_some(()),
                error: error.into(),
            },
            Eviction::Failed(error) => {
                let outcome_unknown = error.outcome_unknown;
                let error = ResourceError::from(error);
                StepResult::Finished(Finished::failure(error.outcome(outcome_unknown), error))
            }
        }
    }

    fn preview(&self, _: Pod) -> Finished<ResourceError> {
        Finished::success(EVICTED, None)
    }

    async fn explain(&self, error: ResourceError) -> ObjectError {
        let rule = permissions::evict_pods();
        explain_forbidden(self.target, &rule, &self.pod.metadata.name, error)
            .await
            .into()
    }

    fn skip_reason(&self, error: &ResourceError) -> Option<String> {
        self.target.skip_note(error.namespace_gone())
    }
}
