//! Creates temporary directories that are removed even after their process was killed. Each directory is locked by its
//! process; the next process that creates one first removes those with a free lock. A process that is asked to exit
//! removes its own with [`remove_all`]. Touches only directories with this prefix and owned by this user.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once};

use tempfile::TempDir;

use crate::error::{Error, Result};

const PREFIX: &str = "kubectl-gcr-test.";
const LOCK: &str = ".lock";

/// Directories of this process.
static OWN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A directory in the system's temporary directory, with mode 0700, removed when dropped.
pub struct ScratchDir {
    dir: TempDir,
    _lock: File,
}

impl ScratchDir {
    /// Creates a directory. `label` becomes part of its name.
    ///
    /// # Errors
    /// The system's error, with the parent directory.
    pub fn new(label: &str) -> Result<Self> {
        static CLEANED: Once = Once::new();
        CLEANED.call_once(remove_stale);
        Self::make(label).map_err(|error| {
            Error::during(
                format!("create a directory in {}", std::env::temp_dir().display()),
                error,
            )
        })
    }

    fn make(label: &str) -> io::Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{label}."))
            .tempdir()?;
        // Lock the file before it has its final name, so that a concurrent cleanup does not take the directory for
        // stale.
        let new = dir.path().join(".lock.new");
        let lock = File::create(&new)?;
        lock.lock()?;
        fs::rename(&new, dir.path().join(LOCK))?;
        with_own_dirs(|paths| paths.push(dir.path().to_path_buf()));
        Ok(Self { dir, _lock: lock })
    }

    /// Returns the absolute path.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        with_own_dirs(|paths| paths.retain(|path| path != self.dir.path()));
    }
}

fn with_own_dirs<T>(work: impl FnOnce(&mut Vec<PathBuf>) -> T) -> T {
    work(&mut OWN.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

/// Removes all directories of this process, for a process that exits without dropping values.
pub fn remove_all() {
    for path in with_own_dirs(std::mem::take) {
        let _ = fs::remove_dir_all(path);
    }
}

/// Removes directories of killed processes. Errors are ignored; the next call tries again.
pub fn remove_stale() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_stale(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Returns whether a directory belongs to this user and its lock is free. A directory without a lock file is still
/// being created.
fn is_stale(dir: &PathBuf) -> bool {
    let ours = fs::symlink_metadata(dir)
        .is_ok_and(|meta| meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw());
    ours && File::open(dir.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remove_stale_with_unlocked_directory_removes_only_that() {
        let held = ScratchDir::new("held").unwrap();
        let dropped = ScratchDir::new("dropped").unwrap();
        let abandoned = ScratchDir::new("abandoned").unwrap();
        let (dropped_path, abandoned_path) =
            (dropped.path().to_owned(), abandoned.path().to_owned());
        drop(dropped);
        // As after kill -9: the lock is free, but the directory still exists.
        let elsewhere = abandoned.path().with_extension("moved");
        fs::rename(&abandoned_path, &elsewhere).unwrap();
        drop(abandoned);

        remove_stale();

        assert!(held.path().is_dir());
        assert!(!dropped_path.exists());
        assert!(!elsewhere.exists());
    }
}
