//! Tests that a grant changes one member and nothing else.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const ROLE: &str = "roles/artifactregistry.reader";
const MEMBER: &str = "serviceAccount:gcr-pull@p.iam.gserviceaccount.com";
const BROADER: [&str; 2] = [
    "roles/artifactregistry.writer",
    "roles/artifactregistry.admin",
];

fn grant(policy: &Value) -> Result<Grant, PolicyError> {
    Policy::parse(policy.to_string().as_bytes())?.grant(ROLE, &BROADER, MEMBER)
}

fn changed(policy: &Value) -> Value {
    match grant(policy).unwrap() {
        Grant::Changed(text) => serde_json::from_str(&text).unwrap(),
        Grant::Unchanged { role } => panic!("unchanged: {role}"),
    }
}

#[test]
fn empty_policy_gets_one_binding() {
    assert_eq!(
        changed(&json!({"etag": "ACAB"})),
        json!({"etag": "ACAB", "version": 3, "bindings": [{"role": ROLE, "members": [MEMBER]}]})
    );
}

#[test]
fn member_is_added_to_the_binding_without_condition() {
    let policy = json!({"etag": "x", "version": 1, "bindings": [
        {"role": ROLE, "members": ["user:a@b.c"], "condition": {"title": "t", "expression": "true"}},
        {"role": ROLE, "members": ["user:b@b.c"], "futureField": 12345678901234567890u64},
        {"role": "roles/other", "members": [MEMBER]}]});
    let mut expected = policy.clone();
    expected["version"] = 3.into();
    expected["bindings"][1]["members"] = json!(["user:b@b.c", MEMBER]);
    assert_eq!(changed(&policy), expected);
}

#[test]
fn member_with_role_or_broader_role_is_unchanged() {
    for (role, member) in [
        (ROLE, MEMBER),
        (ROLE, "serviceAccount:GCR-Pull@p.iam.gserviceaccount.com"),
        ("roles/artifactregistry.admin", MEMBER),
    ] {
        let policy = json!({"bindings": [{"role": role, "members": ["user:x@y.z", member]}]});
        assert!(matches!(grant(&policy), Ok(Grant::Unchanged { role: found }) if found == role));
    }
}

#[test]
fn conditional_or_deleted_member_does_not_count() {
    for binding in [
        json!({"role": ROLE, "members": [MEMBER], "condition": {"expression": "false"}}),
        json!({"role": ROLE, "members": ["deleted:serviceAccount:gcr-pull@p.iam.gserviceaccount.com?uid=1"]}),
        json!({"role": "roles/artifactregistry.unknown", "members": [MEMBER]}),
    ] {
        changed(&json!({"etag": "x", "bindings": [binding]}));
    }
}

#[test]
fn policy_without_etag_is_refused() {
    for policy in [json!({}), json!({"etag": ""}), json!({"etag": null})] {
        assert_eq!(grant(&policy).unwrap_err(), PolicyError::NoEtag);
    }
}

#[test]
fn invalid_policy_is_refused() {
    for text in [
        "",
        "[]",
        "null",
        r#"{"bindings": 1}"#,
        r#"{"bindings": [1]}"#,
        r#"{"bindings": [{"members": "x"}]}"#,
    ] {
        assert_eq!(
            Policy::parse(text.as_bytes()).unwrap_err(),
            PolicyError::Invalid,
            "{text}"
        );
    }
}

#[test]
fn numbers_and_escapes_are_written_back_as_read() {
    let text = r#"{"etag":"BwWWja0YfJA=","auditConfigs":[{"x":1.0000000000000000000001,"y":"\u00e9\/"}],"bindings":[{"role":"r","members":[],"n":1e400}]}"#;
    let Grant::Changed(written) = Policy::parse(text.as_bytes())
        .unwrap()
        .grant(ROLE, &[], MEMBER)
        .unwrap()
    else {
        panic!("unchanged");
    };
    assert!(
        written.contains(r#"[{"x":1.0000000000000000000001,"y":"\u00e9\/"}]"#),
        "{written}"
    );
    assert!(
        written.contains(r#"{"role":"r","members":[],"n":1e400}"#),
        "{written}"
    );
}

/// Any JSON that a server may send in a field unknown to this version.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".*".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_binding() -> impl Strategy<Value = Value> {
    let role = prop_oneof![
        Just(ROLE.to_owned()),
        Just(BROADER[0].to_owned()),
        "roles/[a-z.]{1,12}"
    ];
    let member = prop_oneof![
        Just(MEMBER.to_owned()),
        "(user|group|serviceAccount|deleted:user):[a-z]{1,5}@[a-z]{1,5}\\.c"
    ];
    let members = prop::collection::vec(member, 0..4);
    (
        role,
        members,
        prop::option::of(value()),
        prop::collection::btree_map("x[a-z]{1,5}", value(), 0..3),
    )
        .prop_map(|(role, members, condition, other)| {
            let mut binding = json!({"role": role, "members": members});
            if let Some(condition) = condition.filter(|it| !it.is_null()) {
                binding["condition"] = condition;
            }
            for (name, value) in other {
                binding[name] = value;
            }
            binding
        })
}

proptest! {
    #[test]
    fn grant_changes_one_member_and_keeps_the_rest(
        bindings in prop::collection::vec(any_binding(), 0..6),
        audit in value(),
        future in value(),
    ) {
        let policy = json!({"etag": "BwWWja0YfJA=", "bindings": bindings, "auditConfigs": audit, "future": future});
        let Grant::Changed(text) = grant(&policy).unwrap() else { return Ok(()); };
        let mut written: Value = serde_json::from_str(&text).unwrap();
        // Granting again changes nothing.
        let again = grant(&written).unwrap();
        let is_unchanged = matches!(again, Grant::Unchanged { .. });
        prop_assert!(is_unchanged);
        // Without the member, in exactly one place, the policy is as before.
        prop_assert_eq!(written.as_object_mut().unwrap().remove("version"), Some(json!(3)));
        let list = written["bindings"].as_array_mut().unwrap();
        let is_ours = |it: &Value| it["role"] == ROLE && it.get("condition").is_none();
        let at = list.iter().position(|it| is_ours(it) && it["members"].as_array().unwrap().last() == Some(&json!(MEMBER)));
        let at = at.unwrap();
        list[at]["members"].as_array_mut().unwrap().pop();
        if list.len() > policy["bindings"].as_array().unwrap().len() {
            prop_assert_eq!(list.remove(at), json!({"role": ROLE, "members": []}));
        }
        prop_assert_eq!(written, policy);
    }

    #[test]
    fn any_text_is_a_policy_or_an_error(text in "\\PC*") {
        let _ = Policy::parse(text.as_bytes());
    }
}
