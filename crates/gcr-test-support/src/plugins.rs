//! Builds the plugins under test the way users get them: a release build of both packages in one command with the
//! committed lock file, independent of the environment of the tests. `cargo xtask test` builds them once and passes
//! their directory in [`BIN_DIR`]; otherwise each test process runs cargo, which is a no-op when nothing changed.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::error::{Error, Result};
use crate::release_build::ReleaseBuild;

/// Environment variable: the directory of the built plugins.
pub const BIN_DIR: &str = "GCR_TEST_BIN_DIR";

/// Each plugin: the name of its package and binary, and the file name under which kubectl finds it (kubectl replaces
/// `-` inside a command word by `_`).
pub const PLUGINS: [(&str, &str); 2] = [
    ("kubectl-gcr-secret", "kubectl-gcr_secret"),
    ("kubectl-gcr-patch-sa", "kubectl-gcr_patch_sa"),
];

/// Returns the file name under which kubectl finds the completion of a plugin. The plugin's own program answers it.
pub fn completion_file(file_name: &str) -> String {
    file_name.replacen("kubectl-", "kubectl_complete-", 1)
}

/// Returns the directory of both binaries, which have cargo's names.
///
/// # Errors
/// The binaries are not in [`BIN_DIR`], or cannot be built.
pub fn directory() -> Result<&'static Path> {
    static FOUND: OnceLock<Result<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| match std::env::var_os(BIN_DIR) {
        Some(directory) => check(directory.into()),
        None => build(),
    });
    found.as_deref().map_err(Clone::clone)
}

fn check(directory: PathBuf) -> Result<PathBuf> {
    match PLUGINS
        .iter()
        .find(|(binary, _)| !directory.join(binary).is_file())
    {
        Some((binary, _)) => Err(Error::new(format!(
            "{BIN_DIR}={}: {binary} not found",
            directory.display()
        ))),
        None => Ok(directory),
    }
}

/// Makes the canonical release build of this checkout for this machine. Returns the directory of the binaries.
///
/// # Errors
/// cargo failed; its messages are on standard error.
pub fn build() -> Result<PathBuf> {
    ReleaseBuild::here().run()
}

/// Like [`build`], but prints to standard error only on failure.
///
/// # Errors
/// As for [`build`].
pub fn build_quietly() -> Result<PathBuf> {
    ReleaseBuild::here().quietly().run()
}
