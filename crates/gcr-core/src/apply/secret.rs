//! Writes the Secret by a server-side apply.

use serde_json::Value;
use tokio::time::Instant;

use super::{Applied, Unheard};
use crate::cluster::Fault;
use crate::cluster::exchange::Reply;
use crate::cluster::secrets::ApplyOptions;
use crate::domain::names::Namespace;
use crate::domain::pull_secret::{self, PullSecret};
use crate::failure::Trouble;
use crate::ledger::{Entry, Outcome};
use crate::plan::{SecretApply, SecretStep, explain_secret};
use crate::request::{DryRun, Wanted, WantedSecret};
use crate::target::Target;

/// Carries out the Secret's step.
pub async fn carry_out(
    target: &Target,
    wanted: &Wanted,
    secret: &WantedSecret,
    step: SecretStep,
    deadline: Instant,
    entry: &Entry,
) -> Applied {
    let writer = Writer {
        target,
        wanted,
        secret,
        entry,
    };
    match step {
        SecretStep::Fail(failure) => Applied::failed(failure, false),
        SecretStep::Show => {
            let manifest = wanted.manifest;
            let namespace = manifest.with_namespace.then_some(&target.namespace);
            Applied::done(
                Outcome::Created,
                writer.manifest(namespace, manifest.masked),
            )
        }
        SecretStep::Apply(apply) => writer.apply(apply, Outcome::Created).await,
        SecretStep::Replace { guard, apply } => writer.replace(&guard, apply, deadline).await,
    }
}

/// One Secret being written.
pub(super) struct Writer<'a> {
    pub(super) target: &'a Target,
    pub(super) wanted: &'a Wanted,
    pub(super) secret: &'a WantedSecret,
    pub(super) entry: &'a Entry,
}

impl Writer<'_> {
    pub(super) fn dry_run(&self) -> bool {
        self.wanted.dry_run != DryRun::None
    }

    /// Where a write is noted; a dry run writes nothing, so nothing of it can be unknown.
    pub(super) fn receipt(&self) -> Option<&Entry> {
        (!self.dry_run()).then_some(self.entry)
    }

    /// The Secret as it would be sent, where objects are shown.
    pub(super) fn manifest(&self, namespace: Option<&Namespace>, masked: bool) -> Option<Value> {
        let WantedSecret {
            name,
            credential,
            config,
            ..
        } = self.secret;
        let shown = || PullSecret::new(name, credential, config).manifest(namespace, masked);
        self.wanted.whole_objects.then(shown)
    }

    pub(super) async fn send(&self, apply: &SecretApply) -> Result<Reply, Fault> {
        let options = self.options(apply.force);
        self.target
            .cluster
            .apply_secret(
                &self.target.namespace,
                &self.secret.name,
                apply.body.clone(),
                &options,
                self.receipt(),
            )
            .await
    }

    fn options(&self, force: bool) -> ApplyOptions<'_> {
        ApplyOptions {
            field_manager: &self.wanted.field_manager,
            force,
            dry_run: self.dry_run(),
            whole: self.wanted.whole_objects,
        }
    }

    /// Applies and judges; `made` is the word where the Secret came into being.
    pub(super) async fn apply(&self, apply: SecretApply, made: Outcome) -> Applied {
        let reply = match self.send(&apply).await {
            Ok(reply) => reply,
            Err(fault) => {
                let unheard = fault.unheard;
                let moved = fault.refusal().is_some_and(|refusal| {
                    apply.guarded && refusal.is_conflict() && refusal.manager_conflicts().is_empty()
                });
                if !unheard {
                    self.entry.answered();
                }
                let failure = explain_secret(fault, self.secret);
                return if moved {
                    Applied::Stale {
                        failure,
                        unheard: unheard.then_some(Unheard::Secret(apply.before)),
                    }
                } else {
                    Applied::failed(failure, unheard)
                };
            }
        };
        self.entry.answered();
        match self.judge(&apply, &reply, made).await {
            Ok(outcome) => self.finish(&apply, &reply, outcome).await,
            // The server said yes, and what became of it cannot be read.
            Err(fault) => Applied::failed(fault, !self.dry_run()),
        }
    }

    /// Takes the copy of a key off, where that was asked for, and makes the object ready to be shown.
    async fn finish(&self, apply: &SecretApply, reply: &Reply, outcome: Outcome) -> Applied {
        if !self.wanted.whole_objects && !apply.drop_last_applied {
            return Applied::done(outcome, None);
        }
        let Ok(object) = reply.json::<Value>() else {
            return Applied::done(outcome, None);
        };
        let show = |object: Value| {
            self.wanted
                .whole_objects
                .then(|| pull_secret::masked(object))
        };
        if !apply.drop_last_applied {
            return Applied::done(outcome, show(object));
        }
        if !self.dry_run() {
            self.entry.halfway();
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
                self.receipt(),
            )
            .await;
        match removed {
            Ok(reply) => {
                self.entry.answered();
                Applied::done(Outcome::Configured, reply.json().ok().and_then(show))
            }
            // The Secret is written, whatever became of the copy.
            Err(fault) if !self.dry_run() => {
                let trouble = Trouble::CopyLeft {
                    name: self.secret.name.to_string(),
                    fault,
                };
                Applied::failed(trouble, false)
            }
            Err(fault) => Applied::failed(fault, false),
        }
    }
}
