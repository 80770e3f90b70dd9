//! Formats a description like `kubectl describe`. Pure text.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::description::Description;
use crate::commands::list::{NONE, UNKNOWN};
use crate::domain::human_duration::human_duration;
use crate::domain::pull_secret;
use crate::kubernetes::events::EventSummary;
use crate::resources::field_owners::FieldOwner;
use kube_clientcmd::escape_control::escape_control;

/// Number of characters after which kubectl cuts the value of an annotation (kubectl `describe/describe.go`,
/// `maxAnnotationLen`).
const MAX_ANNOTATION: usize = 140;

/// Returns the text, without a final newline.
pub(super) fn text(description: &Description, now: jiff::Timestamp) -> String {
    let Description {
        metadata, summary, ..
    } = description;
    let one = |text: Option<&str>| vec![text.unwrap_or(NONE).to_owned()];
    let created = metadata.creation_timestamp.as_ref();
    let created = created.map(|time| time.0.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string());
    let owners = metadata.owner_references.iter().flatten();
    let owners: Vec<String> = owners
        .map(|owner| format!("{}/{}", owner.kind, owner.name))
        .collect();
    let mut fields = vec![
        ("Name", one(metadata.name.as_deref())),
        ("Namespace", one(metadata.namespace.as_deref())),
        ("Labels", labels(metadata)),
        ("Annotations", annotations(metadata)),
        ("Created", one(created.as_deref())),
    ];
    if !owners.is_empty() {
        fields.push(("Owners", owners));
    }
    fields.extend([
        ("Registries", summary.registries.clone()),
        ("Account", one(summary.account.as_deref())),
        ("Key ID", one(summary.key_id.as_deref())),
        ("Credential", one(summary.credential.as_deref())),
        ("Expires", one(summary.expires.as_deref())),
        ("Verify Checks", verify_checks(description)),
        ("Service Accounts", known(description.accounts.as_ref())),
        ("Pods", known(description.pods.as_ref())),
    ]);
    let mut lines = aligned(&fields);
    lines.push("Field Managers:".to_owned());
    lines.extend(table(&field_managers(&description.owners, now)));
    match &description.events {
        None => lines.push(format!("Events:  {UNKNOWN}")),
        Some(events) if events.is_empty() => lines.push(format!("Events:  {NONE}")),
        Some(events) => {
            lines.push("Events:".to_owned());
            lines.extend(table(&event_rows(events, now)));
        }
    }
    let lines: Vec<_> = lines
        .iter()
        .map(|line| escape_control(line.trim_end()))
        .collect();
    lines.join("\n")
}

/// Returns what `verify` checks, one line per registry.
fn verify_checks(description: &Description) -> Vec<String> {
    let registries = &description.summary.registries;
    if registries.is_empty() {
        return vec!["the entries of its data, which describe does not read".to_owned()];
    }
    let steps = description.verify_steps().join(", ");
    let lines = registries.iter();
    lines
        .map(|registry| format!("{registry}: {steps}"))
        .collect()
}

fn known(names: Option<&Vec<String>>) -> Vec<String> {
    names.map_or_else(|| vec![UNKNOWN.to_owned()], Clone::clone)
}

fn labels(metadata: &ObjectMeta) -> Vec<String> {
    let labels = metadata.labels.iter().flatten();
    labels
        .map(|(key, value)| format!("{key}={value}"))
        .collect()
}

/// Returns the annotations that the other fields do not show.
fn annotations(metadata: &ObjectMeta) -> Vec<String> {
    let annotations = metadata.annotations.iter().flatten();
    let others = annotations.filter(|(key, _)| !key.starts_with(pull_secret::ANNOTATION_PREFIX));
    let cut = |value: &String| -> String {
        let first = value.split('\n').next().unwrap_or_default();
        if first.len() == value.len() && value.chars().count() <= MAX_ANNOTATION {
            return value.clone();
        }
        let kept = first.chars().take(MAX_ANNOTATION - 3);
        kept.chain("...".chars()).collect()
    };
    others
        .map(|(key, value)| format!("{key}: {}", cut(value)))
        .collect()
}

/// Returns one line per value, with the values in one column.
fn aligned(fields: &[(&str, Vec<String>)]) -> Vec<String> {
    let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 3;
    let mut lines = Vec::new();
    for (name, values) in fields {
        let none = [NONE.to_owned()];
        let values = if values.is_empty() { &none[..] } else { values };
        let names = std::iter::once(format!("{name}:")).chain(std::iter::repeat(String::new()));
        lines.extend(
            names
                .zip(values)
                .map(|(name, value)| format!("{name:width$}{value}")),
        );
    }
    lines
}

/// Returns the lines of a table, indented and with an underlined header.
fn table<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let Some(header) = rows.first() else {
        return Vec::new();
    };
    let underline = header.clone().map(|name| "-".repeat(name.len()));
    let rows: Vec<_> = [header, &underline].into_iter().chain(&rows[1..]).collect();
    let width = |index: usize| rows.iter().map(|row| row[index].chars().count()).max();
    let widths: [usize; N] = std::array::from_fn(|index| width(index).unwrap_or(0) + 2);
    let line = |row: &&[String; N]| {
        let cells = row.iter().zip(widths);
        let cells = cells.map(|(cell, width)| format!("{cell:width$}"));
        format!("  {}", cells.collect::<String>())
    };
    rows.iter().map(line).collect()
}

fn field_managers(owners: &[FieldOwner], now: jiff::Timestamp) -> Vec<[String; 4]> {
    let header = ["Manager", "Operation", "Age", "Conflicts With Create"];
    let row = |owner: &FieldOwner| {
        let conflicts = match owner.conflicts.as_slice() {
            [] => NONE.to_owned(),
            paths => paths.join(", "),
        };
        let (manager, operation) = (owner.manager.clone(), owner.operation.clone());
        [manager, operation, age(owner.time, now), conflicts]
    };
    std::iter::once(header.map(str::to_owned))
        .chain(owners.iter().map(row))
        .collect()
}

fn event_rows(events: &[EventSummary], now: jiff::Timestamp) -> Vec<[String; 5]> {
    let header = ["Type", "Reason", "Age", "From", "Message"];
    let row = |event: &EventSummary| {
        let mut seen = age(event.last_seen(), now);
        if event.count > 1 {
            let first = age(event.first_seen(), now);
            seen = format!("{seen} (x{} over {first})", event.count);
        }
        [
            event.r#type.clone(),
            event.reason.clone(),
            seen,
            event.component().to_owned(),
            event.message.trim().to_owned(),
        ]
    };
    std::iter::once(header.map(str::to_owned))
        .chain(events.iter().map(row))
        .collect()
}

fn age(time: Option<jiff::Timestamp>, now: jiff::Timestamp) -> String {
    time.map_or(UNKNOWN.to_owned(), |time| {
        human_duration(now.duration_since(time).as_secs())
    })
}
