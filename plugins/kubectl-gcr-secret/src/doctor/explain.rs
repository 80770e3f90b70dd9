//! Explains one image: follows the pull secrets of the pod and those of its account, and decides.

use gcr_core::engine::{Row, TargetName};
use gcr_core::kubernetes::pod::PodImage;
use gcr_google::registry::Handshake;

use super::chain::{Chain, follow};
use super::diagnosis::{Case, Diagnosis};
use super::evidence::Node;
use super::fix::Place;
use super::report::{Shown, row};
use super::restart::Restart;
use crate::verify::requested::Requested;

/// The Secret that `create` makes by default: the one to attach if nothing is referenced.
pub(super) const DEFAULT_SECRET: &str = "gcr-io";

/// Explains images.
pub(super) struct Explainer<'a> {
    pub(super) handshake: &'a Handshake,
    pub(super) all_registries: bool,
}

/// An explained image.
pub(super) struct Explained {
    pub(super) diagnosis: Diagnosis,
    /// The pod's own list, followed to its end.
    chain: Option<Chain>,
    /// Other credentials that kubelet may use on the node.
    notes: Vec<String>,
}

impl Explainer<'_> {
    /// Explains an image of a pod whose pull secrets are `own`, and whose ServiceAccount lists `account` now. `message` is
    /// kubelet's text.
    pub(super) async fn explain(
        &self,
        place: &Place<'_>,
        image: &PodImage,
        message: &str,
        own: &[String],
        account: Option<&[String]>,
        node: Option<&Node>,
    ) -> Explained {
        let notes = notes(node);
        let Ok(requested) = Requested::of_image(&image.image) else {
            return Explained {
                diagnosis: Diagnosis::invalid_image(place, &image.image),
                chain: None,
                notes,
            };
        };
        let follow = async |names: &[String]| {
            follow(
                place.namespace,
                names,
                place.secrets,
                &requested,
                self.handshake,
            )
            .await
        };
        let is_checked = requested.is_google() || self.all_registries;
        let own_chain = follow(if is_checked { own } else { &[] }).await;
        let account_chain = match account {
            Some(names) if is_checked && names != own && !own_chain.is_good() => {
                Some(follow(names).await)
            }
            _ => None,
        };
        let is_empty = own.is_empty() && account.is_none_or(<[String]>::is_empty);
        let spare = [DEFAULT_SECRET.to_owned()];
        let spare_works = is_empty && is_checked && follow(&spare).await.is_good();
        let case = Case {
            place,
            requested: &requested,
            own,
            own_chain: &own_chain,
            account,
            account_chain: account_chain.as_ref(),
            reason: image.reason.as_deref(),
            message,
            is_cached: is_empty && node.is_some_and(|node| node.verifies_cached(&image.image)),
            spare: spare_works.then_some(DEFAULT_SECRET),
            all_registries: self.all_registries,
        };
        Explained {
            diagnosis: case.diagnose(),
            chain: Some(own_chain),
            notes,
        }
    }
}

impl Explained {
    /// Returns the row, with the result of a restart if there was one.
    pub(super) fn row(
        &self,
        target: TargetName,
        place: &Place<'_>,
        image: &PodImage,
        message: &str,
        restart: Option<&Restart>,
    ) -> Row {
        let shown = Shown {
            image: &image.image,
            message,
            chain: self.chain.as_ref(),
            notes: &self.notes,
            restart,
        };
        row(target, place, &shown, &self.diagnosis)
    }
}

/// Returns what else kubelet may use on a node. Credential providers (KEP-4412) are configured in files of the node, which the
/// API server does not show.
fn notes(node: Option<&Node>) -> Vec<String> {
    let Some(node) = node else {
        return Vec::new();
    };
    let text = if node.is_gke {
        "a node of GKE tries its own Google service account after the pod's pull secrets"
    } else {
        "kubelet tries its credential providers, which the API server does not show, after the pod's pull secrets"
    };
    vec![text.to_owned()]
}
