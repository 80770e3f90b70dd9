//! Formats a diagnosis, as text and as JSON.

use gcr_core::engine::{Cell, ObjectId, Row, TargetName, TargetScope};
use gcr_core::resources::pod_eviction::POD;
use gcr_core::resources::service_account;
use kube_clientcmd::escape_control::escape_control;
use serde_json::json;

use super::chain::Chain;
use super::diagnosis::Diagnosis;
use super::fix::Place;
use super::restart::Restart;
use crate::verify::finding::steps;
use gcr_core::report::API_VERSION;

/// The content of a row besides the diagnosis.
pub(super) struct Shown<'a> {
    pub(super) image: &'a str,
    /// kubelet's text.
    pub(super) message: &'a str,
    /// The list that was followed.
    pub(super) chain: Option<&'a Chain>,
    /// Facts about the node.
    pub(super) notes: &'a [String],
    pub(super) restart: Option<&'a Restart>,
}

/// Returns the target of a namespace.
pub(super) fn target(place: &Place<'_>, context: Option<std::sync::Arc<str>>) -> TargetName {
    TargetName {
        context,
        scope: TargetScope::Namespace(place.namespace.clone()),
    }
}

/// Returns the row of a diagnosis. `-o wide` adds what was tried.
pub(super) fn row(
    target: TargetName,
    place: &Place<'_>,
    shown: &Shown<'_>,
    diagnosis: &Diagnosis,
) -> Row {
    let image = escape_control(shown.image);
    let (object, first) = match place.pod {
        Some((pod, container)) => {
            let object = ObjectId::new(&POD, pod.metadata.name.as_str());
            let line = format!("{object}, container {container}, image {image}");
            (object, line)
        }
        None => {
            let object = ObjectId::new(&service_account::SERVICE_ACCOUNT, place.account);
            let line = format!("{object}, image {image}");
            (object, line)
        }
    };
    let mut text = format!("{first}\n  {}", diagnosis.message);
    if let Some(restart) = shown.restart {
        text.push_str(&format!("\n  {restart}"));
    } else if let Some(fix) = &diagnosis.fix {
        text.push_str(&format!("\n  fix: {fix}"));
    }
    let mut cells = vec![Cell::from(text)];
    let matches = shown.chain.map(|chain| chain.matches.as_slice());
    for (secret, entry) in matches.unwrap_or_default() {
        cells.push(format!("  tried: secret/{secret}, entry {}", escape_control(entry)).into());
    }
    if !shown.message.is_empty() {
        cells.push(format!("  kubelet: {}", escape_control(shown.message)).into());
    }
    cells.extend(
        shown
            .notes
            .iter()
            .map(|note| format!("  note: {note}").into()),
    );
    let is_mended = shown.restart.is_some_and(Restart::is_done);
    let finding = diagnosis.finding.as_deref();
    let matches = matches.unwrap_or_default().iter();
    let matches = matches.map(|(secret, entry)| json!({"secret": secret, "entry": entry}));
    let value = json!({
        "apiVersion": API_VERSION,
        "kind": "PullDiagnosis",
        "context": target.context.as_deref(),
        "namespace": place.namespace.as_str(),
        "pod": place.pod.map(|(pod, _)| &pod.metadata.name),
        "container": place.pod.map(|(_, container)| container),
        "serviceAccount": place.account,
        "image": shown.image,
        "cause": diagnosis.cause.as_str(),
        "message": diagnosis.message,
        "fix": diagnosis.fix,
        "restarted": shown.restart.map(Restart::is_done),
        "matches": matches.collect::<Vec<_>>(),
        "verdict": finding.map(|finding| finding.verdict.as_str()),
        "steps": finding.map_or_else(|| json!([]), steps),
        "kubelet": Some(shown.message).filter(|text| !text.is_empty()),
        "notes": shown.notes,
    });
    Row {
        target,
        object,
        cells,
        value,
        is_problem: diagnosis.cause.is_problem() && !is_mended,
    }
}
