//! Texts kept as files, to be read in a review. A test that runs with `UPDATE_SNAPSHOTS=1` writes its own anew.

use std::fs;
use std::path::Path;

use crate::checkout;

/// Set, it makes [`assert_snapshot`] write instead of compare.
const UPDATE: &str = "UPDATE_SNAPSHOTS";

/// Asserts that a file of the checkout, as `tests/gcr_secret/help/create.txt`, holds exactly this text.
///
/// # Panics
/// It does not, or the file cannot be read.
#[track_caller]
pub fn assert_snapshot(path: &str, text: &str) {
    let file = checkout::root().join(path);
    if std::env::var_os(UPDATE).is_some() {
        let parent = file.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&file, text))
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        return;
    }
    let kept = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(
        kept == text,
        "{path} holds something else; {UPDATE}=1 for this test writes it anew. Now it is:\n{text}"
    );
}
