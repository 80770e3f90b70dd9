//! `--remove`: only the named entries are removed, and the plugin does not wait for ServiceAccounts.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output};

#[test]
fn named_entry_is_removed_and_others_keep_their_order() {
    let fixture = Fixture::new("removal");
    fixture.set_pull_secrets(
        "default",
        json!([{"name": "b"}, {"name": "gcr-io"}, {}, {"name": "a"}, {"name": "gcr-io"}, {"name": "a"}]),
    );
    let output = fixture.via_kubectl(&["--remove"]).run().success();
    assert_output(&output, "serviceaccount/default patched\n", "");
    assert_eq!(
        fixture.pull_secrets("default"),
        json!([{"name": "b"}, {}, {"name": "a"}, {"name": "a"}])
    );
}

#[test]
fn several_names_are_removed_in_one_run() {
    let fixture = Fixture::without_secret("removal");
    fixture.set_pull_secrets(
        "default",
        json!([{"name": "one"}, {"name": "keep"}, {"name": "two"}]),
    );
    let output = fixture
        .via_kubectl(&["--remove", "--secret", "two,one,never-there"])
        .run()
        .success();
    assert_output(&output, "serviceaccount/default patched\n", "");
    assert_eq!(fixture.pull_secrets("default"), json!([{"name": "keep"}]));
}

#[test]
fn missing_entry_is_no_change() {
    let fixture = Fixture::new("removal");
    fixture.set_pull_secrets("default", json!([{"name": "theirs"}]));
    let before = fixture.get_account("default");
    let output = fixture.via_kubectl(&["--remove"]).run().success();
    assert_output(&output, "serviceaccount/default patched (no change)\n", "");
    assert_eq!(fixture.get_account("default"), before);
}

#[test]
fn removing_last_entry_removes_field() {
    let fixture = Fixture::new("removal");
    fixture.via_kubectl(&[]).run().success();
    let output = fixture.via_kubectl(&["--remove"]).run().success();
    assert_output(&output, "serviceaccount/default patched\n", "");
    assert_eq!(fixture.pull_secrets("default"), Value::Null);
    let before = fixture.resource_version("default");
    let again = fixture.via_kubectl(&["--remove"]).run().success();
    assert_output(&again, "serviceaccount/default patched (no change)\n", "");
    assert_eq!(fixture.resource_version("default"), before);
}

#[test]
fn removal_does_not_wait_for_missing_account() {
    let fixture = Fixture::new("removal");
    let output = fixture
        .direct(&["--remove", "late", "--timeout", "50s"])
        .run()
        .exits(1);
    assert_output(
        &output,
        "",
        "Error from server (NotFound): serviceaccounts \"late\" not found\n",
    );
    assert!(output.elapsed < Duration::from_secs(25), "{output}");
}

#[test]
fn removal_from_all_accounts_writes_only_those_with_entry() {
    let fixture = Fixture::new("removal");
    fixture.create_account("builder", json!([{"name": "gcr-io"}, {"name": "theirs"}]));
    let before = fixture.get_account("default");
    let output = fixture.via_kubectl(&["--all", "--remove"]).run().success();
    let mut lines: Vec<_> = output.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "serviceaccount/builder patched",
            "serviceaccount/default patched (no change)"
        ],
        "{output}"
    );
    assert_eq!(fixture.pull_secrets("builder"), json!([{"name": "theirs"}]));
    assert_eq!(fixture.get_account("default"), before);
}
