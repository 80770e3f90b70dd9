//! Temporary directories that go even when nobody is left to remove them: each is locked by the process that made it,
//! and the next process to make one first removes those whose lock is free. One that is told to end removes its own
//! by [`remove_all`]. Touches only directories of its own name and user.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once};

use tempfile::TempDir;

use crate::error::{Error, Result};

const PREFIX: &str = "kubectl-gcr-test.";
const LOCK: &str = ".lock";

/// Those of this process.
static OWN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A directory in the system's place for temporary files, removed when dropped. Mode 0700.
pub struct ScratchDir {
    dir: TempDir,
    _lock: File,
}

impl ScratchDir {
    /// Makes one. `label` becomes part of its name, for whoever looks.
    ///
    /// # Errors
    /// The system's own, with the place.
    pub fn new(label: &str) -> Result<Self> {
        static CLEANED: Once = Once::new();
        CLEANED.call_once(remove_stale);
        Self::make(label).map_err(|error| {
            Error::during(
                format!("a directory in {}", std::env::temp_dir().display()),
                error,
            )
        })
    }

    fn make(label: &str) -> io::Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{label}."))
            .tempdir()?;
        // Locked before it has its name: a sweep in between must not take it for left behind.
        let new = dir.path().join(".lock.new");
        let lock = File::create(&new)?;
        lock.lock()?;
        fs::rename(&new, dir.path().join(LOCK))?;
        with_own_dirs(|paths| paths.push(dir.path().to_path_buf()));
        Ok(Self { dir, _lock: lock })
    }

    /// Where it is. Absolute.
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

/// Removes all directories of this process, for one that ends without dropping anything.
pub fn remove_all() {
    for path in with_own_dirs(std::mem::take) {
        let _ = fs::remove_dir_all(path);
    }
}

/// Removes what killed processes left behind. What cannot be removed now is left for the next time.
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

/// Whether a directory is ours and nobody holds its lock. One without a lock is being made.
fn is_stale(dir: &PathBuf) -> bool {
    let ours = fs::symlink_metadata(dir)
        .is_ok_and(|meta| meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw());
    ours && File::open(dir.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_takes_what_nobody_holds_and_nothing_else() {
        let held = ScratchDir::new("held").unwrap();
        let dropped = ScratchDir::new("dropped").unwrap();
        let abandoned = ScratchDir::new("abandoned").unwrap();
        let (dropped_path, abandoned_path) =
            (dropped.path().to_owned(), abandoned.path().to_owned());
        drop(dropped);
        // As after kill -9: the lock is gone, the directory is not.
        let elsewhere = abandoned.path().with_extension("moved");
        fs::rename(&abandoned_path, &elsewhere).unwrap();
        drop(abandoned);

        remove_stale();

        assert!(held.path().is_dir());
        assert!(!dropped_path.exists());
        assert!(!elsewhere.exists());
    }
}
