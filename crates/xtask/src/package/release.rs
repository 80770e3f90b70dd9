//! The version and the time of a release, and the names and the place of its files.

use std::path::{Path, PathBuf};
use std::process::Command;

use gcr_test_support::{Error, Result, checkout};

use super::target::Target;
use crate::step::capture_success;

/// Tag of the workspace's version.
pub(crate) const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));

/// Returns the directory of the archives.
pub(crate) fn dist() -> PathBuf {
    checkout::root().join("target/dist")
}

/// Returns the name of an archive, for example `kubectl-gcr_secret-v1.2.3-x86_64-unknown-linux-musl.tar.gz`.
pub(crate) fn archive_name(file_name: &str, tag: &str, target: &Target) -> String {
    let (name, extension) = (target.name(), target.format().extension());
    format!("{file_name}-{tag}-{name}.{extension}")
}

/// Returns the modification time of all files in an archive: `SOURCE_DATE_EPOCH`
/// (<https://reproducible-builds.org/specs/source-date-epoch/>) if set, otherwise the time of the last commit.
pub(crate) fn commit_time(root: &Path) -> Result<u64> {
    let text = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text,
        Err(_) => {
            let mut git = Command::new("git");
            capture_success(git.args(["log", "-1", "--format=%ct"]).current_dir(root)).map_err(
                |error| {
                    Error::during(
                        "read the time of the last commit (without git, set SOURCE_DATE_EPOCH)",
                        error,
                    )
                },
            )?
        }
    };
    text.trim()
        .parse()
        .map_err(|error| Error::during(format!("read the time {text:?}"), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archive_name_contains_plugin_version_and_target() {
        let windows = Target::parse("x86_64-pc-windows-gnu").unwrap();
        assert_eq!(
            archive_name("kubectl-gcr_secret", "v1.2.3", &windows),
            "kubectl-gcr_secret-v1.2.3-x86_64-pc-windows-gnu.zip"
        );
    }
}
