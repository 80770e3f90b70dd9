//! Classifies the response to an apply: created, configured or unchanged.
//!
//! Compares a resourceVersion only with those of the same Secret.

use std::time::Duration;

use http::StatusCode;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::super::managed_fields::last_applied_at;
use super::action::{PriorState, SecretApply};
use super::apply::Writer;
use super::kind::CONFIGURED;
use crate::domain::server_clock::parse_date;
use crate::engine::Outcome;
use crate::kubernetes::RequestError;
use crate::kubernetes::api_request::ApiResponse;
use crate::kubernetes::object::metadata;
use crate::kubernetes::request_error::seconds;
use crate::request::DryRun;

/// The server stores times in whole seconds: changes less than this apart may have the same time.
const CLOCK_STEP: Duration = Duration::from_millis(1100);

impl Writer<'_> {
    /// Classifies the response to `apply`. `made` is the outcome if the apply created the Secret.
    pub(super) async fn classify(
        &self,
        apply: &SecretApply,
        response: &ApiResponse,
        made: Outcome,
    ) -> Result<Outcome, RequestError> {
        if response.status == StatusCode::CREATED {
            return Ok(made);
        }
        let now = metadata(response)?;
        if apply.prior_state == PriorState::Unknown {
            let is_unchanged = !response.may_have_applied && self.is_unchanged(&now, response);
            let may_be_made = response.may_have_applied || apply.may_have_applied;
            return Ok(if is_unchanged {
                Outcome::Unchanged
            } else if may_be_made && self.is_created_by_apply(&now) {
                made
            } else {
                CONFIGURED
            });
        }
        let PriorState::Present {
            resource_version,
            last_applied_at: changed_before,
        } = &apply.prior_state
        else {
            // The Secret did not exist before and now it does: an earlier attempt created it, or another client did.
            return Ok(if response.may_have_applied || apply.may_have_applied {
                made
            } else if self.is_unchanged(&now, response) {
                Outcome::Unchanged
            } else {
                CONFIGURED
            });
        };
        if self.spec.execution.dry_run == DryRun::Server {
            let changes = self
                .would_change(apply, response, &now, *changed_before)
                .await?;
            return Ok(if changes {
                CONFIGURED
            } else {
                Outcome::Unchanged
            });
        }
        let same_version = now.resource_version.as_deref() == Some(resource_version);
        // A write that was bound to the version just read is the only one that can have changed it.
        let is_ours =
            response.may_have_applied || apply.may_have_applied || apply.has_preconditions;
        Ok(
            if same_version || (!is_ours && self.is_unchanged(&now, response)) {
                Outcome::Unchanged
            } else {
                CONFIGURED
            },
        )
    }

    /// Returns whether the apply changed nothing although the resourceVersion differs, because another client wrote. An
    /// apply without changes keeps the time in our `managedFields` entry (structured-merge-diff). A time less than a
    /// second old is no evidence: our previous write may have set it.
    fn is_unchanged(&self, now: &ObjectMeta, response: &ApiResponse) -> bool {
        let ours = last_applied_at(now, &self.spec.execution.field_manager);
        let age = ours
            .zip(clock(response))
            .map(|(ours, clock)| clock.duration_since(ours));
        age.is_some_and(|age| age > jiff::SignedDuration::from_secs(1))
    }

    /// Returns whether our last apply created the Secret: then the server set the time of our `managedFields` entry together
    /// with the time of creation.
    fn is_created_by_apply(&self, now: &ObjectMeta) -> bool {
        let created = now.creation_timestamp.as_ref().map(|time| time.0);
        created.is_some() && created == last_applied_at(now, &self.spec.execution.field_manager)
    }

    /// Returns whether a server dry run changed anything: our `managedFields` entry then has the current time. If that
    /// time may also stem from a write within the last second, repeats the dry run a second later.
    async fn would_change(
        &self,
        apply: &SecretApply,
        response: &ApiResponse,
        now: &ObjectMeta,
        before: Option<jiff::Timestamp>,
    ) -> Result<bool, RequestError> {
        let field_manager = &self.spec.execution.field_manager;
        let Some(first) = last_applied_at(now, field_manager) else {
            return Ok(false);
        };
        if before.is_some_and(|before| before != first) {
            return Ok(true);
        }
        let age = clock(response).map(|clock| clock.duration_since(first));
        if age.is_some_and(|age| age > jiff::SignedDuration::from_secs(1)) {
            return Ok(false);
        }
        let (name, pause) = (&self.spec.desired.name, seconds(CLOCK_STEP));
        tracing::debug!("secret/{name}: written less than a second ago; retrying in {pause}");
        self.spec.target.cluster.wait(CLOCK_STEP).await;
        let again = metadata(&self.send(apply).await?)?;
        Ok(last_applied_at(&again, field_manager) != Some(first))
    }
}

/// Returns the server's clock at the response, in whole seconds.
fn clock(response: &ApiResponse) -> Option<jiff::Timestamp> {
    parse_date(response.date.as_deref()?)
}
