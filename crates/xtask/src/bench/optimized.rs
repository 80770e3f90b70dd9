//! Begins a measurement anew in a build that is meant to be fast: the load generator and the proxy run beside what is
//! measured, and a slow one would stand in its way.

use gcr_test_support::{Error, Result, checkout};

/// Whether this build is.
pub(crate) fn is_optimized() -> bool {
    !cfg!(debug_assertions)
}

/// `cargo xtask bench …` by the profile `bench` of the workspace's manifest.
pub(crate) fn begin_anew(words: &[&str]) -> Result<()> {
    let mut cargo = checkout::cargo();
    cargo
        .args(["run", "--quiet", "--locked", "--profile=bench"])
        .args(["--package=xtask", "--", "bench"])
        .args(words);
    let status = cargo
        .status()
        .map_err(|error| Error::during("cargo run", error))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::new(format!("the measurement failed ({status})")))
    }
}
