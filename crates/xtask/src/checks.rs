//! `cargo xtask test`: runs every check that a change must pass, cheapest first, and stops at the first failure. Needs
//! only Rust, Go, git and a C compiler; checks that need more are named suites.

use std::path::Path;
use std::process::Command;

use gcr_test_support::{
    ControlPlane, Error, Options, Result, binaries, checkout, control_plane, plugins, registry,
    scratch,
};

use crate::step::{capture_success, step};

/// Maximum size of each stripped binary, in bytes. Only `kubectl-gcr-secret` links the code that contacts Google.
const MAX_BINARY_SIZES: [(&str, u64); 2] = [
    ("kubectl-gcr-secret", 10_000_000),
    ("kubectl-gcr-patch-sa", 8_000_000),
];

/// Runs all checks.
pub(crate) fn run() -> Result<()> {
    step("format", || {
        capture_success(&mut cargo("fmt --all --check"))
    })?;
    step("lints", || {
        capture_success(&mut cargo(
            "clippy --quiet --workspace --all-targets --locked -- -D warnings",
        ))
    })?;
    step("documentation", || {
        let mut doc = cargo("doc --quiet --workspace --no-deps --locked");
        capture_success(doc.env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    let plugins = step("release build of the plugins", plugins::build_quietly)?;
    step("size of the plugins", || check_size(&plugins))?;
    step("control plane", binaries::binaries)?;
    step("registry", registry::program)?;
    step("format of Go", go_format)?;
    step("lints of Go", || {
        vet(&checkout::control_plane_module())?;
        vet(&checkout::registry_module())
    })?;
    let shared = step("start of the shared control plane", || {
        ControlPlane::start(Options::new().throwaway())
    })?;
    let tests = step("tests", || {
        let mut test = cargo("test --workspace --locked --no-fail-fast");
        test.env(plugins::BIN_DIR, &plugins);
        capture_success(test.env(control_plane::KUBECONFIG, shared.kubeconfig()))
    });
    drop(shared);
    scratch::remove_stale();
    println!("{} tests passed", count_passed(&tests?));
    Ok(())
}

/// Prepares a cargo command in the workspace root. `line` contains its arguments.
fn cargo(line: &str) -> Command {
    let mut cargo = checkout::cargo();
    cargo.args(line.split_whitespace());
    cargo
}

/// Runs `go vet` on a module.
pub(crate) fn vet(module: &Path) -> Result<String> {
    let mut vet = Command::new("go");
    vet.arg("vet")
        // With the flags of the build, `go vet` reuses its compiled packages.
        .args(binaries::BUILD_FLAGS)
        .arg("./...")
        .current_dir(module);
    capture_success(&mut vet)
}

fn check_size(directory: &Path) -> Result<()> {
    for (binary, limit) in MAX_BINARY_SIZES {
        let path = directory.join(binary);
        let bytes = std::fs::metadata(&path)
            .map_err(|error| Error::during(path.display(), error))?
            .len();
        if bytes > limit {
            return Err(Error::new(format!(
                "{binary} has {bytes} bytes; the limit is {limit}"
            )));
        }
    }
    Ok(())
}

fn go_format() -> Result<()> {
    let mut gofmt = Command::new("gofmt");
    let listed = capture_success(gofmt.args(["-l", "tests"]).current_dir(checkout::root()))?;
    if listed.is_empty() {
        Ok(())
    } else {
        Err(Error::new(format!("files need gofmt -w:\n{listed}")))
    }
}

/// Sums the numbers of passed tests over the summary lines of all test programs.
fn count_passed(output: &str) -> usize {
    let results = output
        .lines()
        .filter_map(|line| line.strip_prefix("test result: ok. "));
    results
        .filter_map(|rest| rest.split_whitespace().next()?.parse::<usize>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_passed_with_several_programs_returns_sum() {
        let output = "test a ... ok\ntest result: ok. 12 passed; 0 failed\n\ntest result: ok. 3 passed; 0 failed\n";
        assert_eq!(count_passed(output), 15);
    }
}
