//! The caller's Go: whether it is there, new enough, and has room to build. Installs nothing.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::checkout::control_plane_module;
use crate::error::{Error, Result};

/// What the first build's caches take at most.
const MIN_FREE_BYTES: u64 = 5_000_000_000;
/// The Go that `go.mod` asks for: 1.26.
const MIN_GO_VERSION: (u32, u32) = (1, 26);

/// Answers of `go env`.
pub(crate) struct Go {
    pub(crate) version: String,
    pub(crate) os: String,
    pub(crate) arch: String,
    cache: PathBuf,
}

impl Go {
    pub(crate) fn find() -> Result<Self> {
        let (major, minor) = MIN_GO_VERSION;
        let wanted = format!(
            "Go {major}.{minor} or newer builds the control plane for tests: https://go.dev/doc/install"
        );
        let answer = Command::new("go")
            .args(["env", "GOVERSION", "GOOS", "GOARCH", "GOCACHE"])
            .current_dir(control_plane_module())
            .output()
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => Error::new(format!("go is not on PATH; {wanted}")),
                _ => Error::during("go env", error),
            })?;
        let text = String::from_utf8_lossy(&answer.stdout);
        let [version, os, arch, cache] = text.lines().collect::<Vec<_>>()[..] else {
            let said = String::from_utf8_lossy(&answer.stderr);
            return Err(Error::new(format!("go env failed; {wanted}\n{said}")));
        };
        if !is_supported(version) {
            return Err(Error::new(format!("{version} is on PATH; {wanted}")));
        }
        Ok(Self {
            version: version.replace(' ', "-"),
            os: os.into(),
            arch: arch.into(),
            cache: cache.into(),
        })
    }

    pub(crate) fn check_disk(&self) -> Result<()> {
        let there = self
            .cache
            .ancestors()
            .find(|path| path.exists())
            .unwrap_or(Path::new("/"));
        let disk =
            rustix::fs::statvfs(there).map_err(|error| Error::during(there.display(), error))?;
        let free = disk.f_bavail * disk.f_frsize;
        if free < MIN_FREE_BYTES {
            return Err(Error::new(format!(
                "{} has {:.1} GB free; building the control plane wants {:.1} GB there (GOCACHE names another place)",
                there.display(),
                free as f64 / 1e9,
                MIN_FREE_BYTES as f64 / 1e9,
            )));
        }
        Ok(())
    }
}

/// Whether `go1.26.8` or the like is as new as wanted. A development version is taken at its word.
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
    fn an_older_go_is_not_enough() {
        for enough in [
            "go1.26.8",
            "go1.26.0",
            "go1.27rc1",
            "go2.0",
            "devel go1.28-abcdef",
        ] {
            assert!(is_supported(enough), "{enough}");
        }
        for old in ["go1.25.3", "go1.9", "go1.25rc2", ""] {
            assert!(!is_supported(old), "{old}");
        }
    }
}
