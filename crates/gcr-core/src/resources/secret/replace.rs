//! Replaces a Secret whose type or immutability prevents an apply: deletes it, waits until it is gone, applies the new
//! one.
//!
//! The deletion has the observed uid and resourceVersion as preconditions, so that it deletes no other Secret.

use std::time::Duration;

use tokio::time::Instant;

use super::super::resource_error::{self, ResourceError, ResourceErrorKind};
use super::action::SecretApply;
use super::apply::{SecretStep, Writer, failed};
use super::kind::REPLACED;
use crate::domain::pull_secret::Preconditions;
use crate::engine::{Finished, Hint, Outcome, StepResult};
use crate::kubernetes::ApiError;
use crate::kubernetes::access_review_cache::Access;
use crate::resources::permissions;
use kube_clientcmd::escape_control::escape_control;

impl Writer<'_> {
    /// Deletes the observed Secret, waits until it is gone, and applies the new one.
    pub(super) async fn replace(
        &self,
        preconditions: &Preconditions,
        apply: SecretApply,
    ) -> SecretStep {
        if let Some(error) = self.forbidden_replacement().await {
            return failed(error, false);
        }
        if let Err(result) = self.delete(preconditions).await {
            return result;
        }
        if self.dry_run() {
            let manifest = self.spec.printed(true, true);
            let mut finished = Finished::success(REPLACED, manifest);
            finished.warnings.extend(apply.dropped_hosts);
            return StepResult::Finished(finished);
        }
        if let Err(error) = self.wait_until_gone(preconditions).await {
            return failed(error, false);
        }
        match self.apply(apply, REPLACED).await {
            StepResult::Finished(Finished {
                outcome,
                error: Some(error),
                ..
            }) => failed(
                self.replacement_missing(&error),
                outcome == Outcome::Unknown,
            ),
            result => result,
        }
    }

    /// Returns an error if the caller may not apply the new Secret, so that the old one is not deleted in vain.
    async fn forbidden_replacement(&self) -> Option<ResourceError> {
        let (target, desired) = (self.spec.target, self.spec.desired);
        let name = desired.name.as_str();
        for verb in ["patch", "create"] {
            let access = target
                .cluster
                .can_i(verb, "secrets", &target.namespace, Some(name))
                .await;
            if matches!(access, Some(Access::NotAllowed | Access::Denied(_))) {
                let rule = permissions::write_secret(&desired.name, desired.merge, true);
                return Some(ResourceError {
                    kind: ResourceErrorKind::DeletionRefused {
                        name: name.to_owned(),
                        reason: format!("you may not {verb} its replacement"),
                    },
                    hint: Some(rule.hint(false)),
                });
            }
        }
        None
    }

    /// Wraps an error after the deletion, so that the message always states that the old Secret was deleted.
    fn replacement_missing(&self, error: &ResourceError) -> ResourceError {
        let name = self.spec.desired.name.to_string();
        let cause = error.kind.to_string();
        ResourceError {
            kind: ResourceErrorKind::ReplacementMissing { name, cause },
            hint: Some(self.create_hint()),
        }
    }

    /// Returns the hint how to create the new Secret. A further rotation does not find a Secret that was deleted.
    fn create_hint(&self) -> Hint {
        let (desired, namespace) = (self.spec.desired, &self.spec.target.namespace);
        let account = desired.credential.account();
        let Some(account) = account.filter(|_| desired.replaces.is_some()) else {
            return Hint::new(resource_error::RUN_AGAIN);
        };
        let hosts = desired.config.hosts();
        let registry = |host: &str| {
            let host = host.trim_end_matches('/');
            // `setup` needs the repository, which the entry does not name.
            if host.ends_with("-docker.pkg.dev") {
                return format!("{host}/PROJECT/REPOSITORY");
            }
            host.to_owned()
        };
        let registries: Vec<String> = hosts.iter().map(|host| registry(host)).collect();
        let context = self.spec.target.cluster.context();
        let context = context.map(|it| format!(" --context {}", escape_control(it)));
        Hint::new(format!(
            "the old Secret is already deleted; create the new one with: kubectl gcr-secret setup {} -n {namespace}{} --registry={} \
             --iam-account={account} --attach=false",
            desired.name,
            context.unwrap_or_default(),
            registries.join(",")
        ))
    }

    async fn delete(&self, preconditions: &Preconditions) -> Result<(), SecretStep> {
        let (cluster, namespace, name) = (
            &self.spec.target.cluster,
            &self.spec.target.namespace,
            &self.spec.desired.name,
        );
        match cluster
            .delete_secret(
                namespace,
                name,
                preconditions,
                self.dry_run(),
                self.observer(),
            )
            .await
        {
            Ok(_) if self.dry_run() => {}
            Ok(_) => self.tracker.mark_partial(),
            Err(error) if error.api_error().is_some_and(ApiError::is_not_found) => {
                // An earlier attempt may have deleted it.
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
                let is_stale = error.api_error().is_some_and(ApiError::is_conflict);
                return Err(if is_stale {
                    StepResult::Conflict {
                        error: error.into(),
                        unconfirmed: None,
                    }
                } else {
                    failed(error, outcome_unknown)
                });
            }
        }
        Ok(())
    }

    /// Waits for as long as the execution allows. The time begins with the deletion, because other namespaces may have used up
    /// that of the run.
    async fn wait_until_gone(&self, preconditions: &Preconditions) -> Result<(), ResourceError> {
        let deadline = Instant::now() + self.spec.execution.timeout;
        let (cluster, namespace, name) = (
            &self.spec.target.cluster,
            &self.spec.target.namespace,
            &self.spec.desired.name,
        );
        let mut pause = Duration::from_millis(5);
        loop {
            let metadata = cluster
                .read_secret_metadata(namespace, name)
                .await
                .map_err(|error| self.replacement_missing(&error.into()))?;
            let Some(metadata) = metadata.filter(|metadata| metadata.uid == preconditions.uid)
            else {
                return Ok(());
            };
            if Instant::now() >= deadline || !cluster.wait(pause).await {
                return Err(ResourceError::still_deleting(name, &metadata));
            }
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }
}
