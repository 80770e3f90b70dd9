//! Existing `imagePullSecrets` entries: they are kept unchanged and in order, including empty and duplicate ones.

use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output};

/// Runs the plugin on a ServiceAccount with this list and returns the resulting list.
#[track_caller]
fn patched(before: Value, args: &[&str], line: &str) -> Value {
    let fixture = Fixture::new("entries");
    fixture.create_account("builder", before);
    let output = fixture.direct(&["builder"]).args(args).run().success();
    assert_output(&output, &format!("serviceaccount/builder {line}\n"), "");
    fixture.pull_secrets("builder")
}

#[test]
fn new_entry_is_added_after_existing_entries() {
    assert_eq!(
        patched(json!([{"name": "z"}, {"name": "a"}]), &[], "patched"),
        json!([{"name": "z"}, {"name": "a"}, {"name": "gcr-io"}])
    );
}

#[test]
fn duplicate_and_empty_entries_of_others_are_kept() {
    assert_eq!(
        patched(
            json!([{"name": "a"}, {}, {"name": "a"}, {}, {"name": "b"}]),
            &[],
            "patched"
        ),
        json!([{"name": "a"}, {}, {"name": "a"}, {}, {"name": "b"}, {"name": "gcr-io"}])
    );
}

#[test]
fn existing_entry_keeps_its_position() {
    let list = json!([{"name": "a"}, {"name": "gcr-io"}, {}, {"name": "b"}]);
    assert_eq!(patched(list.clone(), &[], "patched (no change)"), list);
}

#[test]
fn later_duplicates_of_entry_are_removed() {
    assert_eq!(
        patched(
            json!([{"name": "gcr-io"}, {"name": "a"}, {"name": "gcr-io"}, {}, {"name": "gcr-io"}, {"name": "a"}]),
            &[],
            "patched"
        ),
        json!([{"name": "gcr-io"}, {"name": "a"}, {}, {"name": "a"}])
    );
}

#[test]
fn only_missing_entries_are_added() {
    let fixture = Fixture::new("entries");
    fixture.create_secret("mirror");
    fixture.create_account("builder", json!([{"name": "mirror"}, {"name": "a"}]));
    let output = fixture
        .direct(&["builder", "--secret", "gcr-io,mirror"])
        .run()
        .success();
    assert_output(&output, "serviceaccount/builder patched\n", "");
    assert_eq!(
        fixture.pull_secrets("builder"),
        json!([{"name": "mirror"}, {"name": "a"}, {"name": "gcr-io"}])
    );
}

#[test]
fn similar_names_are_not_removed() {
    assert_eq!(
        patched(
            json!([{"name": "gcr-io-2"}, {"name": "gcr.io"}, {"name": "xgcr-io"}]),
            &["--remove"],
            "patched (no change)"
        ),
        json!([{"name": "gcr-io-2"}, {"name": "gcr.io"}, {"name": "xgcr-io"}])
    );
}

#[test]
fn repeated_runs_keep_entry_of_other_tool() {
    let fixture = Fixture::new("entries");
    fixture.set_pull_secrets("default", json!([{"name": "theirs"}]));
    fixture.via_kubectl(&[]).run().success();
    fixture.via_kubectl(&[]).run().success();
    assert_eq!(
        fixture.pull_secrets("default"),
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );
}
