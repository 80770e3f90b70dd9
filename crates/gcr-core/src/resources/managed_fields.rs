//! Reads `metadata.managedFields`: which field manager owns what, and since when (KEP-555).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};

/// Returns whether the entry belongs to a server-side apply of the object itself.
pub(super) fn applies(entry: &ManagedFieldsEntry) -> bool {
    entry.operation.as_deref() == Some("Apply") && entry.subresource.is_none()
}

/// Returns the entry's field manager.
pub(super) fn manager(entry: &ManagedFieldsEntry) -> &str {
    entry.manager.as_deref().unwrap_or_default()
}

/// Returns when `field_manager` last changed the object by an apply. An apply without changes keeps the time.
pub(super) fn last_applied_at(
    metadata: &ObjectMeta,
    field_manager: &str,
) -> Option<jiff::Timestamp> {
    metadata
        .managed_fields
        .iter()
        .flatten()
        .find(|entry| applies(entry) && manager(entry) == field_manager)
        .and_then(|entry| entry.time.as_ref())
        .map(|time| time.0)
}
