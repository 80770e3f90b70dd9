//! Formats a Secret as a row of `list`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::secret_pages::ListedSecret;
use crate::domain::human_duration::human_duration;
use crate::domain::names::{Namespace, SecretName};
use crate::engine::{Cell, Row, TargetName, TargetScope};
use crate::report::API_VERSION;
use crate::resources::{NamespaceReferences, PullSecretSummary, secret};
use kube_clientcmd::escape_control::escape_control;

/// kubectl's word for a field without a value.
pub(in crate::commands) const NONE: &str = "<none>";
/// kubectl's word for a value that cannot be read.
pub(in crate::commands) const UNKNOWN: &str = "<unknown>";
/// Number of entries of a list that a cell shows.
const MAX_ENTRIES: usize = 3;

/// The facts that all rows of a cluster share.
pub(super) struct RowContext {
    pub(super) context: Option<Arc<str>>,
    pub(super) now: jiff::Timestamp,
    pub(super) wide: bool,
}

/// Returns the row of a Secret.
pub(super) fn row(
    cx: &RowContext,
    namespace: &Namespace,
    name: &SecretName,
    secret: &ListedSecret,
    references: &NamespaceReferences,
) -> Row {
    let ListedSecret { metadata, summary } = secret;
    let referrers = |names: &Option<crate::resources::references::Names>| {
        let names = names.as_ref()?;
        Some(names.get(name.as_str()).cloned().unwrap_or_default())
    };
    let (accounts, pods) = (referrers(&references.accounts), referrers(&references.pods));
    let used_by = accounts.as_ref().map_or(UNKNOWN.to_owned(), |accounts| {
        let accounts = accounts.iter().map(|name| format!("serviceaccount/{name}"));
        entries(&accounts.collect::<Vec<_>>(), cx.wide)
    });
    let created = metadata.creation_timestamp.as_ref().map(|time| time.0);
    let age = created.map(|created| cx.now.duration_since(created).as_secs());
    let cells = vec![
        namespace.as_str().into(),
        name.as_str().into(),
        entries(&summary.registries, cx.wide).into(),
        optional(summary.account.as_deref()).into(),
        optional(summary.key_id.as_deref()).into(),
        credential(summary).into(),
        optional(summary.expires.as_deref()).into(),
        used_by.into(),
        pods.as_ref().map_or(UNKNOWN.into(), |pods| {
            Cell::ranked(pods.len().to_string(), pods.len() as i64)
        }),
        age.map_or(UNKNOWN.into(), |age| Cell::ranked(human_duration(age), age)),
    ];
    let mut value = json!({
        "apiVersion": API_VERSION,
        "kind": "PullSecret",
        "metadata": {
            "name": name.as_str(),
            "namespace": namespace.as_str(),
            "uid": metadata.uid,
            "creationTimestamp": created.map(|created| created.to_string()),
        },
        "context": cx.context.as_deref(),
        "usedBy": accounts,
    });
    if let (Value::Object(value), Value::Object(fields)) = (&mut value, summary.fields()) {
        value.extend(fields);
    }
    Row {
        target: TargetName {
            context: cx.context.clone(),
            scope: TargetScope::Namespace(namespace.clone()),
        },
        object: secret::id(name),
        cells,
        value,
        is_problem: false,
    }
}

fn credential(summary: &PullSecretSummary) -> String {
    match &summary.credential {
        None if !summary.is_managed => "<unmanaged>".to_owned(),
        credential => optional(credential.as_deref()),
    }
}

fn optional(text: Option<&str>) -> String {
    text.map_or(NONE.to_owned(), |text| escape_control(text).into_owned())
}

/// Returns the entries of a list, and the number of those that do not fit, like kubectl's ENDPOINTS column.
fn entries(list: &[String], wide: bool) -> String {
    let shown = if wide { list.len() } else { MAX_ENTRIES };
    let first: Vec<_> = list.iter().take(shown).map(String::as_str).collect();
    let text = escape_control(&first.join(",")).into_owned();
    match list.len() {
        0 => NONE.to_owned(),
        count if count > shown => format!("{text} + {} more...", count - shown),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::entries;

    #[test]
    fn long_lists_are_cut_unless_the_table_is_wide() {
        let list = ["a", "b", "c", "d", "e"].map(str::to_owned);
        assert_eq!(entries(&list, false), "a,b,c + 2 more...");
        assert_eq!(entries(&list, true), "a,b,c,d,e");
        assert_eq!(entries(&list[..3], false), "a,b,c");
        assert_eq!(entries(&[], false), "<none>");
    }
}
