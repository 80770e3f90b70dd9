//! The true word for an answer to an apply: created, configured or unchanged.
//!
//! Says nothing that was not seen. Versions are only compared with versions of the same Secret.

use std::time::Duration;

use http::StatusCode;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::secret::Writer;
use crate::cluster::Fault;
use crate::cluster::exchange::Reply;
use crate::cluster::secrets::metadata;
use crate::ledger::Outcome;
use crate::plan::{SecretApply, our_time};
use crate::progress::Before;
use crate::request::DryRun;

/// The server keeps times in whole seconds: two changes closer than this can carry the same time.
const CLOCK_STEP: Duration = Duration::from_millis(1100);

impl Writer<'_> {
    /// The true word for an answer.
    pub(super) async fn judge(
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
            return Ok(if reply.repeated || apply.repeated {
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
}
