//! Writes the Secret: applies it, or replaces it, and judges the answer.

use std::time::{Duration, Instant};

use http::StatusCode;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::{Applied, unknown};
use crate::cluster::exchange::Reply;
use crate::cluster::secrets::{ApplyOptions, metadata};
use crate::cluster::{Fault, Refusal};
use crate::domain::names::Namespace;
use crate::domain::printable::printable;
use crate::domain::pull_secret::{self, PullSecret};
use crate::failure::{Failure, Hint, Trouble};
use crate::ledger::{Entry, Outcome};
use crate::plan::{Before, SecretApply, SecretStep, explain_secret, our_time};
use crate::request::{DryRun, Wanted, WantedSecret};
use crate::target::Target;

/// The server keeps times in whole seconds: two changes closer than this can carry the same time.
const CLOCK_STEP: Duration = Duration::from_millis(1100);

/// Carries out the Secret's step.
pub async fn carry_out(
    target: &Target,
    wanted: &Wanted,
    secret: &WantedSecret,
    step: SecretStep,
    deadline: Instant,
    entry: &Entry,
) -> Applied {
    match step {
        SecretStep::Fail(failure) => Applied::failed(failure, false),
        SecretStep::Show => {
            let manifest = wanted.manifest;
            let namespace = manifest.with_namespace.then_some(&target.namespace);
            Applied::done(
                Outcome::Created,
                shown(wanted, secret, namespace, manifest.masked),
            )
        }
        SecretStep::Apply(apply) => {
            let writer = Writer {
                target,
                wanted,
                secret,
                entry,
            };
            writer.apply(apply, Outcome::Created).await
        }
        SecretStep::Replace { uid, apply } => {
            let writer = Writer {
                target,
                wanted,
                secret,
                entry,
            };
            match writer.delete(&uid, deadline).await {
                Err(ended) => ended,
                Ok(()) if wanted.dry_run == DryRun::Server => Applied::done(
                    Outcome::Replaced,
                    shown(wanted, secret, Some(&target.namespace), true),
                ),
                Ok(()) => match writer.apply(apply, Outcome::Replaced).await {
                    Applied::Ended {
                        outcome,
                        failure: Some(failure),
                        shown,
                    } => {
                        let failure = Failure {
                            hint: Some(Hint::RunAgain),
                            ..failure
                        };
                        Applied::Ended {
                            outcome,
                            failure: Some(failure),
                            shown,
                        }
                    }
                    ended => ended,
                },
            }
        }
    }
}

/// The Secret as it would be sent, where objects are shown.
fn shown(
    wanted: &Wanted,
    secret: &WantedSecret,
    namespace: Option<&Namespace>,
    masked: bool,
) -> Option<Value> {
    wanted.whole_objects.then(|| {
        PullSecret::new(&secret.name, &secret.credential, &secret.config)
            .manifest(namespace, masked)
    })
}

struct Writer<'a> {
    target: &'a Target,
    wanted: &'a Wanted,
    secret: &'a WantedSecret,
    entry: &'a Entry,
}

impl Writer<'_> {
    fn dry_run(&self) -> bool {
        self.wanted.dry_run != DryRun::None
    }

    async fn send(&self, apply: &SecretApply) -> Result<Reply, Fault> {
        let options = self.options(apply.force);
        self.target
            .cluster
            .apply_secret(
                &self.target.namespace,
                &self.secret.name,
                apply.body.clone(),
                &options,
                Some(self.entry),
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
    async fn apply(&self, apply: SecretApply, made: Outcome) -> Applied {
        let reply = match self.send(&apply).await {
            Ok(reply) => reply,
            Err(fault) => {
                let unheard = unknown(&fault, self.dry_run());
                let moved = fault.refusal().is_some_and(|refusal| {
                    apply.guarded && refusal.is_conflict() && refusal.manager_conflicts().is_empty()
                });
                if !unheard {
                    self.entry.answered();
                }
                let failure = explain_secret(fault, self.secret);
                return if moved {
                    Applied::Stale(failure)
                } else {
                    Applied::failed(failure, unheard)
                };
            }
        };
        self.entry.answered();
        match self.judge(&apply, &reply, made).await {
            Ok(outcome) => self.finish(&apply, &reply, outcome).await,
            Err(fault) => Applied::failed(fault, false),
        }
    }

    /// The true word for an answer.
    async fn judge(
        &self,
        apply: &SecretApply,
        reply: &Reply,
        made: Outcome,
    ) -> Result<Outcome, Fault> {
        if reply.status == StatusCode::CREATED {
            return Ok(made);
        }
        let now = metadata(reply)?;
        let Before::Present {
            resource_version,
            our_time: changed_before,
        } = &apply.before
        else {
            // It was not there, and is: by an earlier try of ours whose answer was lost, or by somebody else's hand.
            return Ok(if reply.repeated {
                made
            } else {
                Outcome::Configured
            });
        };
        if self.wanted.dry_run == DryRun::Server {
            let changes = self
                .would_change(apply, reply, &now, *changed_before)
                .await?;
            return Ok(if changes {
                Outcome::Configured
            } else {
                Outcome::Unchanged
            });
        }
        let same_version = now.resource_version.as_deref() == Some(resource_version);
        Ok(if same_version {
            Outcome::Unchanged
        } else {
            Outcome::Configured
        })
    }

    /// Whether a server dry run changed anything: then our entry in `managedFields` carries a fresh time. A change
    /// within the last second hides that, so the question is asked again a second later.
    async fn would_change(
        &self,
        apply: &SecretApply,
        reply: &Reply,
        now: &ObjectMeta,
        before: Option<jiff::Timestamp>,
    ) -> Result<bool, Fault> {
        let field_manager = &self.wanted.field_manager;
        let Some(first) = our_time(now, field_manager) else {
            return Ok(false);
        };
        if before.is_some_and(|before| before != first) {
            return Ok(true);
        }
        let clock = reply
            .date
            .as_deref()
            .and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        let age = clock.map(|clock| clock.timestamp().duration_since(first));
        if age.is_some_and(|age| age > jiff::SignedDuration::from_secs(1)) {
            return Ok(false);
        }
        self.target.cluster.wait(CLOCK_STEP).await;
        let again = metadata(&self.send(apply).await?)?;
        Ok(our_time(&again, field_manager) != Some(first))
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
                Some(self.entry),
            )
            .await;
        match removed {
            Ok(reply) => {
                self.entry.answered();
                Applied::done(Outcome::Configured, reply.json().ok().and_then(show))
            }
            Err(fault) => {
                let unheard = unknown(&fault, self.dry_run());
                Applied::failed(fault, unheard)
            }
        }
    }

    /// Deletes the Secret with this uid and waits until it is gone.
    async fn delete(&self, uid: &str, deadline: Instant) -> Result<(), Applied> {
        let (cluster, namespace, name) = (
            &self.target.cluster,
            &self.target.namespace,
            &self.secret.name,
        );
        match cluster
            .delete_secret(namespace, name, uid, self.dry_run(), Some(self.entry))
            .await
        {
            Ok(_) => self.entry.answered(),
            Err(fault) if fault.refusal().is_some_and(Refusal::is_not_found) => {
                self.entry.answered()
            }
            Err(fault) => {
                let unheard = unknown(&fault, self.dry_run());
                if !unheard {
                    self.entry.answered();
                }
                let moved = fault.refusal().is_some_and(Refusal::is_conflict);
                return Err(if moved {
                    Applied::Stale(fault.into())
                } else {
                    Applied::failed(fault, unheard)
                });
            }
        }
        if self.dry_run() {
            return Ok(());
        }
        let mut pause = Duration::from_millis(5);
        loop {
            let seen = cluster
                .read_secret_metadata(namespace, name)
                .await
                .map_err(|fault| Applied::failed(fault, false))?;
            let Some(seen) = seen.filter(|seen| seen.uid.as_deref() == Some(uid)) else {
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
                return Err(Applied::failed(trouble, false));
            }
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }
}
