//! `--remove`: our names go, nobody else's, and nothing is waited for.

use std::time::Duration;

use serde_json::{Value, json};

use crate::place::{Place, says};

#[test]
fn ours_goes_and_the_others_stay_in_their_order() {
    let place = Place::new("removal");
    place.put(
        "default",
        json!([{"name": "b"}, {"name": "gcr-io"}, {}, {"name": "a"}, {"name": "gcr-io"}, {"name": "a"}]),
    );
    let output = place.typed(&["--remove"]).run().success();
    says(&output, "serviceaccount/default patched\n", "");
    assert_eq!(
        place.entries("default"),
        json!([{"name": "b"}, {}, {"name": "a"}, {"name": "a"}])
    );
}

#[test]
fn several_names_go_at_once() {
    let place = Place::without_secret("removal");
    place.put(
        "default",
        json!([{"name": "one"}, {"name": "keep"}, {"name": "two"}]),
    );
    let output = place
        .typed(&["--remove", "--secret", "two,one,never-there"])
        .run()
        .success();
    says(&output, "serviceaccount/default patched\n", "");
    assert_eq!(place.entries("default"), json!([{"name": "keep"}]));
}

#[test]
fn what_is_not_there_is_no_change() {
    let place = Place::new("removal");
    place.put("default", json!([{"name": "theirs"}]));
    let before = place.stored("default");
    let output = place.typed(&["--remove"]).run().success();
    says(&output, "serviceaccount/default patched (no change)\n", "");
    assert_eq!(place.stored("default"), before);
}

#[test]
fn the_last_one_leaves_no_field_behind() {
    let place = Place::new("removal");
    place.typed(&[]).run().success();
    let output = place.typed(&["--remove"]).run().success();
    says(&output, "serviceaccount/default patched\n", "");
    assert_eq!(place.entries("default"), Value::Null);
    let before = place.version("default");
    let again = place.typed(&["--remove"]).run().success();
    says(&again, "serviceaccount/default patched (no change)\n", "");
    assert_eq!(place.version("default"), before);
}

#[test]
fn it_never_waits_for_an_account() {
    let place = Place::new("removal");
    let output = place
        .called(&["--remove", "late", "--timeout", "50s"])
        .run()
        .exits(1);
    says(
        &output,
        "",
        "Error from server (NotFound): serviceaccounts \"late\" not found\n",
    );
    assert!(output.elapsed < Duration::from_secs(25), "{output}");
}

#[test]
fn all_accounts_lose_it_and_those_without_it_are_not_written() {
    let place = Place::new("removal");
    place.account("builder", json!([{"name": "gcr-io"}, {"name": "theirs"}]));
    let before = place.stored("default");
    let output = place.typed(&["--all", "--remove"]).run().success();
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
    assert_eq!(place.entries("builder"), json!([{"name": "theirs"}]));
    assert_eq!(place.stored("default"), before);
}
