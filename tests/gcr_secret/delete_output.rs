//! `delete` of a Secret that several accounts reference: the lines, and the objects of `-o`.

use gcr_test_support::Output;
use serde_json::{Value, json};

use crate::delete::{assert_deleted, attached, delete};
use crate::fixture::{Fixture, assert_output};

/// Returns a namespace whose accounts `builder` and `default` reference the Secret, and whose account `other` does not.
#[track_caller]
fn referenced() -> Fixture {
    let fixture = attached();
    for (name, secrets) in [
        ("builder", json!([{"name": "gcr-io"}])),
        ("other", json!([{"name": "a"}])),
    ] {
        fixture.create_object(json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": name}, "imagePullSecrets": secrets}));
    }
    fixture
}

#[track_caller]
fn assert_gone(fixture: &Fixture) {
    assert_deleted(fixture);
    let builder = fixture.pull_secrets("builder");
    assert!(builder.as_array().is_none_or(Vec::is_empty), "{builder}");
    assert_eq!(fixture.pull_secrets("other"), json!([{"name": "a"}]));
}

#[test]
fn references_of_every_account_are_removed() {
    let fixture = referenced();
    let output = delete(&fixture).run().success();
    let mut lines: Vec<&str> = output.stdout.lines().collect();
    // The Secret is deleted after the last reference.
    assert_eq!(lines.pop(), Some("secret/gcr-io deleted"), "{output}");
    lines.sort_unstable();
    let patched = [
        "serviceaccount/builder patched",
        "serviceaccount/default patched",
    ];
    assert_eq!(lines, patched, "{output}");
    assert_gone(&fixture);
}

#[test]
fn names_are_printed() {
    let fixture = referenced();
    let names = [
        "secret/gcr-io",
        "serviceaccount/builder",
        "serviceaccount/default",
    ];
    let trial = delete(&fixture)
        .args(["-o", "name", "--dry-run=server"])
        .run();
    assert_eq!(sorted(&trial.success()), names);
    let output = delete(&fixture).args(["-o", "name"]).run().success();
    assert_eq!(
        (sorted(&output), output.stderr.as_str()),
        (names.map(String::from).to_vec(), "")
    );
    assert_gone(&fixture);
    let absent = delete(&fixture)
        .args(["-o", "name", "--ignore-not-found"])
        .run();
    assert_output(&absent, 0, &[], &[]);
}

fn sorted(output: &Output) -> Vec<String> {
    let mut lines: Vec<String> = output.stdout.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn deleted_secret_and_patched_accounts_are_printed_without_data() {
    for format in ["json", "yaml"] {
        let fixture = referenced();
        let stored = fixture.secret();
        let output = delete(&fixture).args(["-o", format]).run().success();
        assert_eq!(output.stderr, "");
        let objects = match format {
            "json" => {
                let list: Value = serde_json::from_str(&output.stdout).unwrap();
                assert_eq!(list["kind"], "List");
                list["items"].as_array().cloned().unwrap_or_default()
            }
            _ => fixture.cluster.objects_of(&output.stdout),
        };
        let kinds: Vec<_> = objects
            .iter()
            .map(|it| format!("{}/{}", it["kind"], it["metadata"]["name"]).replace('"', ""))
            .collect();
        let expected = [
            "Secret/gcr-io",
            "ServiceAccount/builder",
            "ServiceAccount/default",
        ];
        assert_eq!(kinds, expected, "{output}");
        assert_eq!(objects[0]["metadata"]["uid"], stored["metadata"]["uid"]);
        assert_eq!(objects[0]["data"], Value::Null);
        let left = json!([{"name": "a"}, {}, {"name": "b"}]);
        assert_eq!(objects[2]["imagePullSecrets"], left, "{output}");
        let data = stored["data"][".dockerconfigjson"].as_str().unwrap();
        assert!(!output.stdout.contains(&data[..40]), "{output}");
        assert_gone(&fixture);
    }
}
