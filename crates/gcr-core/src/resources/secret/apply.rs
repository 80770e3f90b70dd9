//! Applies the Secret, and removes the last-applied annotation where the decision says so.

use std::sync::Arc;

use serde_json::Value;

use super::super::resource_error::{ResourceError, ResourceErrorKind};
use super::action::{PriorState, SecretApply};
use super::decide;
use super::kind::CONFIGURED;
use super::spec::SecretSpec;
use crate::domain::pull_secret;
use crate::domain::secret_difference::secret_difference;
use crate::engine::{Finished, Outcome, StepResult, WriteTracker};
use crate::kubernetes::RequestError;
use crate::kubernetes::api_request::{ApiResponse, WriteObserver};
use crate::kubernetes::object::metadata;
use crate::kubernetes::secrets::ApplyOptions;
use crate::request::DryRun;

/// The result of a step of the Secret.
pub(crate) type SecretStep = StepResult<ResourceError, PriorState>;

/// Returns the result of a failed step.
pub(super) fn failed(error: impl Into<ResourceError>, outcome_unknown: bool) -> SecretStep {
    let error = error.into();
    StepResult::Finished(Finished::failure(error.outcome(outcome_unknown), error))
}

/// Writes one Secret.
pub(crate) struct Writer<'a> {
    pub(crate) spec: &'a SecretSpec<'a>,
    pub(crate) tracker: &'a Arc<WriteTracker>,
}

impl Writer<'_> {
    pub(super) fn dry_run(&self) -> bool {
        self.spec.execution.dry_run != DryRun::None
    }

    /// Returns the tracker for writes, or `None` in a dry run, which writes nothing.
    pub(super) fn observer(&self) -> Option<Arc<dyn WriteObserver>> {
        let tracker = (!self.dry_run()).then(|| Arc::clone(self.tracker))?;
        Some(tracker)
    }

    pub(super) async fn send(&self, apply: &SecretApply) -> Result<ApiResponse, RequestError> {
        let target = self.spec.target;
        // The response is compared with the apply, which metadata alone does not allow.
        let options = ApplyOptions {
            return_object: true,
            ..self.options(apply.force)
        };
        target
            .cluster
            .apply_secret(
                &target.namespace,
                &self.spec.desired.name,
                apply.body.clone(),
                &options,
                self.observer(),
            )
            .await
    }

    fn options(&self, force: bool) -> ApplyOptions<'_> {
        ApplyOptions {
            field_manager: &self.spec.execution.field_manager,
            force,
            dry_run: self.dry_run(),
            return_object: self.spec.execution.return_objects,
        }
    }

    /// Applies the Secret and classifies the response. `made` is the outcome if the apply created the Secret.
    pub(crate) async fn apply(&self, apply: SecretApply, made: Outcome) -> SecretStep {
        let response = match self.send(&apply).await {
            Ok(response) => response,
            Err(error) => {
                let outcome_unknown = error.outcome_unknown;
                let is_stale = error.api_error().is_some_and(|api_error| {
                    apply.has_preconditions
                        && api_error.is_conflict()
                        && api_error.manager_conflicts().is_empty()
                });
                if !outcome_unknown {
                    self.tracker.mark_answered();
                }
                let error = decide::classify_apply_error(error, self.spec.desired);
                return if is_stale {
                    StepResult::Conflict {
                        error,
                        unconfirmed: outcome_unknown.then_some(apply.prior_state),
                    }
                } else {
                    failed(error, outcome_unknown)
                };
            }
        };
        self.tracker.mark_answered();
        match self.response_error(&apply, &response) {
            Ok(None) => {}
            Ok(Some(error)) => {
                // The server has stored the Secret, which may contain the credential.
                if !self.dry_run() {
                    self.tracker.mark_partial();
                }
                return failed(error, false);
            }
            Err(error) => return failed(error, !self.dry_run()),
        }
        match self.classify(&apply, &response, made).await {
            Ok(outcome) => self.finish(&apply, &response, outcome).await,
            // The server accepted the apply, but the outcome cannot be determined.
            Err(error) => failed(error, !self.dry_run()),
        }
    }

    /// Returns the error if the Secret in the response is being deleted, or differs from the request.
    fn response_error(
        &self,
        apply: &SecretApply,
        response: &ApiResponse,
    ) -> Result<Option<ResourceError>, RequestError> {
        let desired = self.spec.desired;
        let terminating = decide::terminating_error(&metadata(response)?, desired);
        if terminating.is_some() {
            return Ok(terminating);
        }
        let difference = secret_difference(&apply.body, &response.body)
            .map_err(|error| RequestError::not_json(&error))?;
        Ok(difference.map(|difference| {
            ResourceError::changed_by_admission(
                format!("secret {:?}", desired.name.as_str()),
                difference.to_string(),
            )
        }))
    }

    /// Returns whether the response shows an annotation that no observation could show.
    fn drops_last_applied(&self, apply: &SecretApply, object: &Value) -> bool {
        let is_unknown = apply.prior_state == PriorState::Unknown && apply.force;
        let annotations = object.pointer("/metadata/annotations");
        apply.drop_last_applied
            || is_unknown
                && annotations.is_some_and(|it| it.get(pull_secret::LAST_APPLIED).is_some())
    }

    /// Returns a success, with the warning about hosts that the apply removed.
    fn done(&self, apply: &SecretApply, outcome: Outcome, manifest: Option<Value>) -> SecretStep {
        let mut finished = Finished::success(outcome, manifest);
        finished.warnings.extend(apply.dropped_hosts.clone());
        StepResult::Finished(finished)
    }

    /// Removes the last-applied annotation if the decision requires it, and returns the result with the object to print.
    async fn finish(
        &self,
        apply: &SecretApply,
        response: &ApiResponse,
        outcome: Outcome,
    ) -> SecretStep {
        let is_certain = !apply.drop_last_applied && apply.prior_state != PriorState::Unknown;
        if !self.spec.execution.return_objects && is_certain {
            return self.done(apply, outcome, None);
        }
        let Ok(object) = response.json::<Value>() else {
            return self.done(apply, outcome, None);
        };
        let manifest = |object: Value| {
            let printed = self.spec.execution.return_objects;
            printed.then(|| pull_secret::masked(object))
        };
        if !self.drops_last_applied(apply, &object) {
            return self.done(apply, outcome, manifest(object));
        }
        if !self.dry_run() {
            self.tracker.mark_partial();
        }
        let uid = object
            .pointer("/metadata/uid")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let target = self.spec.target;
        let removed = target
            .cluster
            .remove_secret_annotation(
                &target.namespace,
                &self.spec.desired.name,
                uid,
                pull_secret::LAST_APPLIED,
                &self.options(apply.force),
                self.observer(),
            )
            .await;
        match removed {
            Ok(response) => {
                self.tracker.mark_answered();
                self.done(apply, CONFIGURED, response.json().ok().and_then(manifest))
            }
            // The Secret was written, although the annotation may remain.
            Err(error) if !self.dry_run() => {
                let error = ResourceErrorKind::LastAppliedNotRemoved {
                    name: self.spec.desired.name.to_string(),
                    error,
                };
                failed(error, false)
            }
            Err(error) => failed(error, false),
        }
    }
}
