//! Adds names to the `imagePullSecrets` list of a ServiceAccount, and removes them.
//!
//! The list is atomic (`+listType=atomic` in Kubernetes' core/v1 types): every patch replaces the whole list, including the
//! entries of other clients. These functions therefore keep all other entries as unchanged JSON and in their order, even if
//! they are duplicate or empty. They only add and remove entries that have one of the given names.

use serde_json::{Value, json};

use super::names::SecretName;
use kube_clientcmd::escape_control::quoted;

/// Returns the list with exactly one entry per name, or `None` if the list needs no change.
///
/// Keeps the first entry of a name unchanged, and drops its later entries. Appends missing names in the order given.
#[must_use]
pub fn with(list: &[Value], names: &[SecretName]) -> Option<Vec<Value>> {
    let mut desired: Vec<Value> = Vec::with_capacity(list.len() + names.len());
    for entry in list {
        let ours = name_of(entry, names);
        if ours.is_none_or(|name| !contains(&desired, name)) {
            desired.push(entry.clone());
        }
    }
    for name in names {
        if !contains(&desired, name) {
            desired.push(json!({"name": name.as_str()}));
        }
    }
    some_if_changed(list, desired)
}

/// Returns the list without the entries for `names`, or `None` if the list needs no change.
#[must_use]
pub fn without(list: &[Value], names: &[SecretName]) -> Option<Vec<Value>> {
    let others = list.iter().filter(|entry| name_of(entry, names).is_none());
    some_if_changed(list, others.cloned().collect())
}

/// Describes a list that differs from the request, for an error: `"a", "b", without "gcr-io"`. `attach` says whether the list must
/// contain `names` or must not. Returns `None` if the list matches.
#[must_use]
pub fn difference(list: &[Value], names: &[SecretName], attach: bool) -> Option<String> {
    let quoted_names = |names: &mut dyn Iterator<Item = &str>| {
        let names: Vec<_> = names.map(quoted).collect();
        names.join(", ")
    };
    let has = |name: &SecretName| contains(list, name);
    let wrong: Vec<&str> = names
        .iter()
        .filter(|name| has(name) != attach)
        .map(SecretName::as_str)
        .collect();
    if wrong.is_empty() {
        return None;
    }
    let stored = if list.is_empty() {
        "empty".to_owned()
    } else {
        let name = |entry: &'_ Value| {
            entry
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let stored: Vec<String> = list.iter().map(name).collect();
        quoted_names(&mut stored.iter().map(String::as_str))
    };
    let word = if attach { "without" } else { "still with" };
    Some(format!(
        "{stored}, {word} {}",
        quoted_names(&mut wrong.into_iter())
    ))
}

/// Returns the one of `names` that the entry has.
fn name_of<'a>(entry: &Value, names: &'a [SecretName]) -> Option<&'a SecretName> {
    let name = entry.get("name")?.as_str()?;
    names.iter().find(|ours| ours.as_str() == name)
}

fn contains(list: &[Value], name: &SecretName) -> bool {
    list.iter()
        .any(|entry| name_of(entry, std::slice::from_ref(name)).is_some())
}

fn some_if_changed(list: &[Value], desired: Vec<Value>) -> Option<Vec<Value>> {
    (list != desired.as_slice()).then_some(desired)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn names(names: &[&str]) -> Vec<SecretName> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    fn list(json: &str) -> Vec<Value> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn missing_names_are_appended_in_order() {
        assert_eq!(
            with(&[], &names(&["gcr-io"])),
            Some(list(r#"[{"name":"gcr-io"}]"#))
        );
        assert_eq!(
            with(&list(r#"[{"name":"theirs"},{}]"#), &names(&["z", "a", "z"])),
            Some(list(r#"[{"name":"theirs"},{},{"name":"z"},{"name":"a"}]"#))
        );
    }

    #[test]
    fn present_names_need_no_change() {
        let existing =
            list(r#"[{},{"name":"gcr-io","extra":1},{"name":"theirs"},{"name":"theirs"},{}]"#);
        assert_eq!(with(&existing, &names(&["gcr-io"])), None);
        assert_eq!(without(&existing, &names(&["other"])), None);
        assert_eq!(with(&existing, &[]), None);
        assert_eq!(without(&[], &names(&["gcr-io"])), None);
    }

    #[test]
    fn duplicates_of_own_name_are_removed_after_the_first() {
        assert_eq!(
            with(
                &list(
                    r#"[{"name":"a"},{"name":"gcr-io","x":1},{},{"name":"gcr-io"},{"name":"a"},{}]"#
                ),
                &names(&["gcr-io"])
            ),
            Some(list(
                r#"[{"name":"a"},{"name":"gcr-io","x":1},{},{"name":"a"},{}]"#
            ))
        );
    }

    #[test]
    fn without_removes_only_given_names() {
        assert_eq!(
            without(
                &list(r#"[{"name":"gcr-io"},{},{"name":"a"},{"name":"gcr-io"},{"name":"a"},{}]"#),
                &names(&["gcr-io"])
            ),
            Some(list(r#"[{},{"name":"a"},{"name":"a"},{}]"#))
        );
        assert_eq!(
            without(&list(r#"[{"name":"gcr-io"}]"#), &names(&["gcr-io"])),
            Some(vec![])
        );
    }

    #[test]
    fn entries_without_valid_name_are_kept() {
        let odd = list(r#"[null,"gcr-io",{"name":null},{"name":1},{"name":"GCR-IO"}]"#);
        assert_eq!(without(&odd, &names(&["gcr-io"])), None);
        assert_eq!(
            with(&odd, &names(&["gcr-io"])).map(|list| list.len()),
            Some(6)
        );
    }

    #[test]
    fn difference_names_the_stored_list_and_what_is_wrong() {
        let ours = names(&["gcr-io", "eu"]);
        for (stored, attach, expected) in [
            (r#"[{"name":"eu"},{"name":"gcr-io"}]"#, true, None),
            (r#"[{"name":"a"}]"#, false, None),
            ("[]", true, Some(r#"empty, without "gcr-io", "eu""#)),
            (
                r#"[{"name":"a\u001b"},{},{"name":"eu"}]"#,
                true,
                Some(r#""a^[", "", "eu", without "gcr-io""#),
            ),
            (
                r#"[{"name":"eu"}]"#,
                false,
                Some(r#""eu", still with "eu""#),
            ),
        ] {
            assert_eq!(
                difference(&list(stored), &ours, attach).as_deref(),
                expected,
                "{stored}"
            );
        }
    }

    const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

    fn any_name() -> impl Strategy<Value = &'static str> {
        (0..NAMES.len()).prop_map(|index| NAMES[index])
    }

    fn any_list() -> impl Strategy<Value = Vec<Value>> {
        let entry = prop_oneof![
            4 => any_name().prop_map(|name| json!({"name": name})),
            1 => any_name().prop_map(|name| json!({"name": name, "more": [1]})),
            1 => Just(json!({})),
        ];
        vec(entry, 0..12)
    }

    proptest! {
        #[test]
        fn with_keeps_other_entries_and_has_each_name_once(before in any_list(), ours in vec(any_name(), 0..4)) {
            let after = with(&before, &names(&ours)).unwrap_or_else(|| before.clone());
            let is_ours = |entry: &&Value| entry["name"].as_str().is_some_and(|name| ours.contains(&name));
            let others = |list: &[Value]| list.iter().filter(|entry| !is_ours(entry)).cloned().collect::<Vec<_>>();
            prop_assert_eq!(others(&before), others(&after));
            for name in &ours {
                let has_it = |entry: &&Value| entry["name"] == *name;
                prop_assert_eq!(after.iter().filter(has_it).count(), 1);
                if let Some(first) = before.iter().find(has_it) {
                    prop_assert_eq!(after.iter().find(has_it), Some(first));
                }
            }
            // Existing entries keep their order, and added entries follow them.
            let mut rest = after.iter();
            for (index, entry) in before.iter().enumerate() {
                let is_duplicate = is_ours(&entry) && before[..index].iter().any(|earlier| earlier["name"] == entry["name"]);
                if !is_duplicate {
                    prop_assert_eq!(rest.next(), Some(entry));
                }
            }
            prop_assert!(rest.all(|added| is_ours(&added) && added.as_object().is_some_and(|object| object.len() == 1)));
        }

        #[test]
        fn with_and_without_are_idempotent(before in any_list(), ours in vec(any_name(), 0..4)) {
            let ours = names(&ours);
            if let Some(after) = with(&before, &ours) {
                prop_assert_ne!(&after, &before);
                prop_assert_eq!(with(&after, &ours), None);
            }
            if let Some(after) = without(&before, &ours) {
                prop_assert_ne!(&after, &before);
                prop_assert_eq!(without(&after, &ours), None);
            }
        }

        #[test]
        fn without_keeps_exactly_the_other_entries(before in any_list(), ours in vec(any_name(), 0..4)) {
            let after = without(&before, &names(&ours)).unwrap_or_else(|| before.clone());
            let others: Vec<_> = before
                .iter()
                .filter(|entry| !entry["name"].as_str().is_some_and(|name| ours.contains(&name)))
                .cloned()
                .collect();
            prop_assert_eq!(after, others);
        }
    }
}
