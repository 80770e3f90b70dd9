//! Warns about keys of the account that no Secret carries, such as one that a killed run has left. The command does not delete
//! them, because another client may use them.

use std::collections::BTreeSet;

use gcr_google::iam_keys::{Key, delete_command};
use jiff::Timestamp;

use super::account_rotation::AccountRotation;
use super::secret_search::SearchResult;

/// Returns the enabled keys that no Secret carries and that are younger than the oldest key in a Secret.
fn orphans<'a>(keys: &'a [Key], carried: &BTreeSet<&str>, old: &BTreeSet<String>) -> Vec<&'a Key> {
    let in_use = |key: &&Key| carried.contains(key.id());
    let oldest: Option<Timestamp> = keys.iter().filter(in_use).filter_map(Key::created).min();
    let is_orphan = |key: &&Key| {
        !key.disabled
            && !carried.contains(key.id())
            && !old.contains(key.id())
            && oldest.is_none_or(|oldest| key.created().is_none_or(|it| it >= oldest))
    };
    keys.iter().filter(is_orphan).collect()
}

impl AccountRotation<'_> {
    /// Names the orphans before the run. `old` are the keys that it retires.
    pub(super) async fn name_orphans(
        &self,
        keys: &[Key],
        search: &SearchResult,
        old: &BTreeSet<String>,
    ) {
        let carried = search.keys_of(self.email()).collect();
        for key in orphans(keys, &carried, old) {
            self.name_orphan(key).await;
        }
    }

    /// Names the orphans that have appeared since `before`: those of other runs.
    pub(super) async fn name_new_orphans(&self, before: &[Key], search: &SearchResult, id: &str) {
        if self.is_dry_run() {
            return;
        }
        let Some(keys) = self.keys_again().await else {
            return;
        };
        let mut carried: BTreeSet<&str> = search.keys_of(self.email()).collect();
        // The key of this run was named before, if it is unknown whether a Secret holds it.
        if self.stage.unused_key().is_some() {
            carried.insert(id);
        }
        let known = before.iter().map(|key| key.id().to_owned()).collect();
        for key in orphans(&keys, &carried, &known) {
            self.name_orphan(key).await;
        }
    }

    async fn name_orphan(&self, key: &Key) {
        let account = self.stage.account.reference();
        self.warn(format!(
            "key {} of {} (created {}) is in no Secret that was found; if nothing else uses it, delete it: {}",
            key.id(),
            account.email,
            key.valid_after_time,
            delete_command(account, key.id())
        ))
        .await;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_younger_enabled_keys_without_secret_are_orphans() {
        let key = |id: &str, created: &str, disabled: bool| -> Key {
            let json = json!({"name": format!("keys/{id}"), "validAfterTime": created, "disabled": disabled});
            serde_json::from_value(json).unwrap()
        };
        let keys = [
            key("elsewhere", "2025-01-01T00:00:00Z", false),
            key("current", "2026-01-01T00:00:00Z", false),
            key("lost", "2026-01-02T00:00:00Z", false),
            key("old", "2026-01-02T00:00:00Z", false),
            key("off", "2026-01-02T00:00:00Z", true),
        ];
        let found = |carried: &[&str]| {
            let carried = carried.iter().copied().collect();
            let old = BTreeSet::from(["old".to_owned()]);
            let found = orphans(&keys, &carried, &old);
            found
                .into_iter()
                .map(|key| key.id().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(found(&["current"]), ["lost"]);
        assert_eq!(found(&["current", "lost"]), [""; 0]);
    }
}
