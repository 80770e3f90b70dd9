//! The plugins under test, as users get them: a release build of both together, with the committed lock file and
//! without anything a test brought along. `cargo xtask test` builds them once and hands their directory on in
//! [`BIN_DIR`]; without it each test process asks cargo, which does nothing where nothing changed.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::error::{Error, Result};
use crate::release_build::ReleaseBuild;

/// Names the directory that holds the built plugins.
pub const BIN_DIR: &str = "GCR_TEST_BIN_DIR";

/// Each plugin: the package and binary cargo builds, and the file name by which kubectl finds it (kubectl turns a `-`
/// inside a typed word into `_`).
pub const PLUGINS: [(&str, &str); 2] = [
    ("kubectl-gcr-secret", "kubectl-gcr_secret"),
    ("kubectl-gcr-patch-sa", "kubectl-gcr_patch_sa"),
];

/// The file name by which kubectl finds the completion of the plugin with this file name: the same program answers to it.
pub fn completion_file(file_name: &str) -> String {
    file_name.replacen("kubectl-", "kubectl_complete-", 1)
}

/// The directory that holds both binaries under cargo's names.
///
/// # Errors
/// They are not where [`BIN_DIR`] says, or do not build.
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
            "{BIN_DIR}={}: there is no {binary} in it",
            directory.display()
        ))),
        None => Ok(directory),
    }
}

/// The canonical release build of this checkout for this machine. Returns the directory of the binaries.
///
/// # Errors
/// cargo failed; what it had to say is on standard error.
pub fn build() -> Result<PathBuf> {
    ReleaseBuild::here().run()
}

/// As [`build`], with nothing on standard error unless it fails.
///
/// # Errors
/// As [`build`].
pub fn build_quietly() -> Result<PathBuf> {
    ReleaseBuild::here().quietly().run()
}
