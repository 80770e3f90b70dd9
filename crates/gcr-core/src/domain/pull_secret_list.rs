//! The arithmetic of a ServiceAccount's `imagePullSecrets`.
//!
//! The list is atomic (`+listType=atomic` in Kubernetes' core/v1 types): every way of patching replaces it whole, so
//! whoever adds an entry writes everybody else's again. They are therefore kept as the JSON they are, in their
//! order, doubled and empty ones too: only entries with one of the given names are ever added or taken away.

use serde_json::{Value, json};

use super::names::SecretName;

/// The list with each of `names` in it once; `None` where it is so already.
///
/// A name's first entry stays where and as it is, its later ones go; a name without one is added at the end, in the
/// order given.
#[must_use]
pub fn with(list: &[Value], names: &[SecretName]) -> Option<Vec<Value>> {
    let mut desired: Vec<Value> = Vec::with_capacity(list.len() + names.len());
    for entry in list {
        let ours = name_of(entry, names);
        if ours.is_none_or(|name| !holds(&desired, name)) {
            desired.push(entry.clone());
        }
    }
    for name in names {
        if !holds(&desired, name) {
            desired.push(json!({"name": name.as_str()}));
        }
    }
    changed(list, desired)
}

/// The list with none of `names` in it; `None` where it is so already.
#[must_use]
pub fn without(list: &[Value], names: &[SecretName]) -> Option<Vec<Value>> {
    let others = list.iter().filter(|entry| name_of(entry, names).is_none());
    changed(list, others.cloned().collect())
}

/// Which of `names` an entry has.
fn name_of<'a>(entry: &Value, names: &'a [SecretName]) -> Option<&'a SecretName> {
    let name = entry.get("name")?.as_str()?;
    names.iter().find(|ours| ours.as_str() == name)
}

fn holds(list: &[Value], name: &SecretName) -> bool {
    list.iter()
        .any(|entry| name_of(entry, std::slice::from_ref(name)).is_some())
}

fn changed(list: &[Value], desired: Vec<Value>) -> Option<Vec<Value>> {
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
    fn a_missing_name_is_added_at_the_end_in_the_order_given() {
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
    fn what_is_there_is_no_change() {
        let there =
            list(r#"[{},{"name":"gcr-io","extra":1},{"name":"theirs"},{"name":"theirs"},{}]"#);
        assert_eq!(with(&there, &names(&["gcr-io"])), None);
        assert_eq!(without(&there, &names(&["other"])), None);
        assert_eq!(with(&there, &[]), None);
        assert_eq!(without(&[], &names(&["gcr-io"])), None);
    }

    #[test]
    fn our_doubles_go_and_the_first_stays_as_it_was() {
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
    fn only_our_names_are_taken_away() {
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
    fn an_entry_that_is_no_reference_is_somebody_elses() {
        let odd = list(r#"[null,"gcr-io",{"name":null},{"name":1},{"name":"GCR-IO"}]"#);
        assert_eq!(without(&odd, &names(&["gcr-io"])), None);
        assert_eq!(
            with(&odd, &names(&["gcr-io"])).map(|list| list.len()),
            Some(6)
        );
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
        fn others_never_change_and_ours_are_there_once(before in any_list(), ours in vec(any_name(), 0..4)) {
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
            // What was there keeps its order, and what was added stands behind it.
            let mut rest = after.iter();
            for (index, entry) in before.iter().enumerate() {
                let double = is_ours(&entry) && before[..index].iter().any(|earlier| earlier["name"] == entry["name"]);
                if !double {
                    prop_assert_eq!(rest.next(), Some(entry));
                }
            }
            prop_assert!(rest.all(|added| is_ours(&added) && added.as_object().is_some_and(|object| object.len() == 1)));
        }

        #[test]
        fn twice_is_as_once(before in any_list(), ours in vec(any_name(), 0..4)) {
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
        fn taking_away_leaves_exactly_the_others(before in any_list(), ours in vec(any_name(), 0..4)) {
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
