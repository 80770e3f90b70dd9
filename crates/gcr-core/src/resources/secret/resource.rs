//! The pull Secret of one namespace as a resource of the engine.

use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::super::namespace_target::NamespaceTarget;
use super::super::permissions;
use super::super::rbac_hint::explain_forbidden;
use super::super::resource_error::ResourceError;
use super::action::{PriorState, SecretAction};
use super::apply::Writer;
use super::decide;
use super::kind::{CONFIGURED, CREATED, id};
use super::observe::{self, ObservedSecret};
use super::spec::SecretSpec;
use crate::engine::{
    Context, Decision, Finished, ObjectError, ObjectId, Resource, State, StepResult, WriteTracker,
};
use crate::request::{DesiredSecret, ExecutionOptions, Manifest};

/// The pull Secret of one namespace.
pub struct SecretResource<'a> {
    id: ObjectId,
    spec: SecretSpec<'a>,
    /// What a list of the cluster contained, until the first round has used it.
    listed: Mutex<Option<Option<ObjectMeta>>>,
}

impl<'a> SecretResource<'a> {
    /// Returns the resource. `listed` is what a list of the cluster contained: `None` if no list covered the namespace.
    pub fn new(
        target: &'a NamespaceTarget,
        desired: &'a DesiredSecret,
        execution: &'a ExecutionOptions,
        manifest: Manifest,
        listed: Option<Option<ObjectMeta>>,
    ) -> Self {
        Self {
            id: id(&desired.name),
            spec: SecretSpec {
                target,
                desired,
                execution,
                manifest,
            },
            listed: Mutex::new(listed),
        }
    }

    fn take_listed(&self) -> Option<Option<ObjectMeta>> {
        self.listed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl Resource for SecretResource<'_> {
    type Observed = ObservedSecret;
    type Action = SecretAction;
    type Error = ResourceError;
    type Unconfirmed = PriorState;

    fn id(&self) -> &ObjectId {
        &self.id
    }

    async fn observe(&self, _: &Context) -> Result<ObservedSecret, ResourceError> {
        let listed = self.take_listed();
        observe::observe(
            self.spec.target,
            self.spec.execution,
            self.spec.desired,
            listed,
        )
        .await
        .map_err(|error| decide::classify_apply_error(error, self.spec.desired))
    }

    fn decide(
        &self,
        observed: ObservedSecret,
        state: &State<'_, PriorState>,
        warnings: &mut Vec<String>,
    ) -> Decision<SecretAction, ResourceError> {
        decide::decide(
            self.spec.execution,
            self.spec.desired,
            observed,
            state.unconfirmed,
            warnings,
        )
    }

    async fn execute(
        &self,
        _: &Context,
        action: SecretAction,
        tracker: &Arc<WriteTracker>,
    ) -> StepResult<ResourceError, PriorState> {
        let writer = Writer {
            spec: &self.spec,
            tracker,
        };
        match action {
            SecretAction::Print => StepResult::Finished(self.preview(action)),
            SecretAction::Apply(apply) => writer.apply(apply, CREATED).await,
            SecretAction::Replace {
                preconditions,
                apply,
            } => writer.replace(&preconditions, apply).await,
        }
    }

    fn preview(&self, _: SecretAction) -> Finished<ResourceError> {
        let Manifest {
            with_namespace,
            masked,
        } = self.spec.manifest;
        let outcome = match self.spec.desired.replaces {
            Some(_) => CONFIGURED,
            None => CREATED,
        };
        Finished::success(outcome, self.spec.printed(with_namespace, masked))
    }

    async fn explain(&self, error: ResourceError) -> ObjectError {
        let DesiredSecret {
            name,
            merge,
            recreate,
            replaces,
            ..
        } = self.spec.desired;
        let rule = match replaces {
            Some(_) => permissions::rotate_secret(Some(name), *recreate),
            None => permissions::write_secret(name, *merge, *recreate),
        };
        explain_forbidden(self.spec.target, &rule, name.as_str(), error)
            .await
            .into()
    }

    fn skip_reason(&self, error: &ResourceError) -> Option<String> {
        self.spec.target.skip_note(error.namespace_gone())
    }
}
