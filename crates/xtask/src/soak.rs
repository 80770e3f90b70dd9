//! `cargo xtask soak`: runs the long form of the tests for races, kills, restarts and kubelet's rules, whose short form is part
//! of the plain tests, and prints their figures. Takes at least a quarter of an hour. The tests run one after another, so that
//! they do not disturb each other's figures.

use std::process::Command;
use std::time::Instant;

use gcr_test_support::{
    ControlPlane, Error, Options, Result, binaries, checkout, control_plane, plugins,
};

use crate::step::step;

/// Environment variable that selects the long form of the tests and makes them print what they observed.
const SOAK: &str = "GCR_SOAK";

/// Runs all soak tests, or those whose name contains `word`.
pub(crate) fn run(word: Option<&str>) -> Result<()> {
    let plugins = step("release build of the plugins", plugins::build_quietly)?;
    step("control plane", binaries::binaries)?;
    let shared = step("start of the shared control plane", || {
        ControlPlane::start(Options::new().throwaway())
    })?;
    let started = Instant::now();
    let mut test = checkout::cargo();
    test.args(["test", "--quiet", "--locked"])
        .args(["-p", "gcr-test-support", "--test", "soak"])
        .args(["-p", "gcr-google", "--test", "kubelet"])
        .args(word)
        .args(["--", "--nocapture", "--test-threads=1"])
        .env(SOAK, "1")
        .env(plugins::BIN_DIR, &plugins)
        .env(control_plane::KUBECONFIG, shared.kubeconfig());
    run_visibly(&mut test)?;
    println!("{:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Runs a command whose output goes to the terminal.
fn run_visibly(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .map_err(|error| Error::during("cargo test", error))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::new(format!("a soak test failed ({status})")))
    }
}
