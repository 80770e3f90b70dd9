//! Compares texts with snapshot files that reviewers can read. A test run with `UPDATE_SNAPSHOTS=1` rewrites its
//! snapshots.

use std::fs;
use std::path::Path;

use crate::checkout;

/// If set, [`assert_snapshot`] writes the file instead of comparing it.
const UPDATE: &str = "UPDATE_SNAPSHOTS";

/// Asserts that a file of the checkout, for example `tests/gcr_secret/help/create.txt`, holds exactly this text.
///
/// # Panics
/// The content differs, or the file cannot be read.
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
    let expected = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(
        expected == text,
        "{path} differs; run this test with {UPDATE}=1 to update it. New text:\n{text}"
    );
}
