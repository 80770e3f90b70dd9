//! Finds the files of the work directory that a run changed, created or removed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use gcr_test_support::Session;

use crate::fixture::STARTS;

/// Files by path, with their mode and content.
pub(crate) type Files = BTreeMap<PathBuf, (u32, Vec<u8>)>;

/// Reads all files below a directory.
pub(crate) fn read_all(directory: &Path) -> Files {
    let mut files = Files::new();
    let entries =
        fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    for entry in entries {
        let path = entry.unwrap_or_else(|error| panic!("{error}")).path();
        let meta = fs::metadata(&path).unwrap_or_else(|error| panic!("{error}"));
        if meta.is_dir() {
            files.extend(read_all(&path));
        } else {
            let mode = meta.permissions().mode() & 0o7777;
            files.insert(path.clone(), (mode, fs::read(&path).unwrap_or_default()));
        }
    }
    files
}

/// Returns the files that differ from `before`, by path below the work directory. The content is shown as
/// `kubectl config view` prints it.
pub(crate) fn changed(session: &Session, before: &Files) -> BTreeMap<String, String> {
    let work = session.work();
    let name = |path: &Path| {
        let path = path.strip_prefix(&work).unwrap_or(path);
        path.to_string_lossy().into_owned()
    };
    let after = read_all(&work);
    let removed = before
        .keys()
        .filter(|path| !after.contains_key(*path))
        .map(|path| (name(path), "removed".to_owned()));
    let changed = after
        .iter()
        .filter(|(path, file)| before.get(*path) != Some(file) && !path.ends_with(STARTS))
        .map(|(path, (mode, _))| {
            let args = ["config", "view", "--raw", "-o", "json", "--kubeconfig"];
            let view = session.kubectl(args).arg(path).run();
            (
                name(path),
                format!("{mode:o} {}{}", view.stdout, view.stderr),
            )
        });
    removed.chain(changed).collect()
}
