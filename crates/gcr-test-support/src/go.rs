//! Checks the Go toolchain on PATH: present, new enough, and with enough disk space to build. Installs nothing.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};

/// Maximum space that the first build needs for its caches.
const MIN_FREE_BYTES: u64 = 5_000_000_000;
/// Go version that `go.mod` requires: 1.26.
const MIN_GO_VERSION: (u32, u32) = (1, 26);

/// Settings reported by `go env`.
pub(crate) struct Go {
    pub(crate) version: String,
    pub(crate) os: String,
    pub(crate) arch: String,
    cache: PathBuf,
}

impl Go {
    pub(crate) fn find(name: &str, directory: &Path) -> Result<Self> {
        let (major, minor) = MIN_GO_VERSION;
        let requirement = format!(
            "building the {} needs Go {major}.{minor} or newer: https://go.dev/doc/install",
            name
        );
        let output = Command::new("go")
            .args(["env", "GOVERSION", "GOOS", "GOARCH", "GOCACHE"])
            .current_dir(directory)
            .output()
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => Error::new(format!("go is not on PATH; {requirement}")),
                _ => Error::during("go env", error),
            })?;
        let text = String::from_utf8_lossy(&output.stdout);
        let [version, os, arch, cache] = text.lines().collect::<Vec<_>>()[..] else {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(Error::new(format!(
                "go env failed; {requirement}\n{errors}"
            )));
        };
        if !is_supported(version) {
            return Err(Error::new(format!("{version} is on PATH; {requirement}")));
        }
        Ok(Self {
            version: version.replace(' ', "-"),
            os: os.into(),
            arch: arch.into(),
            cache: cache.into(),
        })
    }

    pub(crate) fn check_disk(&self) -> Result<()> {
        let existing = self
            .cache
            .ancestors()
            .find(|path| path.exists())
            .unwrap_or(Path::new("/"));
        let disk = rustix::fs::statvfs(existing)
            .map_err(|error| Error::during(existing.display(), error))?;
        let free = disk.f_bavail * disk.f_frsize;
        if free < MIN_FREE_BYTES {
            return Err(Error::new(format!(
                "{} has {:.1} GB free; the first build needs {:.1} GB (set GOCACHE to use another directory)",
                existing.display(),
                free as f64 / 1e9,
                MIN_FREE_BYTES as f64 / 1e9,
            )));
        }
        Ok(())
    }
}

/// Returns whether a version such as `go1.26.8` is new enough. Development versions are always accepted.
fn is_supported(version: &str) -> bool {
    let Some(numbers) = version.strip_prefix("go") else {
        return version.starts_with("devel");
    };
    let mut parts = numbers
        .split(|c: char| !c.is_ascii_digit())
        .map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= MIN_GO_VERSION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_supported_with_old_go_returns_false() {
        for supported in [
            "go1.26.8",
            "go1.26.0",
            "go1.27rc1",
            "go2.0",
            "devel go1.28-abcdef",
        ] {
            assert!(is_supported(supported), "{supported}");
        }
        for old in ["go1.25.3", "go1.9", "go1.25rc2", ""] {
            assert!(!is_supported(old), "{old}");
        }
    }
}
