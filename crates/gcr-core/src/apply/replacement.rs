//! Replaces a Secret whose type or immutability is in the way: deletes it, waits until it is gone, applies the new one.
//!
//! Deletes no other Secret than the one that was read: the deletion is bound to its uid and version.

use std::time::Duration;

use tokio::time::Instant;

use super::Applied;
use super::secret::Writer;
use crate::cluster::Refusal;
use crate::domain::printable::printable;
use crate::domain::pull_secret::Guard;
use crate::failure::{Failure, Hint, Trouble};
use crate::ledger::Outcome;
use crate::plan::SecretApply;

impl Writer<'_> {
    /// Deletes the Secret that was read, waits until it is gone, and applies the new one.
    pub(super) async fn replace(
        &self,
        guard: &Guard,
        apply: SecretApply,
        deadline: Instant,
    ) -> Applied {
        if let Err(ended) = self.delete(guard).await {
            return ended;
        }
        if self.dry_run() {
            let shown = self.manifest(Some(&self.target.namespace), true);
            return Applied::done(Outcome::Replaced, shown);
        }
        if let Err(failure) = self.wait_until_gone(guard, deadline).await {
            return Applied::failed(failure, false);
        }
        match self.apply(apply, Outcome::Replaced).await {
            Applied::Ended {
                outcome,
                failure: Some(failure),
                ..
            } => Applied::failed(self.deleted(&failure), outcome == Outcome::Unknown),
            ended => ended,
        }
    }

    /// The old Secret is gone and the new one is not there: that must be said, whatever the reason.
    fn deleted(&self, failure: &Failure) -> Failure {
        let name = self.secret.name.to_string();
        let cause = failure.trouble.to_string();
        Failure {
            trouble: Trouble::Deleted { name, cause },
            hint: Some(Hint::RunAgain),
        }
    }

    async fn delete(&self, guard: &Guard) -> Result<(), Applied> {
        let (cluster, namespace, name) = (
            &self.target.cluster,
            &self.target.namespace,
            &self.secret.name,
        );
        match cluster
            .delete_secret(namespace, name, guard, self.dry_run(), self.receipt())
            .await
        {
            Ok(_) if self.dry_run() => {}
            Ok(_) => self.entry.halfway(),
            Err(fault) if fault.refusal().is_some_and(Refusal::is_not_found) => {
                // An earlier try may have been the one that deleted it.
                if fault.unheard {
                    self.entry.halfway();
                } else {
                    self.entry.answered();
                }
            }
            Err(fault) => {
                let unheard = fault.unheard;
                if !unheard {
                    self.entry.answered();
                }
                let moved = fault.refusal().is_some_and(Refusal::is_conflict);
                return Err(if moved {
                    Applied::Stale {
                        failure: fault.into(),
                        unheard: None,
                    }
                } else {
                    Applied::failed(fault, unheard)
                });
            }
        }
        Ok(())
    }

    async fn wait_until_gone(&self, guard: &Guard, deadline: Instant) -> Result<(), Failure> {
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
                .map_err(|fault| self.deleted(&fault.into()))?;
            let Some(seen) = seen.filter(|seen| seen.uid == guard.uid) else {
                return Ok(());
            };
            if Instant::now() >= deadline || !cluster.wait(pause).await {
                let finalizers = seen
                    .finalizers
                    .iter()
                    .flatten()
                    .map(|finalizer| printable(finalizer).into_owned())
                    .collect();
                let trouble = Trouble::StillDeleting {
                    name: name.to_string(),
                    finalizers,
                };
                return Err(trouble.into());
            }
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }
}
