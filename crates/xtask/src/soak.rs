//! `cargo xtask soak`: the long form of the races, kills and restarts whose short form is among the plain tests, with
//! their figures. Takes a quarter of an hour and more; one after the other, so that none disturbs another's.

use std::process::Command;
use std::time::Instant;

use gcr_test_support::{
    ControlPlane, Error, Options, Result, binaries, checkout, control_plane, plugins,
};

use crate::step::step;

/// Set for the tests, which then run long and print what they saw.
const SOAK: &str = "GCR_SOAK";

/// Runs all of it, or what a word of the tests' names picks.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let filter = match words {
        [] => None,
        [word] if !word.starts_with('-') => Some(word),
        _ => return Err(crate::not_understood("soak", words)),
    };
    let plugins = step("release build of the plugins", plugins::build_quietly)?;
    step("control plane", binaries::binaries)?;
    let shared = step("start of the shared control plane", || {
        ControlPlane::start(Options::new().throwaway())
    })?;
    let begun = Instant::now();
    let mut test = checkout::cargo();
    test.args([
        "test",
        "--quiet",
        "--locked",
        "-p",
        "gcr-test-support",
        "--test",
        "soak",
    ])
    .args(filter)
    .args(["--", "--nocapture", "--test-threads=1"])
    .env(SOAK, "1")
    .env(plugins::BIN_DIR, &plugins)
    .env(control_plane::KUBECONFIG, shared.kubeconfig());
    watched(&mut test)?;
    println!("{:.0} s", begun.elapsed().as_secs_f64());
    Ok(())
}

/// Runs a command whose words are for whoever waits.
fn watched(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .map_err(|error| Error::during("cargo test", error))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::new(format!("something did not hold ({status})")))
    }
}
