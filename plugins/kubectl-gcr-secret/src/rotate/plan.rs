//! Decides from the keys of an account and from the Secrets that carry them what to rotate. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use gcr_google::iam_keys::Key;
use jiff::Timestamp;

use super::carrier::Carrier;

/// The decision about the keys of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// No key is due.
    Nothing {
        /// The newest key in use.
        current: String,
    },
    /// An earlier rotation is finished with the key that it created.
    Finish {
        /// That key.
        target: String,
        /// The keys that it replaces.
        old: BTreeSet<String>,
    },
    /// A new key replaces these.
    Create {
        /// The keys in use and those of unfinished rotations.
        old: BTreeSet<String>,
    },
}

/// Returns what to do. `carriers` are the selected Secrets of the account, of which there is at least one.
pub(super) fn plan(
    keys: &[Key],
    carriers: &[&Carrier],
    max_age: Option<Duration>,
    now: Timestamp,
) -> Plan {
    let carried = carriers.iter().flat_map(|it| &it.keys);
    let carried: BTreeSet<&str> = carried.map(String::as_str).collect();
    let previous: BTreeSet<&str> = carriers.iter().flat_map(|it| it.previous()).collect();
    let of_id = |id: &str| keys.iter().find(|key| key.id() == id);
    let is_valid = |id: &str| of_id(id).is_some_and(|key| key.is_valid(now));
    let newest = carried.iter().filter(|id| is_valid(id));
    // A key that another one has replaced is not newer, even if Google created both within one second.
    let newest = newest.max_by_key(|id| (!previous.contains(**id), age_order(of_id(id), id)));
    let newest = newest.copied();
    let owned = |ids: &BTreeSet<&str>| ids.iter().map(ToString::to_string).collect();
    let Some(newest) = newest else {
        let all = carried.union(&previous).copied().collect();
        return Plan::Create { old: owned(&all) };
    };
    let is_due = |id: &str| {
        let created = of_id(id).filter(|_| is_valid(id)).and_then(Key::created);
        match (max_age, created) {
            (Some(max_age), Some(created)) => {
                let age = now.duration_since(created).unsigned_abs();
                created <= now && age > max_age
            }
            // A key that does not work, or whose age is unknown, is replaced.
            _ => true,
        }
    };
    let mut old = previous;
    old.remove(newest);
    for id in &carried {
        if *id != newest && (is_due(id) || old.contains(id)) {
            old.insert(id);
        }
    }
    if !old.is_empty() {
        let target = newest.to_owned();
        return Plan::Finish {
            target,
            old: owned(&old),
        };
    }
    if is_due(newest) {
        return Plan::Create {
            old: owned(&BTreeSet::from([newest])),
        };
    }
    Plan::Nothing {
        current: newest.to_owned(),
    }
}

/// Orders keys by age, the same in every run: Google's times have whole seconds.
pub(super) fn age_order(key: Option<&Key>, id: &str) -> (Option<Timestamp>, String) {
    (key.and_then(Key::created), id.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: &str = "2026-06-01T00:00:00Z";
    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn key(id: &str, created: &str, disabled: bool) -> Key {
        let json =
            json!({"name": format!("keys/{id}"), "validAfterTime": created, "disabled": disabled});
        serde_json::from_value(json).unwrap()
    }

    fn keys() -> Vec<Key> {
        vec![
            key("old", "2026-01-01T00:00:00Z", false),
            key("middle", "2026-05-01T00:00:00Z", false),
            key("new", "2026-05-30T00:00:00Z", false),
            key("a-twin", "2026-05-30T00:00:00Z", false),
            key("off", "2026-05-31T00:00:00Z", true),
        ]
    }

    fn carrier(key: &str, previous: &str) -> Carrier {
        let annotations = json!({
            "kubectl-gcr-secret/account": "a@p.iam.gserviceaccount.com",
            "kubectl-gcr-secret/key-id": key,
            "kubectl-gcr-secret/previous-key-id": previous,
        });
        let metadata = json!({"name": "gcr-io", "namespace": "n", "annotations": annotations});
        Carrier::annotated(0, serde_json::from_value(metadata).unwrap(), true).unwrap()
    }

    fn planned(carriers: &[(&str, &str)], max_age: Option<Duration>) -> Plan {
        let carriers: Vec<Carrier> = carriers.iter().map(|(a, b)| carrier(a, b)).collect();
        let carriers: Vec<&Carrier> = carriers.iter().collect();
        plan(&keys(), &carriers, max_age, NOW.parse().unwrap())
    }

    fn set(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(ToString::to_string).collect()
    }

    fn finish(target: &str, old: &[&str]) -> Plan {
        let (target, old) = (target.to_owned(), set(old));
        Plan::Finish { target, old }
    }

    #[test]
    fn one_key_everywhere_is_replaced_by_a_new_one() {
        let plan = planned(&[("old", ""), ("old", "")], None);
        assert_eq!(plan, Plan::Create { old: set(&["old"]) });
    }

    #[test]
    fn newer_valid_key_in_a_secret_is_written() {
        let plan = planned(&[("old", ""), ("new", "old"), ("middle", "")], None);
        assert_eq!(plan, finish("new", &["old", "middle"]));
    }

    #[test]
    fn previous_key_is_finished_without_a_new_key() {
        assert_eq!(planned(&[("new", "old")], None), finish("new", &["old"]));
        // Also if it was deleted meanwhile: only the annotation is left.
        assert_eq!(planned(&[("new", "gone")], None), finish("new", &["gone"]));
    }

    #[test]
    fn replaced_key_of_the_same_second_is_not_written() {
        for (new, old) in [("new", "a-twin"), ("a-twin", "new")] {
            let plan = planned(&[(old, ""), (new, old)], None);
            assert_eq!(plan, finish(new, &[old]));
        }
    }

    #[test]
    fn keys_that_do_not_work_are_replaced() {
        let plan = planned(&[("off", ""), ("gone", "")], None);
        let old = set(&["off", "gone"]);
        assert_eq!(plan, Plan::Create { old });
        let plan = planned(&[("off", ""), ("middle", "")], Some(90 * DAY));
        assert_eq!(plan, finish("middle", &["off"]));
    }

    #[test]
    fn age_limit_spares_younger_keys() {
        let current = "middle".to_owned();
        let nothing = Plan::Nothing { current };
        assert_eq!(planned(&[("middle", "")], Some(90 * DAY)), nothing);
        assert_eq!(
            planned(&[("middle", "")], Some(30 * DAY)),
            Plan::Create {
                old: set(&["middle"])
            }
        );
        let plan = planned(&[("new", ""), ("middle", "")], Some(90 * DAY));
        let current = "new".to_owned();
        assert_eq!(plan, Plan::Nothing { current });
        let plan = planned(&[("new", ""), ("old", ""), ("middle", "")], Some(90 * DAY));
        assert_eq!(plan, finish("new", &["old"]));
        // An unfinished rotation is finished whatever the age.
        let plan = planned(&[("new", "middle"), ("middle", "")], Some(90 * DAY));
        assert_eq!(plan, finish("new", &["middle"]));
    }
}
