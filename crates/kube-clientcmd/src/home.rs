//! Finds the user's home directory.

use std::path::PathBuf;

use super::environment::Environment;

/// Returns the home directory; an empty path if it is unknown.
pub(super) fn home(environment: &Environment) -> PathBuf {
    let variable = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    environment
        .os(variable)
        .map(PathBuf::from)
        .unwrap_or_default()
}
