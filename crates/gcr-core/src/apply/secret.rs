//! Writes the Secret with a server-side apply.

use serde_json::Value;
use tokio::time::Instant;

use super::{StepResult, UnconfirmedWrite};
use crate::domain::names::Namespace;
use crate::domain::pull_secret::{self, PullSecret};
use crate::kubernetes::RequestError;
use crate::kubernetes::api_request::ApiResponse;
use crate::kubernetes::secrets::ApplyOptions;
use crate::ledger::{Outcome, WriteTracker};
use crate::object_error::ObjectErrorKind;
use crate::plan::{SecretApply, SecretStep, explain_secret};
use crate::request::{Desired, DesiredSecret, DryRun};
use crate::target::Target;

/// Executes the Secret's step.
pub async fn execute(
    target: &Target,
    desired: &Desired,
    secret: &DesiredSecret,
    step: SecretStep,
    deadline: Instant,
    tracker: &WriteTracker,
) -> StepResult {
    let writer = Writer {
        target,
        desired,
        secret,
        tracker,
    };
    match step {
        SecretStep::Fail(error) => StepResult::failed(error, false),
        SecretStep::Preview => {
            let manifest = desired.manifest;
            let namespace = manifest.with_namespace.then_some(&target.namespace);
            StepResult::done(
                Outcome::Created,
                writer.manifest(namespace, manifest.masked),
            )
        }
        SecretStep::Apply(apply) => writer.apply(apply, Outcome::Created).await,
        SecretStep::Replace {
            preconditions,
            apply,
        } => writer.replace(&preconditions, apply, deadline).await,
    }
}

/// Writes one Secret.
pub(super) struct Writer<'a> {
    pub(super) target: &'a Target,
    pub(super) desired: &'a Desired,
    pub(super) secret: &'a DesiredSecret,
    pub(super) tracker: &'a WriteTracker,
}

impl Writer<'_> {
    pub(super) fn dry_run(&self) -> bool {
        self.desired.dry_run != DryRun::None
    }

    /// Returns the tracker for writes, or `None` in a dry run, which writes nothing.
    pub(super) fn tracker(&self) -> Option<&WriteTracker> {
        (!self.dry_run()).then_some(self.tracker)
    }

    /// Returns the Secret to print, if objects are to be printed.
    pub(super) fn manifest(&self, namespace: Option<&Namespace>, masked: bool) -> Option<Value> {
        let DesiredSecret {
            name,
            credential,
            config,
            ..
        } = self.secret;
        let manifest = || PullSecret::new(name, credential, config).manifest(namespace, masked);
        self.desired.return_objects.then(manifest)
    }

    pub(super) async fn send(&self, apply: &SecretApply) -> Result<ApiResponse, RequestError> {
        let options = self.options(apply.force);
        self.target
            .cluster
            .apply_secret(
                &self.target.namespace,
                &self.secret.name,
                apply.body.clone(),
                &options,
                self.tracker(),
            )
            .await
    }

    fn options(&self, force: bool) -> ApplyOptions<'_> {
        ApplyOptions {
            field_manager: &self.desired.field_manager,
            force,
            dry_run: self.dry_run(),
            return_object: self.desired.return_objects,
        }
    }

    /// Applies the Secret and classifies the response. `made` is the outcome if the apply created the Secret.
    pub(super) async fn apply(&self, apply: SecretApply, made: Outcome) -> StepResult {
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
                let error = explain_secret(error, self.secret);
                return if is_stale {
                    StepResult::Conflict {
                        error,
                        outcome_unknown: outcome_unknown
                            .then_some(UnconfirmedWrite::Secret(apply.prior_state)),
                    }
                } else {
                    StepResult::failed(error, outcome_unknown)
                };
            }
        };
        self.tracker.mark_answered();
        match self.classify(&apply, &response, made).await {
            Ok(outcome) => self.finish(&apply, &response, outcome).await,
            // The server accepted the apply, but the outcome cannot be determined.
            Err(error) => StepResult::failed(error, !self.dry_run()),
        }
    }

    /// Removes the last-applied annotation if the plan requires it, and returns the result with the object to print.
    async fn finish(
        &self,
        apply: &SecretApply,
        response: &ApiResponse,
        outcome: Outcome,
    ) -> StepResult {
        if !self.desired.return_objects && !apply.drop_last_applied {
            return StepResult::done(outcome, None);
        }
        let Ok(object) = response.json::<Value>() else {
            return StepResult::done(outcome, None);
        };
        let manifest = |object: Value| {
            self.desired
                .return_objects
                .then(|| pull_secret::masked(object))
        };
        if !apply.drop_last_applied {
            return StepResult::done(outcome, manifest(object));
        }
        if !self.dry_run() {
            self.tracker.mark_partial();
        }
        let uid = object
            .pointer("/metadata/uid")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let removed = self
            .target
            .cluster
            .remove_secret_annotation(
                &self.target.namespace,
                &self.secret.name,
                uid,
                pull_secret::LAST_APPLIED,
                &self.options(apply.force),
                self.tracker(),
            )
            .await;
        match removed {
            Ok(response) => {
                self.tracker.mark_answered();
                StepResult::done(Outcome::Configured, response.json().ok().and_then(manifest))
            }
            // The Secret was written, although the annotation may remain.
            Err(error) if !self.dry_run() => {
                let error = ObjectErrorKind::LastAppliedNotRemoved {
                    name: self.secret.name.to_string(),
                    error,
                };
                StepResult::failed(error, false)
            }
            Err(error) => StepResult::failed(error, false),
        }
    }
}
