//! Replaces a Secret whose type or immutability is in the way: deletes it, waits until it is gone, applies the new one.
//!
//! Deletes no other Secret than the one that was read: the deletion is bound to its uid and version.

use std::time::Duration;

use tokio::time::Instant;

use super::StepResult;
use super::secret::Writer;
use crate::domain::escape_control::escape_control;
use crate::domain::pull_secret::Preconditions;
use crate::kubernetes::ApiError;
use crate::ledger::Outcome;
use crate::object_error::{Hint, ObjectError, ObjectErrorKind};
use crate::plan::SecretApply;

impl Writer<'_> {
    /// Deletes the Secret that was read, waits until it is gone, and applies the new one.
    pub(super) async fn replace(
        &self,
        guard: &Preconditions,
        apply: SecretApply,
        deadline: Instant,
    ) -> StepResult {
        if let Err(ended) = self.delete(guard).await {
            return ended;
        }
        if self.dry_run() {
            let manifest = self.manifest(Some(&self.target.namespace), true);
            return StepResult::done(Outcome::Replaced, manifest);
        }
        if let Err(error) = self.wait_until_gone(guard, deadline).await {
            return StepResult::failed(error, false);
        }
        match self.apply(apply, Outcome::Replaced).await {
            StepResult::Finished {
                outcome,
                error: Some(error),
                ..
            } => StepResult::failed(self.deleted(&error), outcome == Outcome::Unknown),
            ended => ended,
        }
    }

    /// The old Secret is gone and the new one is not there: that must be said, whatever the reason.
    fn deleted(&self, error: &ObjectError) -> ObjectError {
        let name = self.secret.name.to_string();
        let cause = error.kind.to_string();
        ObjectError {
            kind: ObjectErrorKind::ReplacementMissing { name, cause },
            hint: Some(Hint::RunAgain),
        }
    }

    async fn delete(&self, guard: &Preconditions) -> Result<(), StepResult> {
        let (cluster, namespace, name) = (
            &self.target.cluster,
            &self.target.namespace,
            &self.secret.name,
        );
        match cluster
            .delete_secret(namespace, name, guard, self.dry_run(), self.tracker())
            .await
        {
            Ok(_) if self.dry_run() => {}
            Ok(_) => self.tracker.mark_partial(),
            Err(error) if error.api_error().is_some_and(ApiError::is_not_found) => {
                // An earlier try may have been the one that deleted it.
                if error.outcome_unknown {
                    self.tracker.mark_partial();
                } else {
                    self.tracker.mark_answered();
                }
            }
            Err(error) => {
                let outcome_unknown = error.outcome_unknown;
                if !outcome_unknown {
                    self.tracker.mark_answered();
                }
                let moved = error.api_error().is_some_and(ApiError::is_conflict);
                return Err(if moved {
                    StepResult::Conflict {
                        error: error.into(),
                        outcome_unknown: None,
                    }
                } else {
                    StepResult::failed(error, outcome_unknown)
                });
            }
        }
        Ok(())
    }

    async fn wait_until_gone(
        &self,
        guard: &Preconditions,
        deadline: Instant,
    ) -> Result<(), ObjectError> {
        let (cluster, namespace, name) = (
            &self.target.cluster,
            &self.target.namespace,
            &self.secret.name,
        );
        let mut pause = Duration::from_millis(5);
        loop {
            let seen = cluster
                .read_secret_metadata(namespace, name)
                .await
                .map_err(|error| self.deleted(&error.into()))?;
            let Some(seen) = seen.filter(|seen| seen.uid == guard.uid) else {
                return Ok(());
            };
            if Instant::now() >= deadline || !cluster.wait(pause).await {
                let finalizers = seen
                    .finalizers
                    .iter()
                    .flatten()
                    .map(|finalizer| escape_control(finalizer).into_owned())
                    .collect();
                let trouble = ObjectErrorKind::StillDeleting {
                    name: name.to_string(),
                    finalizers,
                };
                return Err(trouble.into());
            }
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }
}
