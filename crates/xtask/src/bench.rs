//! `cargo xtask bench`: runs the benchmarks, which are the program of the package `gcr-bench`. Only this task compiles
//! them. It uses the profile `bench`, because the load generator and the proxy run next to the measured commands, and
//! unoptimized ones would slow them down.

use gcr_test_support::{Error, Result, checkout};

/// Runs the benchmark program with these arguments, which it parses itself.
///
/// # Errors
/// The program cannot be built or started, or it fails; its own message is then already on standard error.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let status = checkout::cargo()
        .args(["run", "--quiet", "--locked", "--profile=bench"])
        .args(["--package=gcr-bench", "--"])
        .args(arguments)
        .status()
        .map_err(|error| Error::during("cargo run", error))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::new(format!("the benchmark failed ({status})")))
    }
}
