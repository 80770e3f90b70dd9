//! The true word for an answer to an apply: created, configured or unchanged.
//!
//! Says nothing that was not seen. Versions are only compared with versions of the same Secret.

use std::time::Duration;

use http::StatusCode;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::secret::Writer;
use crate::kubernetes::RequestError;
use crate::kubernetes::api_request::ApiResponse;
use crate::kubernetes::request_error::seconds;
use crate::kubernetes::secrets::metadata;
use crate::ledger::Outcome;
use crate::plan::{SecretApply, last_applied_at};
use crate::request::DryRun;
use crate::target_state::PriorState;

/// The server keeps times in whole seconds: two changes closer than this can carry the same time.
const CLOCK_STEP: Duration = Duration::from_millis(1100);

impl Writer<'_> {
    /// The true word for an answer.
    pub(super) async fn classify(
        &self,
        apply: &SecretApply,
        reply: &ApiResponse,
        made: Outcome,
    ) -> Result<Outcome, RequestError> {
        if reply.status == StatusCode::CREATED {
            return Ok(made);
        }
        let now = metadata(reply)?;
        let PriorState::Present {
            resource_version,
            last_applied_at: changed_before,
        } = &apply.before
        else {
            // It was not there, and is: by an earlier try of ours whose answer was lost, or by somebody else's hand.
            return Ok(if reply.may_have_applied || apply.repeated {
                made
            } else if self.is_unchanged(&now, reply) {
                Outcome::Unchanged
            } else {
                Outcome::Configured
            });
        };
        if self.desired.dry_run == DryRun::Server {
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
        let repeated = reply.may_have_applied || apply.repeated;
        Ok(
            if same_version || (!repeated && self.is_unchanged(&now, reply)) {
                Outcome::Unchanged
            } else {
                Outcome::Configured
            },
        )
    }

    /// Whether the apply changed nothing, though the version is another than was seen: somebody else wrote since. An apply
    /// that changes nothing keeps the time of our entry (structured-merge-diff), so an old one tells; within a second of
    /// another write of ours it does not.
    fn is_unchanged(&self, now: &ObjectMeta, reply: &ApiResponse) -> bool {
        let ours = last_applied_at(now, &self.desired.field_manager);
        let age = ours
            .zip(clock(reply))
            .map(|(ours, clock)| clock.duration_since(ours));
        age.is_some_and(|age| age > jiff::SignedDuration::from_secs(1))
    }

    /// Whether a server dry run changed anything: then our entry in `managedFields` carries a fresh time. A change
    /// within the last second hides that, so the question is asked again a second later.
    async fn would_change(
        &self,
        apply: &SecretApply,
        reply: &ApiResponse,
        now: &ObjectMeta,
        before: Option<jiff::Timestamp>,
    ) -> Result<bool, RequestError> {
        let field_manager = &self.desired.field_manager;
        let Some(first) = last_applied_at(now, field_manager) else {
            return Ok(false);
        };
        if before.is_some_and(|before| before != first) {
            return Ok(true);
        }
        let age = clock(reply).map(|clock| clock.duration_since(first));
        if age.is_some_and(|age| age > jiff::SignedDuration::from_secs(1)) {
            return Ok(false);
        }
        let (name, pause) = (&self.secret.name, seconds(CLOCK_STEP));
        tracing::debug!("secret/{name}: written within this second; tried again in {pause}");
        self.target.cluster.wait(CLOCK_STEP).await;
        let again = metadata(&self.send(apply).await?)?;
        Ok(last_applied_at(&again, field_manager) != Some(first))
    }
}

/// The server's clock as it answered, in whole seconds.
fn clock(reply: &ApiResponse) -> Option<jiff::Timestamp> {
    let date = jiff::fmt::rfc2822::parse(reply.date.as_deref()?).ok()?;
    Some(date.timestamp())
}
