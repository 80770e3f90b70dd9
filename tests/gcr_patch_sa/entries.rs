//! Other people's entries: kept as they are, in their order, whatever they look like.

use serde_json::{Value, json};

use crate::place::{Place, says};

/// Runs on an account with this list and returns what became of it.
#[track_caller]
fn patched(before: Value, words: &[&str], line: &str) -> Value {
    let place = Place::new("entries");
    place.account("builder", before);
    let output = place.called(&["builder"]).args(words).run().success();
    says(&output, &format!("serviceaccount/builder {line}\n"), "");
    place.entries("builder")
}

#[test]
fn ours_is_added_behind_everybody_elses() {
    assert_eq!(
        patched(json!([{"name": "z"}, {"name": "a"}]), &[], "patched"),
        json!([{"name": "z"}, {"name": "a"}, {"name": "gcr-io"}])
    );
}

#[test]
fn doubled_and_empty_entries_of_others_stay() {
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
fn ours_stays_where_it_is() {
    let list = json!([{"name": "a"}, {"name": "gcr-io"}, {}, {"name": "b"}]);
    assert_eq!(patched(list.clone(), &[], "patched (no change)"), list);
}

#[test]
fn later_doubles_of_ours_go() {
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
fn of_several_those_that_are_missing_are_added() {
    let place = Place::new("entries");
    place.secret("mirror");
    place.account("builder", json!([{"name": "mirror"}, {"name": "a"}]));
    let output = place
        .called(&["builder", "--secret", "gcr-io,mirror"])
        .run()
        .success();
    says(&output, "serviceaccount/builder patched\n", "");
    assert_eq!(
        place.entries("builder"),
        json!([{"name": "mirror"}, {"name": "a"}, {"name": "gcr-io"}])
    );
}

#[test]
fn a_name_that_only_looks_like_ours_is_somebody_elses() {
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
fn what_the_tutorials_patch_would_have_lost_is_still_there() {
    let place = Place::new("entries");
    place.put("default", json!([{"name": "theirs"}]));
    place.typed(&[]).run().success();
    place.typed(&[]).run().success();
    assert_eq!(
        place.entries("default"),
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );
}
